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

/** A vector as words in memory order; an aligned view where the bytes allow it. */
function rawWords(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, wordCount);
  return littleEndian ? words : words.map(swapBytes);
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/**
 * Bytes as words of two lanes each: lane 2k in the low half, lane 2k + 1 in the high half. Lanes are
 * big-endian in the bytes, so both halves of a little-endian word are swapped.
 */
function lanesOf(bytes: Uint8Array): Uint32Array {
  const raw = rawWords(bytes);
  const words = new Uint32Array(wordCount);
  for (let k = 0; k < wordCount; k++) {
    const word = raw[k] as number;
    words[k] = ((word & 0xff00ff) << 8) | ((word >>> 8) & 0xff00ff);
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
    return new LatticeHash(lanesOf(bytes));
  }

  copy(): LatticeHash {
    return new LatticeHash(this.#words.slice());
  }

  /** Adds an element: the encoding of an output. About 8 us, nearly all of it SHAKE-128. */
  add(element: Uint8Array): void {
    addVector(this.#words, vectorOf(element));
  }

  /** Removes an element that was added. */
  remove(element: Uint8Array): void {
    subtractVector(this.#words, vectorOf(element));
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

/** The vector of an element as raw words. */
function vectorOf(element: Uint8Array): Uint32Array {
  scratch.set(element, tag.length);
  return rawWords(shake128(scratch.subarray(0, tag.length + element.length), latticeBytes));
}

// Two 16-bit sums in one word, where no carry crosses the halves. One loop over both the swap of
// bytes and the sum: an array between them costs as much as the loop.
function addVector(words: Uint32Array, vector: Uint32Array): void {
  for (let k = 0; k < wordCount; k++) {
    const raw = vector[k] as number;
    const b = ((raw & 0xff00ff) << 8) | ((raw >>> 8) & 0xff00ff);
    const a = words[k] as number;
    words[k] = ((a & 0x7fff7fff) + (b & 0x7fff7fff)) ^ ((a ^ b) & 0x80008000);
  }
}

function subtractVector(words: Uint32Array, vector: Uint32Array): void {
  for (let k = 0; k < wordCount; k++) {
    const raw = vector[k] as number;
    const b = ((raw & 0xff00ff) << 8) | ((raw >>> 8) & 0xff00ff);
    const a = words[k] as number;
    words[k] = ((a | 0x80008000) - (b & 0x7fff7fff)) ^ ((a ^ ~b) & 0x80008000);
  }
}
