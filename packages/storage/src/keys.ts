import { type KeyCodec, type KeyPrefix } from './contract.ts';
import { StorageError } from './errors.ts';

function badKey(message: string): never {
  throw new StorageError('STORAGE_KEY', message);
}

function checkEnd(source: Uint8Array, end: number): void {
  if (end > source.length) badKey(`The key ends after ${source.length} bytes, ${end} are needed`);
}

/** A big-endian unsigned number of 1 to 7 whole bytes, or 8 for values below 2^53. */
function numberKey(bytes: number): KeyCodec<number> {
  const max = Math.min(2 ** (bytes * 8) - 1, Number.MAX_SAFE_INTEGER);
  return {
    size: () => bytes,
    write: (target, offset, key) => {
      if (!(Number.isSafeInteger(key) && key >= 0 && key <= max)) {
        badKey(`A key number lies in 0..${max}, not ${key}`);
      }
      let rest = key;
      for (let at = offset + bytes - 1; at >= offset; at -= 1) {
        target[at] = rest % 256;
        rest = Math.floor(rest / 256);
      }
      return offset + bytes;
    },
    read: (source, offset) => {
      checkEnd(source, offset + bytes);
      let key = 0;
      for (let at = offset; at < offset + bytes; at += 1) key = key * 256 + (source[at] ?? 0);
      if (key > max) badKey(`A key number lies in 0..${max}`);
      return [key, offset + bytes];
    },
  };
}

export const u8Key: KeyCodec<number> = numberKey(1);
export const u16Key: KeyCodec<number> = numberKey(2);
export const u32Key: KeyCodec<number> = numberKey(4);
/** Heights, views, times: below 2^53, in eight bytes. */
export const u53Key: KeyCodec<number> = numberKey(8);

const maxU64 = 2n ** 64n - 1n;

/** Amounts: 0 to 2^64 - 1. */
export const u64Key: KeyCodec<bigint> = {
  size: () => 8,
  write: (target, offset, key) => {
    if (typeof key !== 'bigint' || key < 0n || key > maxU64) {
      badKey(`A key amount lies in 0..2^64-1, not ${key}`);
    }
    new DataView(target.buffer, target.byteOffset, target.byteLength).setBigUint64(offset, key);
    return offset + 8;
  },
  read: (source, offset) => {
    checkEnd(source, offset + 8);
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    return [view.getBigUint64(offset), offset + 8];
  },
};

/** Exactly `length` bytes; reading gives a view of the stored key. */
export function bytesKey(length: number): KeyCodec<Uint8Array> {
  return {
    size: () => length,
    write: (target, offset, key) => {
      if (key.length !== length) badKey(`The key takes ${length} bytes, not ${key.length}`);
      target.set(key, offset);
      return offset + length;
    },
    read: (source, offset) => {
      checkEnd(source, offset + length);
      return [source.subarray(offset, offset + length), offset + length];
    },
  };
}

/**
 * 0 to `maxBytes` bytes, anywhere in a tuple: 0x00 is written as 0x00 0xff, the end as 0x00 0x00,
 * so that a shorter string sorts before what continues it.
 */
export function varBytesKey(maxBytes: number): KeyCodec<Uint8Array> {
  return {
    size: (key) => {
      let size = key.length + 2;
      for (const byte of key) if (byte === 0) size += 1;
      return size;
    },
    write: (target, offset, key) => {
      if (key.length > maxBytes) badKey(`The key takes ${maxBytes} bytes, not ${key.length}`);
      let at = offset;
      for (const byte of key) {
        target[at] = byte;
        at += 1;
        if (byte !== 0) continue;
        target[at] = 0xff;
        at += 1;
      }
      target[at] = 0;
      target[at + 1] = 0;
      return at + 2;
    },
    read: (source, offset) => {
      const key: number[] = [];
      let at = offset;
      for (;;) {
        checkEnd(source, at + 1);
        const byte = source[at] ?? 0;
        at += 1;
        if (byte === 0) {
          checkEnd(source, at + 1);
          const mark = source[at];
          at += 1;
          if (mark === 0) return [Uint8Array.from(key), at];
          if (mark !== 0xff) badKey('A zero byte in the key is not escaped');
        }
        if (key.length === maxBytes) badKey(`The key takes more than ${maxBytes} bytes`);
        key.push(byte);
      }
    },
  };
}

/** Text in UTF-8, in code point order; lone surrogates have no encoding. */
export function textKey(maxBytes: number): KeyCodec<string> {
  const inner = varBytesKey(maxBytes);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return {
    size: (key) => inner.size(encoder.encode(key)),
    write: (target, offset, key) => {
      if (!key.isWellFormed()) badKey('The key is no well-formed text');
      return inner.write(target, offset, encoder.encode(key));
    },
    read: (source, offset) => {
      const [bytes, next] = inner.read(source, offset);
      try {
        return [decoder.decode(bytes), next];
      } catch {
        return badKey('The key is no UTF-8');
      }
    },
  };
}

/** The same keys in the opposite order, for scans that start with the newest. */
export function descendingKey<K>(inner: KeyCodec<K>): KeyCodec<K> {
  return {
    size: (key) => inner.size(key),
    write: (target, offset, key) => {
      const end = inner.write(target, offset, key);
      for (let at = offset; at < end; at += 1) target[at] = ~(target[at] ?? 0);
      return end;
    },
    read: (source, offset) => {
      const [key, next] = inner.read(
        source.slice(offset).map((byte) => ~byte),
        0,
      );
      return [key, offset + next];
    },
  };
}

/** Keys of several parts, ordered by the first, then the second, and so on. */
export interface TupleKeyCodec<K extends readonly unknown[]> extends KeyCodec<K> {
  /** The bytes with which all keys that begin with these parts begin. */
  encodePrefix(parts: KeyPrefix<K>): Uint8Array;
}

type Parts<K extends readonly unknown[]> = { readonly [Index in keyof K]: KeyCodec<K[Index]> };

export function tupleKey<const K extends readonly unknown[]>(...parts: Parts<K>): TupleKeyCodec<K> {
  const codecs = parts as readonly KeyCodec<unknown>[];
  const sizeOf = (values: readonly unknown[]): number => {
    let size = 0;
    for (const [index, value] of values.entries()) size += codecs[index]?.size(value) ?? 0;
    return size;
  };
  const writeAll = (target: Uint8Array, offset: number, values: readonly unknown[]): number => {
    let at = offset;
    for (const [index, value] of values.entries()) {
      at = codecs[index]?.write(target, at, value) ?? at;
    }
    return at;
  };
  return {
    size: sizeOf,
    write: (target, offset, key) => {
      if (key.length !== codecs.length) {
        badKey(`The key has ${codecs.length} parts, not ${key.length}`);
      }
      return writeAll(target, offset, key);
    },
    read: (source, offset) => {
      const values: unknown[] = [];
      let at = offset;
      for (const codec of codecs) {
        const [value, next] = codec.read(source, at);
        values.push(value);
        at = next;
      }
      return [values as unknown as K, at];
    },
    encodePrefix: (values: readonly unknown[]) => {
      if (values.length > codecs.length) badKey(`The key has only ${codecs.length} parts`);
      const target = new Uint8Array(sizeOf(values));
      writeAll(target, 0, values);
      return target;
    },
  };
}
