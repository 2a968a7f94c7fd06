import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listBackups } from '../backup/manage.ts';
import { type KeyValueStore, type Operation } from '../contract.ts';
import { prepareStore } from '../database.ts';
import { StorageError } from '../errors.ts';
import { openMemoryStore } from '../memory/memory-store.ts';
import { type NetworkIdentity, putMetadata, readMetadata } from '../metadata.ts';
import { type Schema } from '../schema.ts';
import { verifyStore } from '../verify.ts';
import { faultyStore } from './faulty-store.ts';

/** What a released version left on disk, and what must be there after migrating it. */
export interface MigrationFixture {
  readonly version: number;
  /** Raw stored entries as that version wrote them: keep them as they are, forever. */
  readonly entries: readonly Operation[];
  /** Throws if the migrated store is not what the current version expects. */
  readonly check: (store: KeyValueStore) => Promise<void>;
}

const network: NetworkIdentity = { id: 1, genesisHash: new Uint8Array(64) };

async function migrateOnce(
  schema: Schema,
  fixture: MigrationFixture,
  directory: string,
  failAt: number,
): Promise<boolean> {
  const store = openMemoryStore();
  const { application } = schema;
  const metadata = putMetadata({ network, application, schemaVersion: fixture.version });
  await store.batch([metadata, ...fixture.entries]);
  let batches = 0;
  const interrupted = faultyStore(store, ({ method }) => {
    if (method !== 'batch') return undefined;
    batches += 1;
    return batches === failAt ? { code: 'STORAGE_IO', when: 'after' } : undefined;
  });
  const options = { schema, network, migration: { backup: { directory } } };
  try {
    await prepareStore(interrupted, options);
  } catch (error) {
    if (batches < failAt) throw error;
    await prepareStore(store, options);
  }
  const report = await verifyStore(store, { schema });
  const [problem] = report.problems;
  if (problem !== undefined) throw new StorageError(problem.code, problem.message);
  if (readMetadata(store)?.schemaVersion !== schema.version) {
    throw new StorageError('STORAGE_MIGRATION', 'The migrated store is of another version');
  }
  await fixture.check(store);
  const points = await listBackups({ directory });
  const wanted = fixture.version === schema.version ? 0 : 1;
  if (points.length !== wanted) {
    throw new StorageError('STORAGE_MIGRATION', `${points.length} backups instead of ${wanted}`);
  }
  return batches >= failAt;
}

/**
 * Migrates the store of every released version to the current one: undisturbed, and cut off after
 * each batch and continued. Each result is verified, and there must be exactly one backup.
 *
 * @returns how many migrations ran. Throws if a version has no fixture or a migration goes wrong.
 */
export async function checkMigrations(
  schema: Schema,
  fixtures: readonly MigrationFixture[],
): Promise<number> {
  let runs = 0;
  for (let version = 1; version < schema.version; version += 1) {
    const fixture = fixtures.find((candidate) => candidate.version === version);
    if (fixture === undefined) {
      throw new StorageError('STORAGE_MIGRATION', `No fixture of version ${version}`);
    }
    for (let failAt = 1, more = true; more; failAt += 1) {
      const directory = await mkdtemp(join(tmpdir(), 'mxd-migrations-'));
      try {
        more = await migrateOnce(schema, fixture, directory, failAt);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
      runs += 1;
    }
  }
  return runs;
}
