import type { KeyValueStore } from '@mxd/storage';

import { buckets } from './buckets.ts';
import type { OutputDiff } from './layers.ts';
import { outputMemoryBytes, type OutpointKey } from './outputs.ts';
import type { Pace, UnspentOutput } from './types.ts';

/** Keys asked of the store in one call: decoding a page takes about 2 ms. */
const pageKeys = 1024;
/** Below it reading takes less time than handing the work over. */
const fewKeys = 16;
/** Look-ups in the cache between two questions whether to pause. */
const cacheKeys = 256;

/**
 * The unspent outputs of the final state: the store, and a cache of outputs made lately, which are
 * the likeliest to be spent next, or read lately: admission reads what execution reads again. Commits
 * change the cache after their batch is on disk; what was read while one did is not kept, so that
 * the cache never holds what the store does not.
 */
export class OutputBase {
  readonly #store: KeyValueStore;
  readonly #cache = new Map<OutpointKey, UnspentOutput>();
  readonly #capacity: number;
  /** Commits followed so far. */
  #generation = 0;
  hits = 0;
  misses = 0;

  constructor(store: KeyValueStore, budgetBytes: number) {
    this.#store = store;
    this.#capacity = Math.floor(budgetBytes / outputMemoryBytes);
  }

  get cachedBytes(): number {
    return this.#cache.size * outputMemoryBytes;
  }

  /** Those of the outputs that exist. */
  async load(keys: Iterable<OutpointKey>, pace: Pace): Promise<Map<OutpointKey, UnspentOutput>> {
    const found = new Map<OutpointKey, UnspentOutput>();
    const missing: OutpointKey[] = [];
    let asked = 0;
    for (const key of keys) {
      const cached = this.#cache.get(key);
      if (cached === undefined) missing.push(key);
      else found.set(key, cached);
      asked++;
      if (asked % cacheKeys === 0 && pace.due()) await pace.pause();
    }
    this.hits += found.size;
    this.misses += missing.length;
    const reader = buckets.outputs.on(this.#store);
    for (let start = 0; start < missing.length; start += pageKeys) {
      const page = missing.slice(start, start + pageKeys);
      const began = this.#generation;
      // A few are read on this thread: waking one of the pool takes as long as 20 of them.
      const outputs =
        page.length <= fewKeys
          ? page.map((key) => reader.getSync(key))
          : await reader.getMany(page);
      const isCurrent = began === this.#generation;
      for (let i = 0; i < page.length; i++) {
        const output = outputs[i];
        if (output === undefined) continue;
        found.set(page[i] as OutpointKey, output);
        if (isCurrent) this.#cache.set(page[i] as OutpointKey, output);
      }
      this.#trim();
      if (pace.due()) await pace.pause();
    }
    return found;
  }

  /** Follows a committed block. */
  follow(diff: OutputDiff): void {
    this.#generation++;
    for (const key of diff.spent.keys()) this.#cache.delete(key);
    for (const [key, output] of diff.created) this.#cache.set(key, output);
    this.#trim();
  }

  #trim(): void {
    for (const key of this.#cache.keys()) {
      if (this.#cache.size <= this.#capacity) break;
      this.#cache.delete(key);
    }
  }
}
