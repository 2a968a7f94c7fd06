import { type StoreCounters } from './contract.ts';
import { StorageError } from './errors.ts';
import { limits } from './limits.ts';

/** Something that holds resources of a driver until it is closed. */
export interface Held {
  readonly kind: 'scan' | 'snapshot';
  close(): Promise<void>;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Counts and bounds what is open on one store, and closes what its owner dropped.
 *
 * The finalization registry holds `Held`, never the owner, so `Held` must not refer to its owner.
 */
export class Lifetimes {
  readonly counters: Writable<StoreCounters> = {
    batches: 0,
    syncedBatches: 0,
    operations: 0,
    writtenBytes: 0,
    reads: 0,
    failures: 0,
    openScans: 0,
    openSnapshots: 0,
    leaked: 0,
  };
  closed = false;
  readonly #dropped: FinalizationRegistry<Held>;

  constructor() {
    this.#dropped = new FinalizationRegistry((held) => {
      this.#count(held, -1);
      this.counters.leaked += 1;
      held.close().catch(() => {
        this.counters.failures += 1;
      });
    });
  }

  /** Throws if one more of the kind would be over the limit, or the store is closed. */
  checkRoom(kind: Held['kind']): void {
    this.checkOpen();
    const scan = kind === 'scan';
    const open = scan ? this.counters.openScans : this.counters.openSnapshots;
    const limit = (scan ? limits.openScans : limits.openSnapshots).value;
    if (open >= limit) {
      throw new StorageError('STORAGE_LIMIT', `${limit} ${kind}s are open: close some first`, {
        open,
      });
    }
  }

  adopt(owner: object, held: Held): void {
    this.#count(held, 1);
    this.#dropped.register(owner, held, owner);
  }

  /** Called once per owner, when it closes what it holds. */
  release(owner: object, held: Held): void {
    this.#dropped.unregister(owner);
    this.#count(held, -1);
  }

  checkOpen(): void {
    if (this.closed) throw new StorageError('STORAGE_CLOSED', 'The store is closed');
  }

  #count(held: Held, by: 1 | -1): void {
    if (held.kind === 'scan') this.counters.openScans += by;
    else this.counters.openSnapshots += by;
  }
}
