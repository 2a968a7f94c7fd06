import type { Candidate } from './chain-state.ts';
import type { OutputDiff } from './layers.ts';

/** What a candidate costs beside its bytes. */
const overheadBytes = 16_384;

/**
 * Executed blocks above the final one, as a tree. Bounded by number and bytes: to make room, the
 * oldest candidate without children goes (its block can be executed again).
 */
export class CandidateTree {
  readonly #byKey = new Map<string, Candidate>();
  readonly #children = new Map<string, number>();
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #bytes = 0;
  dropped = 0;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Candidate | undefined {
    return this.#byKey.get(key);
  }

  /** Adds a candidate whose parent is the base or here; false if there is no room for it. */
  add(candidate: Candidate): boolean {
    const { key } = candidate.state;
    if (this.#byKey.has(key)) return true;
    const bytes = candidate.bodyBytes + overheadBytes;
    while (this.#byKey.size >= this.#maxCount || this.#bytes + bytes > this.#maxBytes) {
      if (!this.#dropOldestLeaf(candidate.parentKey)) return false;
    }
    this.#byKey.set(key, candidate);
    this.#bytes += bytes;
    this.#children.set(candidate.parentKey, (this.#children.get(candidate.parentKey) ?? 0) + 1);
    return true;
  }

  #dropOldestLeaf(except: string): boolean {
    for (const key of this.#byKey.keys()) {
      if (key === except || (this.#children.get(key) ?? 0) > 0) continue;
      this.#remove(key);
      this.dropped++;
      return true;
    }
    return false;
  }

  #remove(key: string): void {
    const candidate = this.#byKey.get(key);
    if (candidate === undefined) return;
    this.#byKey.delete(key);
    this.#bytes -= candidate.bodyBytes + overheadBytes;
    const left = (this.#children.get(candidate.parentKey) ?? 1) - 1;
    if (left === 0) this.#children.delete(candidate.parentKey);
    else this.#children.set(candidate.parentKey, left);
  }

  /** Candidates from the one named down to the base's child; empty for the base itself. */
  chain(key: string): Candidate[] {
    const chain: Candidate[] = [];
    for (let at = this.#byKey.get(key); at !== undefined; at = this.#byKey.get(at.parentKey)) {
      chain.push(at);
    }
    return chain;
  }

  /** What the candidates of `chain` changed, nearest first. */
  layers(key: string): OutputDiff[] {
    return this.chain(key).map((candidate) => candidate.diff);
  }

  /** After `key` became the base: drops it and everything that does not descend from it. */
  rebase(key: string): void {
    const kept = new Set([key]);
    // Parents are always added before their children.
    for (const candidate of this.#byKey.values()) {
      if (candidate.state.key !== key && kept.has(candidate.parentKey)) {
        kept.add(candidate.state.key);
      } else {
        this.#remove(candidate.state.key);
      }
    }
  }
}
