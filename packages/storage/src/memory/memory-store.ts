import {
  type BatchOptions,
  type Entry,
  type KeyValueStore,
  type Operation,
  type RangeOptions,
  type RangeScan,
  type Reader,
  type Snapshot,
  type StoreCounters,
} from '../contract.ts';
import { StorageError } from '../errors.ts';
import { type Held, Lifetimes } from '../lifetimes.ts';
import { limits } from '../limits.ts';
import { checkBatch, checkKey } from '../operations.ts';
import { checkRange } from '../ranges.ts';
import { type PageSource, PagedScan } from '../scan.ts';
import { SortedPages } from './sorted-pages.ts';

function readFrom(pages: SortedPages, key: Uint8Array): Uint8Array | undefined {
  const value = pages.get(key);
  return value === undefined ? undefined : new Uint8Array(value);
}

/** `check` throws once the store or snapshot that is scanned has been closed. */
function pageSource(entries: Generator<Entry, undefined>, check: () => void): PageSource<Entry> {
  return {
    kind: 'scan',
    read: async (size) => {
      check();
      const page: Entry[] = [];
      let bytes = 0;
      while (page.length < size && bytes < limits.scanPageSize.value) {
        const next = entries.next();
        if (next.done === true) break;
        const [key, value] = next.value;
        page.push([new Uint8Array(key), new Uint8Array(value)]);
        bytes += key.length + value.length;
      }
      return page;
    },
    close: async () => {
      entries.return(undefined);
    },
  };
}

/** Reads shared by the store and its snapshots. */
abstract class MemoryReader implements Reader {
  protected readonly lifetimes: Lifetimes;

  constructor(lifetimes: Lifetimes) {
    this.lifetimes = lifetimes;
  }

  /** The entries as they are now; throws if closed. */
  protected abstract current(): SortedPages;
  /** The entries as they are now and will stay. */
  protected abstract frozen(): SortedPages;

  getSync(key: Uint8Array): Uint8Array | undefined {
    checkKey(key);
    this.lifetimes.counters.reads += 1;
    return readFrom(this.current(), key);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.getSync(key);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.getSync(key));
  }

  range(options: RangeOptions = {}): RangeScan {
    checkRange(options);
    const pages = this.frozen();
    this.lifetimes.checkRoom('scan');
    const source = pageSource(pages.entries(options), () => {
      this.current();
    });
    return new PagedScan(source, this.lifetimes, this, options.signal);
  }
}

class MemorySnapshot extends MemoryReader implements Snapshot {
  readonly #held: Held = { kind: 'snapshot', close: async () => undefined };
  #pages: SortedPages | undefined;

  constructor(pages: SortedPages, lifetimes: Lifetimes) {
    super(lifetimes);
    this.#pages = pages;
    lifetimes.adopt(this, this.#held);
  }

  protected override current(): SortedPages {
    this.lifetimes.checkOpen();
    if (this.#pages === undefined) {
      throw new StorageError('STORAGE_CLOSED', 'The snapshot is closed');
    }
    return this.#pages;
  }

  protected override frozen(): SortedPages {
    return this.current();
  }

  async close(): Promise<void> {
    if (this.#pages === undefined) return;
    this.#pages = undefined;
    this.lifetimes.release(this, this.#held);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class MemoryStore extends MemoryReader implements KeyValueStore {
  readonly driver = 'memory';
  readonly location = undefined;
  readonly #pages = new SortedPages();

  constructor() {
    super(new Lifetimes());
  }

  get status(): 'open' | 'closed' {
    return this.lifetimes.closed ? 'closed' : 'open';
  }

  get counters(): StoreCounters {
    return this.lifetimes.counters;
  }

  protected override current(): SortedPages {
    this.lifetimes.checkOpen();
    return this.#pages;
  }

  protected override frozen(): SortedPages {
    return this.current().freeze();
  }

  async batch(operations: readonly Operation[], options: BatchOptions = {}): Promise<void> {
    const pages = this.current();
    const bytes = checkBatch(operations);
    for (const operation of operations) {
      const key = new Uint8Array(operation.key);
      if (operation.type === 'put') pages.set(key, new Uint8Array(operation.value));
      else pages.delete(key);
    }
    const { counters } = this.lifetimes;
    counters.batches += 1;
    if (options.sync === true) counters.syncedBatches += 1;
    counters.operations += operations.length;
    counters.writtenBytes += bytes;
  }

  snapshot(): Snapshot {
    this.lifetimes.checkRoom('snapshot');
    return new MemorySnapshot(this.frozen(), this.lifetimes);
  }

  async approximateSize(start: Uint8Array, end: Uint8Array): Promise<number> {
    let bytes = 0;
    for (const [key, value] of this.current().entries({ gte: start, lt: end })) {
      bytes += key.length + value.length;
    }
    return bytes;
  }

  async compact(_start: Uint8Array, _end: Uint8Array): Promise<void> {
    this.lifetimes.checkOpen();
  }

  async close(): Promise<void> {
    this.lifetimes.closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A store that lives as long as the process: for tests, tools and caches. */
export function openMemoryStore(): KeyValueStore {
  return new MemoryStore();
}
