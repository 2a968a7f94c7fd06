import {
  copyFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Secret, SecretBytes } from '@mxd/crypto/secret';
import { describe, expect, test } from 'vitest';
import {
  type BackupKey,
  type BackupProgress,
  createBackup,
  listBackups,
  pruneBackups,
  restoreBackup,
  verifyBackups,
} from '../../src/backup/index.ts';
import {
  type Entry,
  type KeyValueStore,
  openDatabase,
  openLevelStore,
  openMemoryStore,
  prepareStore,
  type Reader,
} from '../../src/index.ts';
import { faultyStore, forEachFault } from '../../src/testing/index.ts';
import { collect, startChild } from '../support/children.ts';
import { temporaryPath } from '../support/directories.ts';
import { network, notes, otherNetwork, schema } from '../support/notes.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

/** The height is note 0, as the tip is in a ledger. */
function describePoint(reader: Reader): { height: number } {
  return { height: notes.on(reader).getSync(0)?.[0] ?? 0 };
}

async function prepared(count = 3000): Promise<KeyValueStore> {
  const store = openMemoryStore();
  await prepareStore(store, { schema, network });
  await store.batch(Array.from({ length: count }, (_, index) => notes.put(index, valueOf(index))));
  return store;
}

function valueOf(index: number): Uint8Array {
  return new Uint8Array(200).map((_, at) => (index * 7 + at * 13) % 256);
}

async function contents(reader: Reader): Promise<readonly Entry[]> {
  return Array.fromAsync(reader.range());
}

async function setHeight(store: KeyValueStore, height: number): Promise<void> {
  await store.batch([
    notes.put(0, Uint8Array.of(height)),
    notes.put(10_000 + height, valueOf(height)),
  ]);
}

async function restored(directory: string, options: object = {}): Promise<readonly Entry[]> {
  const target = await temporaryPath('restored');
  await restoreBackup({ directory, target, network, ...options });
  const store = await openDatabase({ directory: target, schema, network });
  const entries = await contents(store);
  await store.close();
  return entries;
}

const keys: readonly (readonly [string, BackupKey | undefined])[] = [
  ['unencrypted', undefined],
  ['under a key', { kind: 'key', key: SecretBytes.copyOf(new Uint8Array(32).fill(9)) }],
  ['under a passphrase', { kind: 'passphrase', passphrase: Secret.of('correct horse') }],
];
const cost = { memoryKib: 1024, passes: 1, lanes: 1 };
const keyOption = (key: BackupKey | undefined): { key?: BackupKey } =>
  key === undefined ? {} : { key };

