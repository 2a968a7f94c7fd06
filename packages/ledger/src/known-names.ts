import { wtxidOfBytes, type Wtxid } from '@mxd/protocol';

import { binaryBytes } from './outputs.ts';
import {
  prepareKnown,
  prepareTransaction,
  type Prepared,
  type PreparedTransaction,
} from './transaction-rules.ts';

/** A decoded payment takes about 4 kB, so both halves 8 MB; a second's payments at 2,000 a second. */
const decodedHalf = 1_024;

/** Ids of a transaction as `binaryText`. */
export interface Names {
  readonly txidText: string;
  readonly wtxidText: string;
}

/**
 * Ids of transactions whose bytes this process holds, by the identity of the byte array: a waiting
 * transaction is hashed once, however often blocks and peers name it. Nobody changes such arrays;
 * entries vanish with them.
 */
export class KnownNames {
  readonly #names = new WeakMap<Uint8Array, Names>();
  /** Decoded lately, in two halves: the old one is forgotten when the young one is full. */
  #young = new Map<Uint8Array, PreparedTransaction>();
  #old = new Map<Uint8Array, PreparedTransaction>();

  note(bytes: Uint8Array, names: Names, decoded?: PreparedTransaction): void {
    this.#names.set(bytes, names);
    if (decoded?.bytes !== bytes) return;
    if (this.#young.size >= decodedHalf) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(bytes, decoded);
  }

  /** The id of witnesses and body. */
  wtxidOf(bytes: Uint8Array): Wtxid {
    const known = this.#names.get(bytes);
    return known === undefined ? wtxidOfBytes(bytes) : binaryBytes(known.wtxidText);
  }

  /** Decodes a transaction unless it was decoded lately, hashing it only if it is new here. */
  prepare(bytes: Uint8Array): Prepared {
    const decoded = this.#young.get(bytes) ?? this.#old.get(bytes);
    if (decoded !== undefined) return { ok: true, value: decoded };
    const known = this.#names.get(bytes);
    if (known !== undefined) return prepareKnown(bytes, known.txidText, known.wtxidText);
    return prepareTransaction(bytes);
  }
}
