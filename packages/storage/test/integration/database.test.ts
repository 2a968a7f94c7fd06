import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { listBackups, restoreBackup } from '../../src/backup/index.ts';
import {
  defineBucket,
  defineSchema,
  type KeyValueStore,
  type MigrationStep,
  openDatabase,
  openLevelStore,
  openMemoryStore,
  prepareStore,
  rawValue,
  readMetadata,
  type Schema,
  u32Key,
  verifyStore,
} from '../../src/index.ts';
import { checkMigrations, faultyStore } from '../../src/testing/index.ts';
import { collect, startChild } from '../support/children.ts';
import { temporaryPath } from '../support/directories.ts';
import { migrations, noteCount, versionOf } from '../support/migrating.ts';
import { network, notes, otherNetwork, schema } from '../support/notes.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('opening a database', () => {
  test('marks an empty store and finds the mark again', async () => {
    const directory = await temporaryPath();
    const store = await openDatabase({ directory, schema, network });
    expect(readMetadata(store)).toEqual({ network, application: 'notes', schemaVersion: 1 });
    await store.batch([notes.put(1, Uint8Array.of(1))]);
    await store.close();
    const again = await openDatabase({ directory, schema, network });
    expect(notes.on(again).getSync(1)).toEqual(Uint8Array.of(1));
    await again.close();
  });

  test('refuses another network, application or version, and lets go of the lock', async () => {
    const directory = await temporaryPath();
    await (await openDatabase({ directory, schema, network })).close();
    const refused = async (expected: string, options: object): Promise<void> => {
      const open = openDatabase({ directory, schema, network, ...options });
      await expect(open).rejects.toEqual(code(expected));
    };
    await refused('STORAGE_NETWORK', { network: otherNetwork });
    await refused('STORAGE_NETWORK', { network: { ...network, id: 8 } });
    await refused('STORAGE_FOREIGN', { schema: { ...schema, application: 'other' } });
    await refused('STORAGE_SCHEMA_OLDER', { schema: versionOf(2) });
    await (await openDatabase({ directory, schema, network })).close();
  });

  test('refuses data without metadata, damaged metadata, and metadata of the future', async () => {
    const unmarked = openMemoryStore();
    await unmarked.batch([notes.put(1, Uint8Array.of(1))]);
    await expect(prepareStore(unmarked, { schema, network })).rejects.toEqual(
      code('STORAGE_FOREIGN'),
    );

    const store = openMemoryStore();
    await prepareStore(store, { schema: versionOf(3), network });
    await expect(prepareStore(store, { schema, network })).rejects.toEqual(
      code('STORAGE_SCHEMA_NEWER'),
    );
    const [[key, value]] = (await store.range().page(1)) as [[Uint8Array, Uint8Array]];
    value[6]! ^= 1;
    await store.batch([{ type: 'put', key, value }]);
    await expect(prepareStore(store, { schema, network })).rejects.toEqual(
      code('STORAGE_CHECKSUM'),
    );
  });
});

describe('a schema', () => {
  const bucket = (name: string, ...prefix: number[]) =>
    defineBucket({ name, prefix: Uint8Array.from(prefix), key: u32Key, value: rawValue });
  const step = (from: number): MigrationStep => ({
    from,
    name: `step ${from}`,
    run: async function* () {},
  });
  const bad: readonly (readonly [string, Parameters<typeof defineSchema>[0]])[] = [
    [
      'prefixes that are equal',
      { application: 'a', version: 1, buckets: [bucket('x', 1), bucket('y', 1)] },
    ],
    [
      'a prefix that begins with another',
      { application: 'a', version: 1, buckets: [bucket('x', 1), bucket('y', 1, 2)] },
    ],
    [
      'a name used twice',
      { application: 'a', version: 1, buckets: [bucket('x', 1), bucket('x', 2)] },
    ],
    ['a missing step', { application: 'a', version: 3, buckets: [], migrations: [step(1)] }],
    [
      'steps out of order',
      { application: 'a', version: 3, buckets: [], migrations: [step(2), step(1)] },
    ],
    ['no name', { application: '', version: 1, buckets: [] }],
    ['version 0', { application: 'a', version: 0, buckets: [] }],
  ];
  test.each(bad)('is refused for %s', (_name, options) => {
    expect(() => defineSchema(options)).toThrow(code('STORAGE_SCHEMA'));
  });
});

async function oldStore(): Promise<KeyValueStore> {
  const store = openMemoryStore();
  await prepareStore(store, { schema: versionOf(1), network });
  const operations = Array.from({ length: noteCount }, (_, index) =>
    notes.put(index, Uint8Array.of(index % 256)),
  );
  await store.batch(operations);
  return store;
}

