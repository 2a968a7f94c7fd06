import type { OutpointKey } from '../outputs.ts';
import { descendantsOf, type Entry } from './entry.ts';
import { Lane, logBucket } from './lane.ts';
import type { LaneName } from './types.ts';

/** 16 buckets per doubling of the tip per byte: neighbours differ by 6 %. */
const tipFractionBits = 4;
/** Tips per byte are scaled by 2^20, so that one unit on 100 KiB still counts. */
const tipScale = 20n;
const tipBuckets = (64 + 20) * 16 + 2;
/** Coin age: 2 buckets per doubling. */
const ageFractionBits = 1;
const ageBuckets = 130 * 2;

/** How often each thing happened. */
export interface PoolCounts {
  accepted: number;
  known: number;
  replaced: number;
  evicted: number;
  expired: number;
  confirmed: number;
  conflicted: number;
}

function addTo<K>(map: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([entry]));
  else set.add(entry);
}

function removeFrom<K>(map: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const set = map.get(key);
  if (set === undefined) return;
  set.delete(entry);
  if (set.size === 0) map.delete(key);
}

/** The waiting transactions and every order in which they are looked up. Nothing here waits. */
export class PoolIndex {
  readonly #byTxid = new Map<string, Entry>();
  readonly #spenders = new Map<OutpointKey, Entry>();
  readonly #byOwner = new Map<string, Entry | Set<Entry>>();
  readonly #byExpiry = new Map<number, Set<Entry>>();
  readonly #byLift = new Map<number, Set<Entry>>();
  readonly lanes: Readonly<Record<LaneName, Lane>> = {
    tip: new Lane(tipBuckets),
    free: new Lane(ageBuckets),
  };
  /** Lowest bucket that each lane takes at present. */
  readonly floor: Record<LaneName, number> = { tip: 0, free: 0 };

  get size(): number {
    return this.#byTxid.size;
  }

  get bytes(): number {
    return this.lanes.tip.bytes + this.lanes.free.bytes;
  }

  get(txidText: string): Entry | undefined {
    return this.#byTxid.get(txidText);
  }

  /** The waiting transaction that spends an output. */
  spender(key: OutpointKey): Entry | undefined {
    return this.#spenders.get(key);
  }

  /** The waiting transaction that makes an output. */
  maker(key: OutpointKey): Entry | undefined {
    return this.#byTxid.get(key.slice(0, 64));
  }

  /** In order of arrival. */
  entries(): IterableIterator<Entry> {
    return this.#byTxid.values();
  }

  ofOwner(owner: string): readonly Entry[] {
    const found = this.#byOwner.get(owner);
    if (found === undefined) return [];
    return found instanceof Set ? [...found] : [found];
  }

  /** Where a transaction ranks: by tip per byte with what it builds on, or by coin age per byte. */
  rank(entry: Entry, ancestors: Iterable<Entry>, height: number): number {
    if (entry.lane === 'free') {
      const age = entry.amountSum * BigInt(height) - entry.amountHeightSum;
      const perByte = age / BigInt(entry.size);
      return Math.min(ageBuckets - 1, logBucket(perByte, ageFractionBits));
    }
    // A high tip on top of untipped parents counts for all of them together.
    let tips = entry.tip;
    let bytes = BigInt(entry.size);
    for (const ancestor of ancestors) {
      tips += ancestor.tip;
      bytes += BigInt(ancestor.size);
    }
    const alone = (entry.tip << tipScale) / BigInt(entry.size);
    const together = (tips << tipScale) / bytes;
    const rate = alone < together ? alone : together;
    return Math.min(tipBuckets - 1, logBucket(rate, tipFractionBits));
  }

  insert(entry: Entry, bucket: number, height: number): void {
    this.#byTxid.set(entry.txidText, entry);
    for (const key of entry.inputKeys) this.#spenders.set(key, entry);
    for (const owner of entry.owners) this.#addOwner(owner, entry);
    if (entry.expiresAt !== 0) addTo(this.#byExpiry, entry.expiresAt, entry);
    this.lanes[entry.lane].add(entry, bucket);
    this.#scheduleLift(entry, height);
  }

  /** Removes one entry; its children lose it as a parent. */
  remove(entry: Entry): void {
    if (!this.#byTxid.delete(entry.txidText)) return;
    for (const key of entry.inputKeys) this.#spenders.delete(key);
    for (const owner of entry.owners) this.#removeOwner(owner, entry);
    if (entry.expiresAt !== 0) removeFrom(this.#byExpiry, entry.expiresAt, entry);
    if (entry.liftHeight !== 0) removeFrom(this.#byLift, entry.liftHeight, entry);
    this.lanes[entry.lane].remove(entry);
    for (const parent of entry.parentEntries) entry.removeParent(parent);
    for (const child of entry.childEntries) child.removeParent(entry);
  }

  /** Removes an entry and everything that builds on it; answers how many that were. */
  removeTree(entry: Entry): number {
    const all = [entry, ...descendantsOf(entry)];
    for (const each of all) this.remove(each);
    return all.length;
  }

  #addOwner(owner: string, entry: Entry): void {
    const found = this.#byOwner.get(owner);
    if (found === undefined) this.#byOwner.set(owner, entry);
    else if (found instanceof Set) found.add(entry);
    else if (found !== entry) this.#byOwner.set(owner, new Set([found, entry]));
  }

  #removeOwner(owner: string, entry: Entry): void {
    const found = this.#byOwner.get(owner);
    if (found === entry) this.#byOwner.delete(owner);
    else if (found instanceof Set) {
      found.delete(entry);
      if (found.size === 0) this.#byOwner.delete(owner);
    }
  }

  /** Entries whose window ends at `height` or before. The heights asked must not go back. */
  expiringUpTo(from: number, height: number): readonly Entry[] {
    const found: Entry[] = [];
    for (let at = from; at <= height; at++) found.push(...(this.#byExpiry.get(at) ?? []));
    return found;
  }

  /** Puts coins that have come of age where they belong now. */
  lift(from: number, height: number): void {
    for (let at = from; at <= height; at++) {
      // An entry moves to a set of a height above `height`.
      for (const entry of this.#byLift.get(at) ?? []) this.rerank(entry, height);
    }
  }

  /** Ranks an entry anew, after its inputs or the height have changed. */
  rerank(entry: Entry, height: number): void {
    const lane = this.lanes[entry.lane];
    lane.remove(entry);
    lane.add(entry, this.rank(entry, entry.parentEntries, height));
    if (entry.liftHeight !== 0) removeFrom(this.#byLift, entry.liftHeight, entry);
    this.#scheduleLift(entry, height);
  }

  /** When coin age per byte reaches the next power of two: so each entry moves log2 times. */
  #scheduleLift(entry: Entry, height: number): void {
    entry.liftHeight = 0;
    if (entry.lane !== 'free' || entry.amountSum === 0n) return;
    const age = entry.amountSum * BigInt(height) - entry.amountHeightSum;
    const perByte = age / BigInt(entry.size);
    let goal = 1n;
    while (goal <= perByte) goal <<= 1n;
    const needed = goal * BigInt(entry.size) + entry.amountHeightSum;
    const at = Number((needed + entry.amountSum - 1n) / entry.amountSum);
    if (!Number.isSafeInteger(at) || at > 0xffff_ffff) return;
    entry.liftHeight = Math.max(at, height + 1);
    addTo(this.#byLift, entry.liftHeight, entry);
  }
}
