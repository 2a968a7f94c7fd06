import { toHex } from '@mxd/codec';
import { appendChecksum, withoutChecksum } from './checksum.ts';
import {
  type Bucket,
  type BucketRange,
  type BucketReader,
  type Entry,
  type KeyCodec,
  type PutOperation,
  type RangeOptions,
  type RangeScan,
  type Reader,
  type ValueCodec,
} from './contract.ts';
import { StorageError } from './errors.ts';
import { type TupleKeyCodec } from './keys.ts';
import { prefixEnd } from './ranges.ts';

/** The first byte that this package keeps for its own records; no bucket's prefix begins so. */
export const reservedPrefixByte = 0;

/** Values that are bytes already. */
export const rawValue: ValueCodec<Uint8Array> = {
  encode: (value) => value,
  decode: (bytes) => bytes,
};

const noBytes = new Uint8Array(0);

/** For buckets whose keys say everything, as indexes do. */
export const emptyValue: ValueCodec<true> = {
  encode: () => noBytes,
  decode: (bytes) => {
    if (bytes.length === 0) return true;
    throw new StorageError('STORAGE_VALUE', `The value is empty, not ${bytes.length} bytes long`);
  },
};

export interface BucketOptions<K, V> {
  /** For reports and messages. */
  readonly name: string;
  /** One byte or more, not beginning with 0; the schema checks that no two overlap. */
  readonly prefix: number | Uint8Array;
  readonly key: KeyCodec<K>;
  readonly value: ValueCodec<V>;
  /** Guards each value by a CRC-32C over key and value. Default true; false saves 4 bytes. */
  readonly checksum?: boolean;
}

class TypedScan<K, V> implements RangeScan<readonly [K, V]> {
  readonly #inner: RangeScan;
  readonly #map: (entry: Entry) => readonly [K, V];

  constructor(inner: RangeScan, map: (entry: Entry) => readonly [K, V]) {
    this.#inner = inner;
    this.#map = map;
  }

  async next(): Promise<IteratorResult<readonly [K, V], undefined>> {
    const result = await this.#inner.next();
    if (result.done === true) return result;
    return { done: false, value: await this.#convert(() => this.#map(result.value)) };
  }

  async page(size: number): Promise<readonly (readonly [K, V])[]> {
    const page = await this.#inner.page(size);
    return this.#convert(() => page.map(this.#map));
  }

  return(): Promise<IteratorResult<readonly [K, V], undefined>> {
    return this.#inner.return() as Promise<IteratorResult<never, undefined>>;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncIterator](): RangeScan<readonly [K, V]> {
    return this;
  }

  /** `for await` does not call `return` when `next` throws, so a bad entry closes the scan. */
  async #convert<T>(convert: () => T): Promise<T> {
    try {
      return convert();
    } catch (error) {
      await this.#inner.close();
      throw error;
    }
  }
}

class TypedBucket<K, V> implements Bucket<K, V> {
  readonly name: string;
  readonly prefix: Uint8Array;
  readonly checksum: boolean;
  readonly #end: Uint8Array | undefined;
  readonly #key: KeyCodec<K>;
  readonly #value: ValueCodec<V>;

  constructor(options: BucketOptions<K, V>) {
    const { prefix } = options;
    this.name = options.name;
    this.prefix = typeof prefix === 'number' ? Uint8Array.of(prefix) : prefix.slice();
    if (typeof prefix === 'number' && !(Number.isInteger(prefix) && prefix > 0 && prefix < 256)) {
      throw new StorageError('STORAGE_SCHEMA', `The prefix of ${this.name} is a byte in 1..255`);
    }
    if (this.prefix.length === 0 || this.prefix[0] === reservedPrefixByte) {
      throw new StorageError('STORAGE_SCHEMA', `The prefix of ${this.name} is empty or reserved`);
    }
    this.checksum = options.checksum ?? true;
    this.#end = prefixEnd(this.prefix);
    this.#key = options.key;
    this.#value = options.value;
  }

  encodeKey(key: K): Uint8Array {
    const { prefix } = this;
    const target = new Uint8Array(prefix.length + this.#key.size(key));
    target.set(prefix);
    this.#key.write(target, prefix.length, key);
    return target;
  }

  decodeKey(bytes: Uint8Array): K {
    if (!this.prefix.every((byte, index) => bytes[index] === byte)) {
      throw new StorageError('STORAGE_KEY', `The key is none of the bucket ${this.name}`);
    }
    const [key, next] = this.#key.read(bytes, this.prefix.length);
    if (next === bytes.length) return key;
    throw new StorageError(
      'STORAGE_KEY',
      `${bytes.length - next} bytes follow the key in the bucket ${this.name}`,
    );
  }

  #encodedValue(storedKey: Uint8Array, stored: Uint8Array): Uint8Array {
    const value = this.checksum ? withoutChecksum(storedKey, stored) : stored;
    if (value !== undefined) return value;
    throw new StorageError(
      'STORAGE_CHECKSUM',
      `A value in the bucket ${this.name} does not match its checksum`,
      { bucket: this.name, key: toHex(storedKey) },
    );
  }

