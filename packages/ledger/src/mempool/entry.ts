import { toHex } from '@mxd/codec';
import type { TxId } from '@mxd/protocol';

import { binaryBytes, type OutpointKey } from '../outputs.ts';
import type { LaneName, PooledTransaction } from './types.ts';

/** What an entry is made from. */
export interface EntryParts {
  /** Not shared with a larger buffer. */
  readonly bytes: Uint8Array;
  readonly txidText: string;
  readonly wtxidText: string;
  readonly inputKeys: readonly OutpointKey[];
  /** Owners whose history the transaction will touch, as `ownerText`. */
  readonly owners: readonly string[];
  readonly tip: bigint;
  readonly validFrom: number;
  readonly expiresAt: number;
  readonly signatureWeight: number;
  readonly outputCount: number;
  readonly arrivedMs: number;
}

const none: ReadonlySet<never> = new Set<never>();

/**
 * A waiting transaction: its bytes, and what the pool asks often. Nothing decoded is kept, since a
 * decoded transaction takes ten times the memory of its bytes.
 */
export class Entry implements PooledTransaction {
  readonly bytes: Uint8Array;
  readonly txidText: string;
  readonly wtxidText: string;
  readonly inputKeys: readonly OutpointKey[];
  readonly owners: readonly string[];
  readonly tip: bigint;
  readonly validFrom: number;
  readonly expiresAt: number;
  readonly signatureWeight: number;
  readonly outputCount: number;
  readonly arrivedMs: number;
  /** Place in its lane; see `Lane`. */
  bucket = 0;
  next: Entry | undefined;
  previous: Entry | undefined;
  /** Sum of the amounts of final inputs, and of amount x height of creation. */
  amountSum = 0n;
  amountHeightSum = 0n;
  /** Height at which coin age lifts the entry to another bucket; 0 for never. */
  liftHeight = 0;
  #parents: Set<Entry> | undefined;
  #children: Set<Entry> | undefined;

  constructor(parts: EntryParts) {
    this.bytes = parts.bytes;
    this.txidText = parts.txidText;
    this.wtxidText = parts.wtxidText;
    this.inputKeys = parts.inputKeys;
    this.owners = parts.owners;
    this.tip = parts.tip;
    this.validFrom = parts.validFrom;
    this.expiresAt = parts.expiresAt;
    this.signatureWeight = parts.signatureWeight;
    this.outputCount = parts.outputCount;
    this.arrivedMs = parts.arrivedMs;
  }

  get size(): number {
    return this.bytes.length;
  }

  get lane(): LaneName {
    return this.tip > 0n ? 'tip' : 'free';
  }

  get txid(): TxId {
    return binaryBytes(this.txidText);
  }

  txidHex(): string {
    return toHex(this.txid);
  }

  get parents(): readonly TxId[] {
    return [...this.parentEntries].map((entry) => entry.txid);
  }

  get parentEntries(): ReadonlySet<Entry> {
    return this.#parents ?? none;
  }

  get childEntries(): ReadonlySet<Entry> {
    return this.#children ?? none;
  }

  addParent(parent: Entry): void {
    (this.#parents ??= new Set()).add(parent);
    (parent.#children ??= new Set()).add(this);
  }

  removeParent(parent: Entry): void {
    this.#parents?.delete(parent);
    parent.#children?.delete(this);
  }
}

/** All entries that can be reached, the start not included. Bounded by the ancestor limits. */
function reach(start: Entry, step: (entry: Entry) => ReadonlySet<Entry>): Set<Entry> {
  const found = new Set<Entry>();
  const queue = [...step(start)];
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    if (found.has(entry)) continue;
    found.add(entry);
    queue.push(...step(entry));
  }
  return found;
}

export const ancestorsOf = (entry: Entry): Set<Entry> => reach(entry, (e) => e.parentEntries);
export const descendantsOf = (entry: Entry): Set<Entry> => reach(entry, (e) => e.childEntries);
