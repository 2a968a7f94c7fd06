import { createBackup } from './backup/create.ts';
import { type BackupProgress, type PointDescription } from './backup/points.ts';
import { type BackupKey } from './backup/seal.ts';
import { type KeyValueStore, type Reader } from './contract.ts';
import { StorageError } from './errors.ts';
import {
  deleteMigration,
  putMetadata,
  putMigration,
  readMigration,
  type StoreMetadata,
} from './metadata.ts';
import { type MigrationStep, type Schema } from './schema.ts';

export interface MigrationProgress {
  readonly phase: 'backup' | 'migrate';
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly step?: string;
  /** Of the phase or step, 0 to 1, where known. */
  readonly progress?: number;
  readonly backup?: BackupProgress;
}

export interface MigrationOptions {
  /** Where the backup goes that is taken, and read back, before the first step. */
  readonly backup: {
    readonly directory: string;
    readonly key?: BackupKey;
    readonly describe?: (reader: Reader) => PointDescription;
  };
  readonly onProgress?: (progress: MigrationProgress) => void;
}

const start = new Uint8Array(0);

async function runStep(
  store: KeyValueStore,
  step: MigrationStep,
  metadata: StoreMetadata,
  last: boolean,
  report: (progress: number | undefined) => void,
): Promise<void> {
  const state = readMigration(store);
  const cursor = state?.from === step.from && state.cursor.length > 0 ? state.cursor : undefined;
  try {
    for await (const batch of step.run({ reader: store, cursor })) {
      const marked = putMigration({ from: step.from, cursor: batch.cursor });
      await store.batch([...batch.operations, marked], { sync: true });
      report(batch.progress);
    }
  } catch (cause) {
    throw new StorageError(
      'STORAGE_MIGRATION',
      `Migration step "${step.name}" from version ${step.from} failed: ${String(cause)}`,
      { from: step.from, step: step.name },
      { cause },
    );
  }
  const from = step.from + 1;
  await store.batch(
    [
      putMetadata({ ...metadata, schemaVersion: from }),
      last ? deleteMigration() : putMigration({ from, cursor: start }),
    ],
    { sync: true },
  );
}

/**
 * Takes a store to the schema's version, step by step. A crash anywhere leaves a store that the
 * next call continues; the backup is taken once, before anything is changed.
 */
export async function migrateStore(
  store: KeyValueStore,
  schema: Schema,
  metadata: StoreMetadata,
  options: MigrationOptions,
): Promise<void> {
  const fromVersion = metadata.schemaVersion;
  const versions = { fromVersion, toVersion: schema.version };
  const report = options.onProgress ?? (() => undefined);
  if (readMigration(store) === undefined) {
    if (options.backup.directory === '') {
      throw new StorageError(
        'STORAGE_BACKUP_NEEDED',
        'The migration has no directory for a backup',
      );
    }
    const { describe } = options.backup;
    await createBackup(store, {
      ...options.backup,
      describe: (reader) => ({
        height: 0,
        ...describe?.(reader),
        label: `before migration from ${fromVersion} to ${schema.version}`,
      }),
      onProgress: (backup) => {
        report({ phase: 'backup', ...versions, backup });
      },
    });
    await store.batch([putMigration({ from: fromVersion, cursor: start })], { sync: true });
  }
  for (const step of schema.migrations.slice(fromVersion - 1)) {
    const last = step.from + 1 === schema.version;
    await runStep(store, step, metadata, last, (progress) => {
      const part = progress === undefined ? {} : { progress };
      report({ phase: 'migrate', ...versions, step: step.name, ...part });
    });
  }
}
