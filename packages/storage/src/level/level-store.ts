import { setImmediate } from 'node:timers/promises';
import {
  type ChainedBatch,
  ClassicLevel,
  type Iterator as LevelIterator,
  type Snapshot as LevelView,
} from 'classic-level';
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
import { toStorageError } from './level-errors.ts';
import { checkLevelLogs } from './log-check.ts';
import { checkNoInterruptedRestore } from './restore-marker.ts';

type Database = ClassicLevel<Uint8Array, Uint8Array>;
type NativeBatch = ChainedBatch<Database, Uint8Array, Uint8Array>;
type NativeIterator = LevelIterator<Database, Uint8Array, Uint8Array>;

export interface LevelOptions {
  /** False: throw STORAGE_MISSING rather than create an empty store. Default true. */
  readonly createIfMissing?: boolean;
  /** Uncompressed table blocks kept in memory. Default 64 MiB, as measured for 1 M outputs. */
  readonly cacheBytes?: number;
  /** Size at which the log becomes a table; up to two are in memory. Default 16 MiB. */
  readonly writeBufferBytes?: number;
}

const defaultCacheBytes = 64 * 1024 * 1024;
const defaultWriteBufferBytes = 16 * 1024 * 1024;

/** The native binding hands out Buffers, whose `slice` shares memory: the contract does not. */
function plain(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

class LevelPages implements PageSource<Entry> {
  readonly kind = 'scan';
  readonly #iterator: NativeIterator;
  readonly #location: string;

  constructor(iterator: NativeIterator, location: string) {
    this.#iterator = iterator;
    this.#location = location;
  }

  async read(size: number): Promise<readonly Entry[]> {
    try {
      const page = await this.#iterator.nextv(size);
      return page.map(([key, value]) => [plain(key), plain(value)] as const);
    } catch (error) {
      throw toStorageError(error, 'Reading a range', this.#location);
    }
  }

  close(): Promise<void> {
    return this.#iterator.close();
  }
}

/** Reads shared by the store and its snapshots. */
abstract class LevelReader implements Reader {
  protected readonly db: Database;
  protected readonly lifetimes: Lifetimes;

  constructor(db: Database, lifetimes: Lifetimes) {
    this.db = db;
    this.lifetimes = lifetimes;
  }

  /** Read options naming the view; throws if closed. */
  protected abstract view(): { readonly snapshot?: LevelView };

  getSync(key: Uint8Array): Uint8Array | undefined {
    checkKey(key);
    const view = this.view();
    this.lifetimes.counters.reads += 1;
    try {
      const value = this.db.getSync(key, view);
      return value === undefined ? undefined : plain(value);
    } catch (error) {
      throw this.failed(error, 'Reading');
    }
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    checkKey(key);
    const view = this.view();
    this.lifetimes.counters.reads += 1;
    try {
      const value = await this.db.get(key, view);
      return value === undefined ? undefined : plain(value);
    } catch (error) {
      throw this.failed(error, 'Reading');
    }
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    keys.forEach(checkKey);
    const view = this.view();
    this.lifetimes.counters.reads += keys.length;
    try {
      const values = await this.db.getMany(keys as Uint8Array[], view);
      return values.map((value) => (value === undefined ? undefined : plain(value)));
    } catch (error) {
      throw this.failed(error, 'Reading');
    }
  }

  range(options: RangeOptions = {}): RangeScan {
    checkRange(options);
    const view = this.view();
    this.lifetimes.checkRoom('scan');
    const { signal, ...bounds } = options;
    const iterator = this.db.iterator({
      ...bounds,
      ...view,
      highWaterMarkBytes: limits.scanPageSize.value,
    });
    const pages = new LevelPages(iterator, this.db.location);
    return new PagedScan(pages, this.lifetimes, this, signal);
  }

  protected failed(error: unknown, doing: string): StorageError {
    this.lifetimes.counters.failures += 1;
    return toStorageError(error, doing, this.db.location);
  }
}

class LevelSnapshot extends LevelReader implements Snapshot {
  readonly #view: LevelView;
  readonly #held: Held;
  #closed = false;

  constructor(db: Database, lifetimes: Lifetimes) {
    super(db, lifetimes);
    const view = db.snapshot();
    this.#view = view;
    this.#held = { kind: 'snapshot', close: () => view.close() };
    lifetimes.adopt(this, this.#held);
  }

  protected override view(): { readonly snapshot: LevelView } {
    this.lifetimes.checkOpen();
    if (this.#closed) throw new StorageError('STORAGE_CLOSED', 'The snapshot is closed');
    return { snapshot: this.#view };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.lifetimes.release(this, this.#held);
    await this.#view.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const currentView = {};

class LevelStore extends LevelReader implements KeyValueStore {
  readonly driver = 'level';
  #tail: Promise<void> = Promise.resolve();
  #queued = 0;
  #stopped: StorageError | undefined;
  #closing: Promise<void> | undefined;

  get location(): string {
    return this.db.location;
  }

  get status(): 'open' | 'stopped' | 'closed' {
    if (this.lifetimes.closed) return 'closed';
    return this.#stopped === undefined ? 'open' : 'stopped';
  }

  get counters(): StoreCounters {
    return this.lifetimes.counters;
  }

  protected override view(): { readonly snapshot?: LevelView } {
    this.lifetimes.checkOpen();
    return currentView;
  }

  async batch(operations: readonly Operation[], options: BatchOptions = {}): Promise<void> {
    this.lifetimes.checkOpen();
    this.#checkRunning();
    const bytes = checkBatch(operations);
    if (this.#queued >= limits.queuedBatches.value) {
      throw new StorageError('STORAGE_LIMIT', `${this.#queued} batches are waiting: await them`);
    }
    this.#queued += 1;
    // One at a time: batches on different pool threads could overtake each other.
    const write = async (): Promise<void> => {
      try {
        this.#checkRunning();
        const native = await this.#collect(operations);
        await native.write({ sync: options.sync === true });
      } catch (error) {
        throw this.#stop(error);
      } finally {
        this.#queued -= 1;
      }
    };
    const written = this.#queued === 1 ? write() : this.#tail.then(write);
    this.#tail = written.catch(() => undefined);
    await written;
    const { counters } = this.lifetimes;
    counters.batches += 1;
    if (options.sync === true) counters.syncedBatches += 1;
    counters.operations += operations.length;
    counters.writtenBytes += bytes;
  }

  snapshot(): Snapshot {
    this.lifetimes.checkRoom('snapshot');
    return new LevelSnapshot(this.db, this.lifetimes);
  }

  async approximateSize(start: Uint8Array, end: Uint8Array): Promise<number> {
    this.lifetimes.checkOpen();
    try {
      return await this.db.approximateSize(start, end);
    } catch (error) {
      throw this.failed(error, 'Measuring');
    }
  }

  async compact(start: Uint8Array, end: Uint8Array): Promise<void> {
    this.lifetimes.checkOpen();
    try {
      await this.db.compactRange(start, end);
    } catch (error) {
      throw this.failed(error, 'Compacting');
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.lifetimes.closed = true;
    await this.#tail;
    try {
      await this.db.close();
    } catch (error) {
      throw this.failed(error, 'Closing');
    }
  }

  /**
   * Copies the operations into a native batch, which is faster than handing over an array, in
   * slices: all at once, a full block's would hold the main thread for more than 10 ms.
   */
  async #collect(operations: readonly Operation[]): Promise<NativeBatch> {
    const native = this.db.batch();
    for (const [index, operation] of operations.entries()) {
      if (index > 0 && index % limits.batchSlice.value === 0) await setImmediate();
      if (operation.type === 'put') native.put(operation.key, operation.value);
      else native.del(operation.key);
    }
    return native;
  }

  #checkRunning(): void {
    if (this.#stopped === undefined) return;
    throw new StorageError(
      'STORAGE_STOPPED',
      `The store stopped writing: ${this.#stopped.message}`,
      { reason: this.#stopped.code, location: this.location },
      { cause: this.#stopped },
    );
  }

  /**
   * After a failed append LevelDB would go on, and recovery drops what follows the torn record in
   * its log: batches acknowledged later would be lost. So the first failure is the last write.
   */
  #stop(error: unknown): StorageError {
    if (error instanceof StorageError) return error;
    const coded = this.failed(error, 'Writing');
    this.#stopped ??= coded;
    return coded;
  }
}

/**
 * Opens, or creates, a LevelDB store in a directory and locks it against other processes.
 *
 * @throws StorageError STORAGE_LOCKED, STORAGE_MISSING, STORAGE_CORRUPT, STORAGE_PERMISSION,
 * STORAGE_DISK_FULL, STORAGE_IO, STORAGE_RESTORE_INTERRUPTED.
 */
export async function openLevelStore(
  directory: string,
  options: LevelOptions = {},
): Promise<KeyValueStore> {
  await checkNoInterruptedRestore(directory);
  // LevelDB skips damaged log records in silence, so they are looked for before it opens.
  await checkLevelLogs(directory);
  const db: Database = new ClassicLevel(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: options.createIfMissing ?? true,
    cacheSize: options.cacheBytes ?? defaultCacheBytes,
    writeBufferSize: options.writeBufferBytes ?? defaultWriteBufferBytes,
    // Keys and values are hashes, keys and signatures: Snappy costs time and gains nothing.
    compression: false,
  });
  try {
    await db.open();
  } catch (error) {
    throw toStorageError(error, 'Opening the store', directory);
  }
  return new LevelStore(db, new Lifetimes());
}