describe.each(keys)('a backup %s', (_name, key) => {
  test('comes back byte for byte, with progress', async () => {
    const store = await prepared();
    const directory = await temporaryPath('backups');
    const seen: BackupProgress[] = [];
    const onProgress = (progress: BackupProgress): void => void seen.push(progress);
    const options = { directory, cost, onProgress, describe: describePoint, ...keyOption(key) };
    await setHeight(store, 42);
    const point = await createBackup(store, options);
    expect(point).toMatchObject({ sequence: 1, height: 42, entries: 3002, schemaVersion: 1 });
    expect(await restored(directory, { onProgress, ...keyOption(key) })).toEqual(
      await contents(store),
    );
    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(['scan', 'read-back', 'restore']);
    for (const { bytes, totalBytes } of seen) expect(bytes).toBeLessThanOrEqual(totalBytes);
    expect(seen.at(-1)).toMatchObject({
      phase: 'read-back',
      entries: 3002,
      bytes: point.sizeBytes,
    });
  });

  test('shares what has not changed with the points before', async () => {
    const store = await prepared();
    const directory = await temporaryPath('backups');
    const options = { directory, cost, ...keyOption(key) };
    const first = await createBackup(store, options);
    await store.batch([notes.put(1500, Uint8Array.of(1))]);
    const second = await createBackup(store, options);
    const third = await createBackup(store, options);
    expect(first.addedBytes).toBeGreaterThanOrEqual(first.sizeBytes);
    expect(second.addedBytes).toBeGreaterThan(0);
    expect(second.addedBytes).toBeLessThan(first.addedBytes / 2);
    expect(third.addedBytes).toBe(0);
    expect(await listBackups(options)).toEqual([first, second, third]);
    expect(await verifyBackups(options)).toHaveLength(3);
  });

  test('any changed byte and any cut is found, and the target stays away', async () => {
    const store = await prepared(300);
    const directory = await temporaryPath('backups');
    const target = await temporaryPath('restored');
    const options = { directory, cost, ...keyOption(key) };
    await createBackup(store, options);
    const restore = () => restoreBackup({ ...options, target, network });
    for (const name of ['series.mxb', 'points/00000001.mxp', 'packs/00000001.mxk']) {
      const path = join(directory, name);
      const good = await readFile(path);
      const kept = `${directory}.kept`;
      await copyFile(path, kept);
      const stride = Math.max(1, Math.floor(good.length / 23));
      for (let offset = 0; offset < good.length; offset += stride) {
        const bad = Buffer.from(good);
        bad[offset]! ^= 0x04;
        await writeFile(path, bad);
        await expect(restore()).rejects.toEqual(
          expect.objectContaining({
            code: expect.stringMatching(/^STORAGE_ARCHIVE_(ALTERED|TRUNCATED|FORMAT)$/),
          }),
        );
        await writeFile(path, good.subarray(0, offset));
        await expect(restore()).rejects.toEqual(code('STORAGE_ARCHIVE_TRUNCATED'));
      }
      await rm(path);
      const missing =
        name === 'series.mxb'
          ? 'STORAGE_ARCHIVE_MISSING'
          : name.startsWith('points')
            ? 'STORAGE_POINT_MISSING'
            : 'STORAGE_ARCHIVE_TRUNCATED';
      await expect(restore()).rejects.toEqual(code(missing));
      await copyFile(kept, path);
      await expect(stat(target)).rejects.toThrow('ENOENT');
      await expect(stat(`${target}.restoring`)).rejects.toThrow('ENOENT');
    }
    await restore();
    expect((await stat(target)).isDirectory()).toBe(true);
  });
});

describe('keys of a backup', () => {
  test('the wrong one, none, one too many, or one of another kind is refused', async () => {
    const store = await prepared(10);
    const right: BackupKey = { kind: 'passphrase', passphrase: Secret.of('right') };
    const wrong: BackupKey = { kind: 'passphrase', passphrase: Secret.of('wrong') };
    const raw: BackupKey = { kind: 'key', key: SecretBytes.random(32) };
    const sealed = await temporaryPath('sealed');
    const open = await temporaryPath('open');
    await createBackup(store, { directory: sealed, key: right, cost });
    await createBackup(store, { directory: open });
    const refused = async (directory: string, key: BackupKey | undefined): Promise<void> => {
      await expect(listBackups({ directory, ...keyOption(key) })).rejects.toEqual(
        code('STORAGE_ARCHIVE_KEY'),
      );
      await expect(createBackup(store, { directory, ...keyOption(key) })).rejects.toEqual(
        code('STORAGE_ARCHIVE_KEY'),
      );
    };
    await refused(sealed, wrong);
    await refused(sealed, undefined);
    await refused(sealed, raw);
    await refused(open, right);
    await expect(
      createBackup(store, {
        directory: await temporaryPath('short'),
        key: { kind: 'key', key: SecretBytes.random(31) },
      }),
    ).rejects.toEqual(code('STORAGE_ARCHIVE_KEY'));
    await expect(
      createBackup(store, {
        directory: await temporaryPath('empty'),
        cost,
        key: { kind: 'passphrase', passphrase: Secret.of('') },
      }),
    ).rejects.toEqual(code('STORAGE_ARCHIVE_KEY'));
    await expect(
      createBackup(store, {
        directory: await temporaryPath('dear'),
        cost: { ...cost, memoryKib: 2 ** 30 },
        key: right,
      }),
    ).rejects.toEqual(code('STORAGE_ARCHIVE_FORMAT'));
  });

  test('an encrypted backup shows nothing of what is in it', async () => {
    const store = await prepared(10);
    const marker = new TextEncoder().encode('find me if you can');
    await store.batch([notes.put(5, marker)]);
    const directory = await temporaryPath('backups');
    const key: BackupKey = { kind: 'key', key: SecretBytes.random(32) };
    await createBackup(store, {
      directory,
      key,
      describe: () => ({ height: 1, label: 'find me' }),
    });
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name));
      expect(bytes.includes('find me')).toBe(false);
    }
  });
});

