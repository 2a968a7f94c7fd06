/**
 * The commitment to the set of unspent outputs: LtHash over SHAKE-128 with 1,024 lanes of 16 bits
 * (docs/protocol/ledger.md, "State commitment"). Adding and removing outputs is O(1), in any order.
 */
import { shake128, tagBytes, taggedHash } from '@mxd/crypto/hash';
import type { Digest } from '@mxd/protocol';

import { LedgerError } from './errors.ts';

/** Length of a vector and of a sum: 1,024 lanes of two bytes. */
export const latticeBytes = 2048;
const wordCount = latticeBytes / 4;
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const tag = tagBytes('MXD5UTXO');
// Longest element: 64 + 4 + 1 + 32 + 8 + 8 + 1 + 20 + 8 = 146 bytes.
const scratch = new Uint8Array(256);
scratch.set(tag, 0);

/**
 * Bytes as words of two lanes each: lane 2k in the low half, lane 2k + 1 in the high half. Lanes are
 * big-endian in the bytes, so on a little-endian host both halves are swapped.
 */
function wordsOf(bytes: Uint8Array): Uint32Array {
  if (littleEndian) {
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    const raw = new Uint32Array(aligned.buffer, aligned.byteOffset, wordCount);
    const words = new Uint32Array(wordCount);
    for (let k = 0; k < wordCount; k++) {
      const word = raw[k] as number;
      words[k] = ((word & 0xff00ff) << 8) | ((word >>> 8) & 0xff00ff);
    }
    return words;
  }
  const words = new Uint32Array(wordCount);
  const view = new DataView(bytes.buffer, bytes.byteOffset, latticeBytes);
  for (let k = 0; k < wordCount; k++) {
    words[k] = view.getUint16(4 * k) | (view.getUint16(4 * k + 2) << 16);
  }
  return words;
}

/** A set of elements, as the sum of their vectors modulo 2^16 in each lane. */
export class LatticeHash {
  readonly #words: Uint32Array;

  constructor(words: Uint32Array = new Uint32Array(wordCount)) {
    this.#words = words;
  }

  /** The hash that `bytes()` gave. @throws LedgerError LEDGER_CORRUPT. */
  static from(bytes: Uint8Array): LatticeHash {
    if (bytes.length !== latticeBytes) {
      throw new LedgerError('LEDGER_CORRUPT', `a lattice hash has ${latticeBytes} bytes`);
    }
    return new LatticeHash(wordsOf(bytes));
  }

  copy(): LatticeHash {
    return new LatticeHash(this.#words.slice());
  }

  /** Adds an element: the encoding of an output. About 8 us, nearly all of it SHAKE-128. */
  add(element: Uint8Array): void {
    const vector = vectorOf(element);
    const words = this.#words;
    for (let k = 0; k < wordCount; k++) {
      const a = words[k] as number;
      const b = vector[k] as number;
      // Two 16-bit sums in one word: no carry crosses the halves.
      words[k] = ((a & 0x7fff7fff) + (b & 0x7fff7fff)) ^ ((a ^ b) & 0x80008000);
    }
  }

  /** Removes an element that was added. */
  remove(element: Uint8Array): void {
    const vector = vectorOf(element);
    const words = this.#words;
    for (let k = 0; k < wordCount; k++) {
      const a = words[k] as number;
      const b = vector[k] as number;
      words[k] = ((a | 0x80008000) - (b & 0x7fff7fff)) ^ ((a ^ ~b) & 0x80008000);
    }
  }

  /** Adds all elements of another sum. */
  addAll(other: LatticeHash): void {
    const words = this.#words;
    const more = other.#words;
    for (let k = 0; k < wordCount; k++) {
      const a = words[k] as number;
      const b = more[k] as number;
      words[k] = ((a & 0x7fff7fff) + (b & 0x7fff7fff)) ^ ((a ^ b) & 0x80008000);
    }
  }

  /** The lanes as 2,048 bytes, big-endian. */
  bytes(): Uint8Array {
    const out = new Uint8Array(latticeBytes);
    const view = new DataView(out.buffer);
    for (let k = 0; k < wordCount; k++) {
      const word = this.#words[k] as number;
      view.setUint16(4 * k, word & 0xffff);
      view.setUint16(4 * k + 2, word >>> 16);
    }
    return out;
  }

  /** What the application root covers: H(`MXD5LTHD`, lanes). */
  digest(): Digest {
    return taggedHash('MXD5LTHD', this.bytes());
  }
}

function vectorOf(element: Uint8Array): Uint32Array {
  scratch.set(element, tag.length);
  return wordsOf(shake128(scratch.subarray(0, tag.length + element.length), latticeBytes));
}