describe('migrating', () => {
  test('takes a verified backup first, then goes step by step', async () => {
    const store = await oldStore();
    const directory = await temporaryPath('backups');
    const phases: string[] = [];
    await prepareStore(store, {
      schema: versionOf(3),
      network,
      migration: {
        backup: { directory, describe: () => ({ height: 12 }) },
        onProgress: ({ phase, step }) => phases.push(step ?? phase),
      },
    });
    expect(readMetadata(store)?.schemaVersion).toBe(3);
    expect((await verifyStore(store, { schema: versionOf(3) })).problems).toEqual([]);
    expect([...new Set(phases)]).toEqual(['backup', 'add a byte', 'move to prefix 3']);
    const points = await listBackups({ directory });
    expect(points).toMatchObject([
      { height: 12, schemaVersion: 1, label: 'before migration from 1 to 3' },
    ]);

    const target = await temporaryPath('restored');
    await restoreBackup({ directory, target, network });
    const old = await openDatabase({ directory: target, schema: versionOf(1), network });
    expect(notes.on(old).getSync(5)).toEqual(Uint8Array.of(5));
    await old.close();
  });

  test('without a place for the backup nothing is changed', async () => {
    const store = await oldStore();
    const before = await store.range().page(4096);
    const migration = { backup: { directory: '' } };
    await expect(prepareStore(store, { schema: versionOf(2), network, migration })).rejects.toEqual(
      code('STORAGE_BACKUP_NEEDED'),
    );
    expect(await store.range().page(4096)).toEqual(before);
  });

  test('a failing backup stops the migration before it changes anything', async () => {
    const store = await oldStore();
    const before = await store.range().page(4096);
    const broken = faultyStore(store, ({ method }) =>
      method === 'page' ? { code: 'STORAGE_IO', when: 'before' } : undefined,
    );
    const migration = { backup: { directory: await temporaryPath('backups') } };
    await expect(
      prepareStore(broken, { schema: versionOf(2), network, migration }),
    ).rejects.toEqual(code('STORAGE_IO'));
    expect(await store.range().page(4096)).toEqual(before);
  });

  test('a failing step is named, and a later run goes on from its cursor', async () => {
    const store = await oldStore();
    const migration = { backup: { directory: await temporaryPath('backups') } };
    const [first, second] = migrations;
    const failing: MigrationStep = {
      ...first!,
      run: async function* (context) {
        for await (const batch of first!.run(context)) {
          yield batch;
          if (context.cursor === undefined) throw new RangeError('tripped');
        }
      },
    };
    const broken: Schema = { ...versionOf(3), migrations: [failing, second!] };
    const options = { schema: broken, network, migration };
    await expect(prepareStore(store, options)).rejects.toThrow(/"add a byte".*tripped/);
    await expect(prepareStore(store, { schema: versionOf(3), network })).rejects.toThrow(
      /has begun/,
    );
    await prepareStore(store, options);
    expect((await verifyStore(store, { schema: versionOf(3) })).problems).toEqual([]);
    expect(await listBackups(migration.backup)).toHaveLength(1);
  });

  test('every released version migrates forward, cut off after any batch', async () => {
    const entries = await (await oldStore()).range({ gte: Uint8Array.of(1) }).page(4096);
    const puts = entries.map(([key, value]) => ({ type: 'put' as const, key, value }));
    const stepped = await oldStore();
    const migration = { backup: { directory: await temporaryPath('backups') } };
    await prepareStore(stepped, { schema: versionOf(2), network, migration });
    const steppedPuts = (await stepped.range({ gte: Uint8Array.of(1) }).page(4096)).map(
      ([key, value]) => ({ type: 'put' as const, key, value }),
    );
    const check = async (store: KeyValueStore): Promise<void> => {
      expect(await store.range({ gte: Uint8Array.of(3) }).page(4096)).toHaveLength(noteCount);
    };
    const fixtures = [
      { version: 1, entries: puts, check },
      { version: 2, entries: steppedPuts, check },
    ];
    expect(await checkMigrations(versionOf(3), fixtures)).toBeGreaterThan(10);
    await expect(checkMigrations(versionOf(3), fixtures.slice(1))).rejects.toEqual(
      code('STORAGE_MIGRATION'),
    );
  });

  test('survives kill -9 at any moment, with one backup', async () => {
    const directory = await temporaryPath();
    const backups = await temporaryPath('backups');
    const store = await openLevelStore(directory);
    await prepareStore(store, { schema: versionOf(1), network });
    await store.batch(
      Array.from({ length: noteCount }, (_, index) => notes.put(index, Uint8Array.of(index % 256))),
    );
    await store.close();
    let done = false;
    let kills = 0;
    for (let round = 0; !done; round += 1) {
      const child = startChild('./migrating-child.ts', [directory, backups]);
      const { lines, errors } = await collect(child, (_line, count) => {
        if (count > 3 + round) child.kill('SIGKILL');
      });
      expect(errors).toBe('');
      done = lines.at(-1) === 'done';
      if (!done) kills += 1;
      expect(round).toBeLessThan(100);
    }
    expect(kills).toBeGreaterThan(1);
    const migrated = await openDatabase({ directory, schema: versionOf(3), network });
    expect((await verifyStore(migrated, { schema: versionOf(3) })).problems).toEqual([]);
    expect(await migrated.range({ gte: Uint8Array.of(3) }).page(4096)).toHaveLength(noteCount);
    await migrated.close();
    expect(
      (await listBackups({ directory: backups })).map(({ schemaVersion }) => schemaVersion),
    ).toEqual([1]);
    await rm(backups, { recursive: true });
  });
});