describe('an online backup', () => {
  test('is of one moment while writers go on', async () => {
    const directory = await temporaryPath();
    const store = await openDatabase({ directory, schema, network });
    await store.batch(
      Array.from({ length: 5000 }, (_, index) => notes.put(index, Uint8Array.of(0))),
    );
    const controller = new AbortController();
    let height = 0;
    const writer = (async () => {
      while (!controller.signal.aborted) {
        height += 1;
        // All notes change together: a backup of two moments would mix values.
        const value = Uint8Array.of(height % 256, height >>> 8);
        await store.batch(Array.from({ length: 5000 }, (_, index) => notes.put(index, value)));
      }
    })();
    const backups = await temporaryPath('backups');
    for (let round = 0; round < 3; round += 1) {
      const point = await createBackup(store, { directory: backups, describe: describePoint });
      const target = await temporaryPath('restored');
      await restoreBackup({ directory: backups, target, network });
      const copy = await openDatabase({ directory: target, schema, network });
      const values = new Set<string>();
      for await (const [, value] of notes.on(copy).range()) values.add(value.join());
      expect(values.size).toBe(1);
      expect([...values][0]!.split(',')[0]).toBe(String(point.height));
      await copy.close();
    }
    controller.abort();
    await writer;
    expect(store.counters).toMatchObject({ openScans: 0, openSnapshots: 0, leaked: 0 });
    await store.close();
  });

  test('one at a time per series', async () => {
    const store = await prepared(500);
    const directory = await temporaryPath('backups');
    const results = await Promise.allSettled([
      createBackup(store, { directory }),
      createBackup(store, { directory }),
    ]);
    const rejected = results.filter((result) => result.status === 'rejected');
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.reason).toEqual(code('STORAGE_ARCHIVE_BUSY'));
    expect(await listBackups({ directory })).toHaveLength(1);
  });

  test('can be given up, and leaves the series as it was', async () => {
    const store = await prepared();
    const directory = await temporaryPath('backups');
    await createBackup(store, { directory });
    await setHeight(store, 1);
    for (const phase of ['scan', 'read-back']) {
      const controller = new AbortController();
      const options = {
        directory,
        signal: controller.signal,
        onProgress: (progress: BackupProgress) => {
          if (progress.phase === phase) controller.abort(new RangeError('given up'));
        },
      };
      await expect(createBackup(store, options)).rejects.toThrow('given up');
      expect(await verifyBackups({ directory })).toHaveLength(1);
    }
    expect(await createBackup(store, { directory })).toMatchObject({ sequence: 2 });
    expect(await restored(directory)).toEqual(await contents(store));
    expect(store.counters).toMatchObject({ openScans: 0, openSnapshots: 0 });
  });

  test('survives a fault at every call of the store', async () => {
    const directory = await temporaryPath('backups');
    const faults = await forEachFault({
      fault: { code: 'STORAGE_IO', when: 'before' },
      open: () => prepared(200),
      scenario: async (store) => {
        await createBackup(store, { directory });
      },
      check: async (store, error) => {
        expect(error).toEqual(code('STORAGE_IO'));
        expect(store.counters).toMatchObject({ openScans: 0, openSnapshots: 0 });
        await createBackup(store, { directory });
        expect((await verifyBackups({ directory })).length).toBeGreaterThan(0);
      },
    });
    expect(faults).toBeGreaterThanOrEqual(5);
  });

  test('survives kill -9 at any moment', async () => {
    const directory = await temporaryPath();
    const store = await openDatabase({ directory, schema, network });
    await store.batch(
      Array.from({ length: 20_000 }, (_, index) => notes.put(index, valueOf(index))),
    );
    await store.close();
    const backups = await temporaryPath('backups');
    let points = 0;
    for (let round = 0; round < 6; round += 1) {
      const child = startChild('./backup-child.ts', [directory, backups]);
      const { lines } = await collect(child, (_line, count) => {
        if (count > round * 25) child.kill('SIGKILL');
      });
      points = Math.max(points, lines.filter((line) => line.startsWith('point')).length);
      const found = await verifyBackups({ directory: backups }).catch((error: unknown) => error);
      if (found instanceof Error) expect(found).toEqual(code('STORAGE_ARCHIVE_MISSING'));
    }
    const again = await openDatabase({ directory, schema, network });
    await createBackup(again, { directory: backups });
    const entries = await contents(again);
    await again.close();
    expect(await restored(backups)).toEqual(entries);
    // What the killed runs left has been cleared away.
    expect((await readdir(join(backups, 'packs'))).every((name) => name.endsWith('.mxk'))).toBe(
      true,
    );
  });

  test('needs a prepared store, and a directory of its own', async () => {
    const bare = openMemoryStore();
    const directory = await temporaryPath('backups');
    await expect(createBackup(bare, { directory })).rejects.toEqual(code('STORAGE_FOREIGN'));
    const full = await temporaryPath('full');
    await mkdir(full);
    await writeFile(join(full, 'letter.txt'), 'dear diary');
    await expect(createBackup(await prepared(1), { directory: full })).rejects.toEqual(
      code('STORAGE_ARCHIVE_FORMAT'),
    );
    const other = openMemoryStore();
    await prepareStore(other, { schema, network: otherNetwork });
    const ours = await temporaryPath('ours');
    await createBackup(await prepared(1), { directory: ours });
    await expect(createBackup(other, { directory: ours })).rejects.toEqual(code('STORAGE_NETWORK'));
    const foreign = openMemoryStore();
    await prepareStore(foreign, { schema: { ...schema, application: 'other' }, network });
    await expect(createBackup(foreign, { directory: ours })).rejects.toEqual(
      code('STORAGE_FOREIGN'),
    );
  });
});

