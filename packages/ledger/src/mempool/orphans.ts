import type { OutpointKey } from '../outputs.ts';

/** A transaction that misses an input. */
export interface Orphan {
  readonly wtxidText: string;
  readonly bytes: Uint8Array;
  readonly peer: string | undefined;
  readonly missing: readonly OutpointKey[];
}

/** Transactions that wait for an input, in order of arrival; bounded by count, bytes and peer. */
export class OrphanPool {
  readonly #orphans = new Map<string, Orphan>();
  readonly #waiting = new Map<OutpointKey, Set<Orphan>>();
  readonly #perPeer = new Map<string, number>();
  readonly #limits: { readonly count: number; readonly bytes: number; readonly perPeer: number };
  bytes = 0;
  dropped = 0;

  constructor(limits: { count: number; bytes: number; perPeer: number }) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#orphans.size;
  }

  has(wtxidText: string): boolean {
    return this.#orphans.has(wtxidText);
  }

  /** False if there is no room for it; older ones of other peers make room. */
  add(orphan: Orphan): boolean {
    const { count, bytes, perPeer } = this.#limits;
    const peer = orphan.peer ?? '';
    if (orphan.bytes.length > bytes || (this.#perPeer.get(peer) ?? 0) >= perPeer) return false;
    while (this.#orphans.size >= count || this.bytes + orphan.bytes.length > bytes) {
      const oldest = this.#orphans.values().next().value;
      if (oldest === undefined) return false;
      this.remove(oldest);
      this.dropped++;
    }
    this.#orphans.set(orphan.wtxidText, orphan);
    this.#perPeer.set(peer, (this.#perPeer.get(peer) ?? 0) + 1);
    this.bytes += orphan.bytes.length;
    for (const key of orphan.missing) {
      const set = this.#waiting.get(key);
      if (set === undefined) this.#waiting.set(key, new Set([orphan]));
      else set.add(orphan);
    }
    return true;
  }

  remove(orphan: Orphan): void {
    if (!this.#orphans.delete(orphan.wtxidText)) return;
    this.bytes -= orphan.bytes.length;
    const peer = orphan.peer ?? '';
    const left = (this.#perPeer.get(peer) ?? 1) - 1;
    if (left === 0) this.#perPeer.delete(peer);
    else this.#perPeer.set(peer, left);
    for (const key of orphan.missing) {
      const set = this.#waiting.get(key);
      set?.delete(orphan);
      if (set?.size === 0) this.#waiting.delete(key);
    }
  }

  /** Takes out what waited for an output that exists now. */
  take(key: OutpointKey): readonly Orphan[] {
    const set = this.#waiting.get(key);
    if (set === undefined) return [];
    const orphans = [...set];
    for (const orphan of orphans) this.remove(orphan);
    return orphans;
  }
}
