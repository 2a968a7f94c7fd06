import { wtxidOfBytes, type Wtxid } from '@mxd/protocol';

import { binaryBytes } from './outputs.ts';
import { prepareKnown, prepareTransaction, type Prepared } from './transaction-rules.ts';

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

  note(bytes: Uint8Array, names: Names): void {
    this.#names.set(bytes, names);
  }

  /** The id of witnesses and body. */
  wtxidOf(bytes: Uint8Array): Wtxid {
    const known = this.#names.get(bytes);
    return known === undefined ? wtxidOfBytes(bytes) : binaryBytes(known.wtxidText);
  }

  /** Decodes a transaction, hashing it only if it is new here. */
  prepare(bytes: Uint8Array): Prepared {
    const known = this.#names.get(bytes);
    if (known !== undefined) return prepareKnown(bytes, known.txidText, known.wtxidText);
    return prepareTransaction(bytes);
  }
}
