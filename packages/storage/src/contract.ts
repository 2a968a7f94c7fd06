/** One stored pair. The bytes belong to the reader: changing them does not change the store. */
export type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** Stores `value` under `key`, replacing what was there. */
export interface PutOperation {
  readonly type: 'put';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Removes `key`; removing an absent key is no error. */
export interface DeleteOperation {
  readonly type: 'del';
  readonly key: Uint8Array;
}

export type Operation = PutOperation | DeleteOperation;

/** Which keys a scan visits, in bytewise order (`reverse`: from the greatest down). */
export interface RangeOptions {
  readonly gte?: Uint8Array;
  readonly gt?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  /** At most so many entries; without it, all of the range. */
  readonly limit?: number;
  /** Ends the scan early: the next read throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * A scan over a frozen view of the store: writes made after `range()` are not seen.
 *
 * `for await` closes it however the loop ends. One that is dropped half-way is closed when it is
 * garbage collected, and at the latest with its store; how many are open is counted and bounded.
 */
export interface RangeScan<T = Entry> extends AsyncIterableIterator<T, undefined>, AsyncDisposable {
  next(): Promise<IteratorResult<T, undefined>>;
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): RangeScan<T>;
  /** Up to `size` entries at once (an empty page is the end): several times faster than `next`. */
  page(size: number): Promise<readonly T[]>;
  close(): Promise<void>;
}

/** What can be read from: a store as it is now, or a snapshot as it was. */
export interface Reader {
  /** The value under `key`, read on the calling thread; the way to read on a hot path. */
  getSync(key: Uint8Array): Uint8Array | undefined;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Values in the order of `keys`, read off the calling thread in one hop. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  range(options?: RangeOptions): RangeScan;
}

/** The store as it was at one moment. Holds disk space until closed; closing ends its scans. */
export interface Snapshot extends Reader, AsyncDisposable {
  close(): Promise<void>;
}

export interface BatchOptions {
  /** True: the promise resolves only after the batch is on stable storage. Default false. */
  readonly sync?: boolean;
}

/** Plain numbers for metrics; they only describe this process. */
export interface StoreCounters {
  readonly batches: number;
  readonly syncedBatches: number;
  readonly operations: number;
  readonly writtenBytes: number;
  readonly reads: number;
  readonly failures: number;
  readonly openScans: number;
  readonly openSnapshots: number;
  /** Scans and snapshots that were dropped without being closed. Should stay 0. */
  readonly leaked: number;
}

/**
 * An ordered key-value store with atomic batches.
 *
 * Every driver behaves alike; `@mxd/storage/conformance` is the test of that. All errors are
 * `StorageError`. A failed write stops the store: what is on disk is then uncertain until it has
 * been reopened, so every later write is refused with `STORAGE_STOPPED`, reads go on.
 */
export interface KeyValueStore extends Reader, AsyncDisposable {
  /** The driver's name: `level`, `memory`, or a third party's. */
  readonly driver: string;
  /** The directory on disk, if there is one. */
  readonly location: string | undefined;
  readonly status: 'open' | 'stopped' | 'closed';
  readonly counters: StoreCounters;
  /**
   * Applies all operations, in order, or none; batches take effect in the order of the calls.
   * Neither the array nor the bytes may change until the promise settles.
   */
  batch(operations: readonly Operation[], options?: BatchOptions): Promise<void>;
  snapshot(): Snapshot;
  /** Bytes that keys in [start, end) take on disk; an estimate that may trail recent writes. */
  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>;
  /** Reclaims space of removed keys in [start, end). Slow; for maintenance. */
  compact(start: Uint8Array, end: Uint8Array): Promise<void>;
  /** Waits for running writes, closes scans and snapshots. Idempotent. */
  close(): Promise<void>;
}

/** Writes keys such that bytewise order of the encodings is the order of the values. */
export interface KeyCodec<K> {
  size(key: K): number;
  /** Writes at `offset`, returns the offset after it. */
  write(target: Uint8Array, offset: number, key: K): number;
  /** Reads at `offset`; throws `StorageError` STORAGE_KEY on anything `write` does not produce. */
  read(source: Uint8Array, offset: number): readonly [key: K, next: number];
}

/** How values become bytes; every codec of `@mxd/codec` is one. */
export interface ValueCodec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

/** The leading elements of a tuple key; what a scan can be confined to. */
export type KeyPrefix<K> = K extends readonly [infer Head, ...infer Tail]
  ? readonly [] | readonly [Head] | readonly [Head, ...KeyPrefix<Tail>]
  : never;

export interface BucketRange<K> {
  readonly gte?: K;
  readonly gt?: K;
  readonly lt?: K;
  readonly lte?: K;
  /** Only keys that start with these elements (tuple keys). Excludes the four bounds. */
  readonly within?: KeyPrefix<K>;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** A bucket's entries as one store or snapshot shows them. */
export interface BucketReader<K, V> {
  getSync(key: K): V | undefined;
  get(key: K): Promise<V | undefined>;
  getMany(keys: readonly K[]): Promise<(V | undefined)[]>;
  range(options?: BucketRange<K>): RangeScan<readonly [key: K, value: V]>;
  /** All entries as they were encoded, checksums checked and taken off: for copying, not reading. */
  rangeEncoded(): RangeScan;
}

/** A typed part of a store: all keys under one prefix. Holds no state, so define it once. */
export interface Bucket<K, V> {
  readonly name: string;
  readonly prefix: Uint8Array;
  /** True: values carry a CRC-32C over prefix, key and value, checked at each read. */
  readonly checksum: boolean;
  on(reader: Reader): BucketReader<K, V>;
  put(key: K, value: V): PutOperation;
  /** The same for a key and a value that are encoded already, as `rangeEncoded` gives them. */
  putEncoded(key: Uint8Array, value: Uint8Array): PutOperation;
  delete(key: K): DeleteOperation;
  /** The stored key of `key`, and back; throws `StorageError` STORAGE_KEY. */
  encodeKey(key: K): Uint8Array;
  decodeKey(bytes: Uint8Array): K;
  /** The value out of stored bytes; throws `StorageError` STORAGE_CHECKSUM or STORAGE_VALUE. */
  decodeValue(storedKey: Uint8Array, stored: Uint8Array): V;
}
