import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type KeyValueStore,
  openDatabase,
  openLevelStore,
  openMemoryStore,
  prepareStore,
  StorageError,
  verifyStore,
} from '../../src/index.ts';
import { checkLevelTables } from '../../src/level/table-check.ts';
import { limits } from '../../src/limits.ts';
import { temporaryPath } from '../support/directories.ts';
import { byOwner, network, notes, schema } from '../support/notes.ts';

const first = Uint8Array.of(0);
const last = Uint8Array.of(0xff);

async function prepared(): Promise<KeyValueStore> {
  const store = openMemoryStore();
  await prepareStore(store, { schema, network });
  await store.batch([
    notes.put(1, Uint8Array.of(1)),
    notes.put(2, Uint8Array.of(2, 2)),
    byOwner.put([new Uint8Array(4), 1], 5),
  ]);
  return store;
}

describe('verifying a store', () => {
  test('finds nothing in a good one, and says what is in it', async () => {
    const store = await prepared();
    const seen: number[] = [];
    const report = await verifyStore(store, {
      schema,
      onProgress: ({ entries }) => seen.push(entries),
    });
    expect(report).toEqual({
      ok: true,
      entries: 4,
      buckets: [
        { name: 'notes', entries: 2, keyBytes: 10, valueBytes: 11 },
        { name: 'by-owner', entries: 1, keyBytes: 9, valueBytes: 4 },
      ],
      tables: 0,
      tableBytes: 0,
      problemCount: 0,
      problems: [],
    });
    expect(seen).toEqual([4]);
  });

  test('reports each kind of damage with its code and place', async () => {
    const store = await prepared();
    const good = notes.put(3, Uint8Array.of(3));
    const raw = (key: Uint8Array, value: Uint8Array) => ({ type: 'put' as const, key, value });
    await store.batch([
      raw(notes.encodeKey(2), good.value),
      raw(Uint8Array.of(1, 2, 3), good.value),
      raw(Uint8Array.of(99), good.value),
      raw(byOwner.encodeKey([new Uint8Array(4), 2]), Uint8Array.of(1)),
    ]);
    const report = await verifyStore(store, { schema });
    expect(report.ok).toBe(false);
    expect(report.problems.map(({ code, bucket, key }) => ({ code, bucket, key }))).toEqual(
      [
        { code: 'STORAGE_KEY', bucket: 'notes', key: '010203' },
        // The value was written for another key; and order is the order of keys.
        { code: 'STORAGE_CHECKSUM', bucket: 'notes', key: '0100000002' },
        { code: 'STORAGE_VALUE', bucket: 'by-owner', key: '020000000000000002' },
        { code: 'STORAGE_KEY', bucket: undefined, key: '63' },
      ].sort((a, b) => a.key.localeCompare(b.key)),
    );
  });

  test('counts all problems and lists a bounded number', async () => {
    const store = await prepared();
    const count = limits.verifyProblems.value + 5;
    await store.batch(
      Array.from({ length: count }, (_, index) => ({
        type: 'put' as const,
        key: notes.encodeKey(index),
        value: Uint8Array.of(1),
      })),
    );
    const report = await verifyStore(store, { schema });
    expect(report.problemCount).toBe(count);
    expect(report.problems).toHaveLength(limits.verifyProblems.value);
  });

  test('notices missing, foreign and damaged metadata', async () => {
    const codes = async (store: KeyValueStore): Promise<unknown> =>
      (await verifyStore(store, { schema })).problems.map(({ code }) => code);
    expect(await codes(openMemoryStore())).toEqual(['STORAGE_FOREIGN']);
    const foreign = openMemoryStore();
    await prepareStore(foreign, { schema: { ...schema, application: 'other' }, network });
    expect(await codes(foreign)).toEqual(['STORAGE_FOREIGN']);
    const damaged = await prepared();
    const [[key, value]] = (await damaged.range().page(1)) as [[Uint8Array, Uint8Array]];
    value[0]! ^= 1;
    await damaged.batch([{ type: 'put', key, value }]);
    expect(await codes(damaged)).toEqual(['STORAGE_CHECKSUM']);
  });

  test('can be given up', async () => {
    const store = await prepared();
    const signal = AbortSignal.abort(new RangeError('given up'));
    await expect(verifyStore(store, { schema, signal })).rejects.toThrow('given up');
    expect(store.counters.openScans).toBe(0);
  });
});

/** A closed LevelDB store whose data lies in tables. */
async function storeOnDisk(): Promise<string> {
  const directory = await temporaryPath();
  const store = await openDatabase({ directory, schema, network });
  const value = (index: number) => new Uint8Array(300).map((_, at) => (index * 31 + at * 17) % 256);
  await store.batch(Array.from({ length: 5000 }, (_, index) => notes.put(index, value(index))));
  await store.compact(first, last);
  await store.close();
  return directory;
}

describe('verifying files', () => {
  test('passes good tables beside an open store', async () => {
    const directory = await storeOnDisk();
    const store = await openDatabase({ directory, schema, network });
    const report = await verifyStore(store, { schema });
    expect(report).toMatchObject({ ok: true, entries: 5001 });
    expect(report.tables).toBeGreaterThan(0);
    expect(report.tableBytes).toBeGreaterThan(1_500_000);
    await store.close();
  });

  test('finds a changed byte anywhere in a table', async () => {
    const directory = await storeOnDisk();
    const name = (await readdir(directory)).find((each) => each.endsWith('.ldb'))!;
    const path = join(directory, name);
    const good = await readFile(path);
    const missed: number[] = [];
    // Evenly through the data, and byte by byte through filter, indexes and footer at the end.
    const offsets = Array.from({ length: 40 }, (_, at) => Math.floor((at * good.length) / 40));
    for (let offset = good.length - 9000; offset < good.length; offset += 131) offsets.push(offset);
    for (const offset of offsets) {
      const bad = Buffer.from(good);
      bad[offset]! ^= 0x20;
      await writeFile(path, bad);
      const { damaged } = await checkLevelTables(directory);
      if (damaged.length !== 1 || damaged[0]?.file !== name) missed.push(offset);
    }
    expect(missed).toEqual([]);
    for (const length of [0, 40, 1000, good.length - 1]) {
      await writeFile(path, good.subarray(0, length));
      expect((await checkLevelTables(directory)).damaged).toHaveLength(1);
    }
  });

  test('a damaged table is reported, and reading never shows a wrong value', async () => {
    const directory = await storeOnDisk();
    for (const name of await readdir(directory)) {
      if (!name.endsWith('.ldb')) continue;
      const path = join(directory, name);
      const bytes = await readFile(path);
      bytes[Math.floor(bytes.length / 3)]! ^= 0x20;
      await writeFile(path, bytes);
    }
    const store = await openLevelStore(directory);
    const report = await verifyStore(store, { schema });
    const codes = new Set(report.problems.map(({ code }) => code));
    expect(codes).toContain('STORAGE_CORRUPT');
    expect(codes).toContain('STORAGE_CHECKSUM');
    const reader = notes.on(store);
    let refused = 0;
    for (let index = 0; index < 5000; index += 1) {
      try {
        expect(reader.getSync(index)?.[0]).toBe((index * 31) % 256);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(0);
    await store.close();
  });
});