  decodeValue(storedKey: Uint8Array, stored: Uint8Array): V {
    const value = this.#encodedValue(storedKey, stored);
    try {
      return this.#value.decode(value);
    } catch (cause) {
      throw new StorageError(
        'STORAGE_VALUE',
        `A value in the bucket ${this.name} does not decode: ${String(cause)}`,
        { bucket: this.name, key: toHex(storedKey) },
        { cause },
      );
    }
  }

  put(key: K, value: V): PutOperation {
    return this.#put(this.encodeKey(key), this.#value.encode(value));
  }

  putEncoded(key: Uint8Array, value: Uint8Array): PutOperation {
    const storedKey = new Uint8Array(this.prefix.length + key.length);
    storedKey.set(this.prefix);
    storedKey.set(key, this.prefix.length);
    return this.#put(storedKey, value);
  }

  #put(key: Uint8Array, encoded: Uint8Array): PutOperation {
    return { type: 'put', key, value: this.checksum ? appendChecksum(key, encoded) : encoded };
  }

  delete(key: K): { type: 'del'; key: Uint8Array } {
    return { type: 'del', key: this.encodeKey(key) };
  }

  on(reader: Reader): BucketReader<K, V> {
    const decode = (key: Uint8Array, stored: Uint8Array | undefined): V | undefined =>
      stored === undefined ? undefined : this.decodeValue(key, stored);
    return {
      getSync: (key) => {
        const storedKey = this.encodeKey(key);
        return decode(storedKey, reader.getSync(storedKey));
      },
      get: async (key) => {
        const storedKey = this.encodeKey(key);
        return decode(storedKey, await reader.get(storedKey));
      },
      getMany: async (keys) => {
        const storedKeys = keys.map((key) => this.encodeKey(key));
        const values = await reader.getMany(storedKeys);
        return storedKeys.map((storedKey, index) => decode(storedKey, values[index]));
      },
      range: (options = {}) =>
        new TypedScan(reader.range(this.#bounds(options)), ([key, value]) => [
          this.decodeKey(key),
          this.decodeValue(key, value),
        ]),
      rangeEncoded: () =>
        new TypedScan(reader.range(this.#bounds({})), ([key, value]) => [
          key.subarray(this.prefix.length),
          this.#encodedValue(key, value),
        ]),
    };
  }

  /** The range of stored keys, never leaving the bucket. */
  #bounds(options: BucketRange<K>): RangeOptions {
    const { gte, gt, lt, lte, within, ...rest } = options;
    if (within !== undefined) {
      if ((gte ?? gt ?? lt ?? lte) !== undefined) {
        throw new StorageError('STORAGE_ARGUMENT', 'A range takes within or bounds, not both');
      }
      const start = this.#encodePrefix(within as readonly unknown[]);
      const end = prefixEnd(start);
      return { ...rest, gte: start, ...(end === undefined ? {} : { lt: end }) };
    }
    if (gte !== undefined && gt !== undefined) {
      throw new StorageError('STORAGE_ARGUMENT', 'A range takes gte or gt, not both');
    }
    if (lte !== undefined && lt !== undefined) {
      throw new StorageError('STORAGE_ARGUMENT', 'A range takes lte or lt, not both');
    }
    const low =
      gt === undefined ? { gte: this.#bound(gte) ?? this.prefix } : { gt: this.encodeKey(gt) };
    if (lte !== undefined) return { ...rest, ...low, lte: this.encodeKey(lte) };
    const high = this.#bound(lt) ?? this.#end;
    return { ...rest, ...low, ...(high === undefined ? {} : { lt: high }) };
  }

  #bound(key: K | undefined): Uint8Array | undefined {
    return key === undefined ? undefined : this.encodeKey(key);
  }

  #encodePrefix(parts: readonly unknown[]): Uint8Array {
    if (!('encodePrefix' in this.#key)) {
      throw new StorageError('STORAGE_ARGUMENT', `The keys of ${this.name} have no parts`);
    }
    const codec = this.#key as unknown as TupleKeyCodec<readonly unknown[]>;
    const encoded = codec.encodePrefix(parts as never);
    const target = new Uint8Array(this.prefix.length + encoded.length);
    target.set(this.prefix);
    target.set(encoded, this.prefix.length);
    return target;
  }
}

/** Defines a bucket. @throws StorageError STORAGE_SCHEMA for a prefix that cannot be used. */
export function defineBucket<K, V>(options: BucketOptions<K, V>): Bucket<K, V> {
  return new TypedBucket(options);
}