describe('restoring', () => {
  test('to a height takes the newest point at or below it', async () => {
    const store = await prepared(100);
    const directory = await temporaryPath('backups');
    const states = new Map<number, readonly Entry[]>();
    for (const height of [10, 20, 30]) {
      await setHeight(store, height);
      await createBackup(store, { directory, describe: describePoint });
      states.set(height, await contents(store));
    }
    expect(await restored(directory, { height: 10 })).toEqual(states.get(10));
    expect(await restored(directory, { height: 29 })).toEqual(states.get(20));
    expect(await restored(directory, { height: 1000 })).toEqual(states.get(30));
    expect(await restored(directory, { sequence: 2 })).toEqual(states.get(20));
    expect(await restored(directory)).toEqual(states.get(30));
    await expect(restored(directory, { height: 9 })).rejects.toEqual(code('STORAGE_POINT_MISSING'));
    await expect(restored(directory, { sequence: 4 })).rejects.toEqual(
      code('STORAGE_POINT_MISSING'),
    );
    await expect(restored(directory, { sequence: 1, height: 10 })).rejects.toEqual(
      code('STORAGE_ARGUMENT'),
    );
  });

  test('keeps working after older points are pruned', async () => {
    const store = await prepared(2000);
    const directory = await temporaryPath('backups');
    for (const height of [1, 2, 3, 4]) {
      await setHeight(store, height);
      await createBackup(store, { directory, describe: describePoint });
    }
    expect((await pruneBackups({ directory, keep: 2 })).map(({ height }) => height)).toEqual([
      3, 4,
    ]);
    expect(await verifyBackups({ directory })).toHaveLength(2);
    expect(await restored(directory)).toEqual(await contents(store));
    await expect(restored(directory, { height: 2 })).rejects.toEqual(code('STORAGE_POINT_MISSING'));
    await expect(pruneBackups({ directory, keep: 0 })).rejects.toEqual(code('STORAGE_ARGUMENT'));
    await setHeight(store, 5);
    expect(await createBackup(store, { directory })).toMatchObject({ sequence: 5 });
  });

  test('refuses another network and a target in use, which stays as it was', async () => {
    const store = await prepared(100);
    const directory = await temporaryPath('backups');
    await createBackup(store, { directory });
    const target = await temporaryPath('target');
    await expect(restoreBackup({ directory, target, network: otherNetwork })).rejects.toEqual(
      code('STORAGE_NETWORK'),
    );
    await expect(stat(target)).rejects.toThrow('ENOENT');

    const running = await openDatabase({ directory: target, schema, network });
    await running.batch([notes.put(77, Uint8Array.of(77))]);
    const options = { directory, target, network };
    await expect(restoreBackup(options)).rejects.toEqual(code('STORAGE_TARGET'));
    await expect(restoreBackup({ ...options, replace: true })).rejects.toEqual(
      code('STORAGE_LOCKED'),
    );
    await running.batch([notes.put(78, Uint8Array.of(78))]);
    await running.close();

    await truncate(join(directory, 'packs/00000001.mxk'), 100);
    await expect(restoreBackup({ ...options, replace: true })).rejects.toEqual(
      code('STORAGE_ARCHIVE_TRUNCATED'),
    );
    const same = await openDatabase({ directory: target, schema, network });
    expect(notes.on(same).getSync(78)).toEqual(Uint8Array.of(78));
    await same.close();
  });

  test('replaces a store when told, leaving nothing beside it', async () => {
    const store = await prepared(100);
    const directory = await temporaryPath('backups');
    await createBackup(store, { directory });
    const target = await temporaryPath('target');
    const old = await openDatabase({ directory: target, schema, network });
    await old.batch([notes.put(77_777, Uint8Array.of(1))]);
    await old.close();
    await restoreBackup({ directory, target, network, replace: true });
    const now = await openDatabase({ directory: target, schema, network });
    expect(await contents(now)).toEqual(await contents(store));
    await now.close();
    expect(await readdir(join(target, '..'))).toEqual(['target']);

    const letters = await temporaryPath('letters');
    await mkdir(letters);
    await writeFile(join(letters, 'letter.txt'), 'dear diary');
    await expect(
      restoreBackup({ directory, target: letters, network, replace: true }),
    ).rejects.toEqual(code('STORAGE_TARGET'));
  });

  test('notices a store that gives back something else than was written', async () => {
    const store = await prepared(100);
    const directory = await temporaryPath('backups');
    await createBackup(store, { directory });
    const target = await temporaryPath('target');
    const open = async (path: string): Promise<KeyValueStore> => {
      const inner = await openLevelStore(path);
      const batch = inner.batch.bind(inner);
      inner.batch = (operations, options) => batch(operations.slice(1), options);
      return inner;
    };
    await expect(restoreBackup({ directory, target, network, open })).rejects.toEqual(
      code('STORAGE_READ_BACK'),
    );
    await expect(stat(target)).rejects.toThrow('ENOENT');
  });

  test('survives a fault at every call of the store that is filled', async () => {
    const store = await prepared(200);
    const directory = await temporaryPath('backups');
    await createBackup(store, { directory });
    for (let failAt = 0, calls = 1; failAt < calls; failAt += 1) {
      const target = await temporaryPath('target');
      calls = 0;
      const open = async (path: string): Promise<KeyValueStore> =>
        faultyStore(await openLevelStore(path), ({ index, method }) => {
          calls = Math.max(calls, index + 1);
          return index === failAt && method !== 'close'
            ? { code: 'STORAGE_IO', when: 'before' }
            : undefined;
        });
      const outcome = await restoreBackup({ directory, target, network, open }).catch(
        (error: unknown) => error,
      );
      if (!(outcome instanceof Error)) break;
      expect(outcome).toEqual(code('STORAGE_IO'));
      expect(await readdir(join(target, '..'))).toEqual([]);
      calls = failAt + 2;
    }
    expect(await restored(directory)).toEqual(await contents(store));
  });

  test('can be repeated after kill -9 at any moment', async () => {
    const store = await prepared(20_000);
    const directory = await temporaryPath('backups');
    await createBackup(store, { directory });
    const target = await temporaryPath('target');
    let done = false;
    for (let round = 0; !done && round < 40; round += 1) {
      const child = startChild('./restore-child.ts', [directory, target]);
      const { lines, errors } = await collect(child, (_line, count) => {
        if (count > round * 20) child.kill('SIGKILL');
      });
      expect(errors).toBe('');
      done = lines.at(-1) === 'done';
    }
    const copy = await openDatabase({ directory: target, schema, network });
    expect(await contents(copy)).toEqual(await contents(store));
    await copy.close();
  });

  test('an interrupted exchange of directories is not taken for an empty store', async () => {
    const target = await temporaryPath('target');
    const old = await openDatabase({ directory: target, schema, network });
    await old.close();
    await cp(target, `${target}.replaced`, { recursive: true });
    await rm(target, { recursive: true });
    await expect(openDatabase({ directory: target, schema, network })).rejects.toEqual(
      code('STORAGE_RESTORE_INTERRUPTED'),
    );
  });
});
