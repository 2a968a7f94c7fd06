import { type KeyValueStore } from './contract.ts';
import { StorageError } from './errors.ts';
import { type LevelOptions, openLevelStore } from './level/level-store.ts';
import {
  describeNetwork,
  type NetworkIdentity,
  putMetadata,
  readMetadata,
  readMigration,
  sameNetwork,
} from './metadata.ts';
import { migrateStore, type MigrationOptions } from './migrate.ts';
import { type Schema } from './schema.ts';

export interface PrepareOptions {
  readonly schema: Schema;
  readonly network: NetworkIdentity;
  /** Without it a store of an older version is refused, not changed. */
  readonly migration?: MigrationOptions;
}

async function isEmpty(store: KeyValueStore): Promise<boolean> {
  await using scan = store.range({ limit: 1 });
  return (await scan.page(1)).length === 0;
}

/**
 * Makes sure that the store belongs to this network and application and is of this version: marks
 * an empty one, migrates an older one, refuses every other.
 *
 * @throws StorageError STORAGE_FOREIGN, STORAGE_NETWORK, STORAGE_SCHEMA_NEWER,
 * STORAGE_SCHEMA_OLDER, STORAGE_BACKUP_NEEDED, STORAGE_MIGRATION.
 */
export async function prepareStore(store: KeyValueStore, options: PrepareOptions): Promise<void> {
  const { schema, network } = options;
  const metadata = readMetadata(store);
  if (metadata === undefined) {
    if (!(await isEmpty(store))) {
      throw new StorageError('STORAGE_FOREIGN', 'The store has data but no metadata', {
        location: store.location,
      });
    }
    const { application, version: schemaVersion } = schema;
    await store.batch([putMetadata({ network, application, schemaVersion })], { sync: true });
    return;
  }
  if (metadata.application !== schema.application) {
    throw new StorageError(
      'STORAGE_FOREIGN',
      `The store belongs to ${metadata.application}, not to ${schema.application}`,
      { location: store.location },
    );
  }
  if (!sameNetwork(metadata.network, network)) {
    throw new StorageError(
      'STORAGE_NETWORK',
      `The store is of ${describeNetwork(metadata.network)}, not ${describeNetwork(network)}`,
      { location: store.location },
    );
  }
  const found = metadata.schemaVersion;
  if (found > schema.version) {
    throw new StorageError(
      'STORAGE_SCHEMA_NEWER',
      `The store is of version ${found}, this program knows ${schema.version}`,
      { found, known: schema.version },
    );
  }
  if (found === schema.version) return;
  if (options.migration === undefined) {
    const begun = readMigration(store) === undefined ? '' : ', its migration has begun';
    throw new StorageError(
      'STORAGE_SCHEMA_OLDER',
      `The store is of version ${found}${begun}; this program uses ${schema.version}`,
      { found, known: schema.version },
    );
  }
  await migrateStore(store, schema, metadata, options.migration);
}

export interface DatabaseOptions extends PrepareOptions, LevelOptions {
  readonly directory: string;
}

/** Opens a LevelDB store and prepares it; closes it again if it cannot be used. */
export async function openDatabase(options: DatabaseOptions): Promise<KeyValueStore> {
  const store = await openLevelStore(options.directory, options);
  try {
    await prepareStore(store, options);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
