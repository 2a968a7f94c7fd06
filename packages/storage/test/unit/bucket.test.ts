import { u32 } from '@mxd/codec';
import { describe, expect, test } from 'vitest';
import {
  bytesKey,
  defineBucket,
  emptyValue,
  openMemoryStore,
  rawValue,
  tupleKey,
  u32Key,
  u8Key,
} from '../../src/index.ts';
import { byOwner, notes } from '../support/notes.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('a bucket', () => {
  test('reads and writes typed entries, apart from other buckets', async () => {
    await using store = openMemoryStore();
    const owner = Uint8Array.of(1, 2, 3, 4);
    await store.batch([
      notes.put(5, Uint8Array.of(55)),
      notes.put(6, Uint8Array.of(66)),
      byOwner.put([owner, 5], 500),
    ]);
    const reader = notes.on(store);
    expect(reader.getSync(5)).toEqual(Uint8Array.of(55));
    expect(await reader.get(6)).toEqual(Uint8Array.of(66));
    expect(await reader.getMany([6, 7, 5])).toEqual([
      Uint8Array.of(66),
      undefined,
      Uint8Array.of(55),
    ]);
    expect(await Array.fromAsync(reader.range())).toEqual([
      [5, Uint8Array.of(55)],
      [6, Uint8Array.of(66)],
    ]);
    expect(await byOwner.on(store).range().page(10)).toEqual([[[owner, 5], 500]]);
    await store.batch([notes.delete(5)]);
    expect(reader.getSync(5)).toBeUndefined();
  });

  test('copies entries as they are encoded, checksums checked and made anew', async () => {
    await using store = openMemoryStore();
    const put = notes.put(5, Uint8Array.of(55));
    await store.batch([
      put,
      notes.put(6, Uint8Array.of(66)),
      byOwner.put([put.key.subarray(1, 5), 5], 1),
    ]);
    const encoded = await notes.on(store).rangeEncoded().page(10);
    expect(encoded.map(([, value]) => value)).toEqual([Uint8Array.of(55), Uint8Array.of(66)]);
    expect(encoded.map(([key, value]) => notes.putEncoded(key, value))).toEqual([
      put,
      notes.put(6, Uint8Array.of(66)),
    ]);
    const damaged = put.value.slice();
    damaged[0] = 54;
    await store.batch([{ ...put, value: damaged }]);
    await expect(notes.on(store).rangeEncoded().page(10)).rejects.toThrow(code('STORAGE_CHECKSUM'));
  });

  test('scans bounds and parts of keys', async () => {
    await using store = openMemoryStore();
    const owner = (byte: number): Uint8Array => new Uint8Array(4).fill(byte);
    const operations = [0, 1, 255].flatMap((byte) =>
      [1, 2, 3].map((number) => byOwner.put([owner(byte), number], byte)),
    );
    await store.batch([...operations, notes.put(1, Uint8Array.of(1))]);
    const reader = byOwner.on(store);
    const numbers = async (options: Parameters<typeof reader.range>[0]): Promise<unknown> =>
      (await Array.fromAsync(reader.range(options))).map(
        ([[key, number]]) => `${key[0]}/${number}`,
      );
    expect(await numbers({ within: [owner(255)] })).toEqual(['255/1', '255/2', '255/3']);
    expect(await numbers({ within: [owner(1)], reverse: true, limit: 2 })).toEqual(['1/3', '1/2']);
    expect(await numbers({ within: [] })).toHaveLength(9);
    expect(await numbers({ gte: [owner(1), 3] })).toEqual(['1/3', '255/1', '255/2', '255/3']);
    expect(await numbers({ gt: [owner(1), 3], lt: [owner(255), 2] })).toEqual(['255/1']);
    expect(await numbers({ lte: [owner(0), 2] })).toEqual(['0/1', '0/2']);
    expect(() => reader.range({ within: [owner(1)], gte: [owner(1), 1] })).toThrow(
      code('STORAGE_ARGUMENT'),
    );
    const flat = notes.on(store);
    expect(() => flat.range({ within: [1] as never })).toThrow(code('STORAGE_ARGUMENT'));
    expect(() => flat.range({ gte: 1, gt: 1 })).toThrow(code('STORAGE_ARGUMENT'));
    expect(() => flat.range({ lte: 1, lt: 1 })).toThrow(code('STORAGE_ARGUMENT'));
  });

  test('finds a changed, moved or shortened value', async () => {
    await using store = openMemoryStore();
    const written = notes.put(1, Uint8Array.of(1, 2, 3));
    const reader = notes.on(store);
    for (let bit = 0; bit < written.value.length * 8; bit += 1) {
      const value = written.value.slice();
      value[bit >>> 3]! ^= 1 << (bit & 7);
      await store.batch([{ ...written, value }]);
      expect(() => reader.getSync(1)).toThrow(code('STORAGE_CHECKSUM'));
    }
    for (let length = 0; length < written.value.length; length += 1) {
      await store.batch([{ ...written, value: written.value.slice(0, length) }]);
      await expect(reader.get(1)).rejects.toEqual(code('STORAGE_CHECKSUM'));
    }
    await store.batch([{ ...written, key: notes.encodeKey(2) }]);
    await expect(reader.range({ gte: 2 }).next()).rejects.toEqual(code('STORAGE_CHECKSUM'));
    expect(store.counters.openScans).toBe(0);
  });

  test('reports values and keys that do not decode', async () => {
    await using store = openMemoryStore();
    const plain = defineBucket({
      name: 'plain',
      prefix: 9,
      key: u32Key,
      value: u32,
      checksum: false,
    });
    const key = plain.encodeKey(1);
    await store.batch([{ type: 'put', key, value: Uint8Array.of(1) }]);
    expect(() => plain.on(store).getSync(1)).toThrow(code('STORAGE_VALUE'));
    expect(() => plain.decodeKey(Uint8Array.of(9, 1))).toThrow(code('STORAGE_KEY'));
    expect(() => plain.decodeKey(Uint8Array.of(8, 0, 0, 0, 1))).toThrow(code('STORAGE_KEY'));
    expect(() => plain.decodeKey(Uint8Array.of(9, 0, 0, 0, 1, 0))).toThrow(code('STORAGE_KEY'));
    expect(plain.decodeKey(key)).toBe(1);
  });

  test('keeps presence only where the value is empty', async () => {
    await using store = openMemoryStore();
    const set = defineBucket({
      name: 'set',
      prefix: 3,
      key: u8Key,
      value: emptyValue,
      checksum: false,
    });
    await store.batch([set.put(1, true)]);
    expect(set.put(1, true).value).toHaveLength(0);
    expect(set.on(store).getSync(1)).toBe(true);
    expect(set.on(store).getSync(2)).toBeUndefined();
    await store.batch([{ type: 'put', key: set.encodeKey(1), value: Uint8Array.of(1) }]);
    expect(() => set.on(store).getSync(1)).toThrow(code('STORAGE_VALUE'));
  });

  test('refuses prefixes that cannot be used', () => {
    const rest = { name: 'x', key: tupleKey(bytesKey(1)), value: rawValue };
    for (const prefix of [0, 256, -1, 1.5, new Uint8Array(0), Uint8Array.of(0, 1)]) {
      expect(() => defineBucket({ ...rest, prefix })).toThrow(code('STORAGE_SCHEMA'));
    }
  });

  test('scans to the end of the key space under the last prefix', async () => {
    await using store = openMemoryStore();
    const last = defineBucket({ name: 'last', prefix: 255, key: bytesKey(2), value: rawValue });
    await store.batch([last.put(Uint8Array.of(255, 255), Uint8Array.of(1))]);
    expect(await last.on(store).range().page(5)).toHaveLength(1);
  });
});
