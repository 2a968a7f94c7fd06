import { type Bucket, type Operation, type Reader } from './contract.ts';
import { StorageError } from './errors.ts';

/** A bucket of any types: what the schema needs to know of it. */
export interface AnyBucket extends Pick<Bucket<never, unknown>, 'name' | 'prefix' | 'checksum'> {
  encodeKey(key: never): Uint8Array;
  decodeKey(bytes: Uint8Array): unknown;
  decodeValue(storedKey: Uint8Array, stored: Uint8Array): unknown;
}

/** One atomic part of a migration step. */
export interface MigrationBatch {
  readonly operations: readonly Operation[];
  /** Where to go on after a crash: handed back to `run`. At most 512 bytes. */
  readonly cursor: Uint8Array;
  /** How much is done, 0 to 1, if known. */
  readonly progress?: number;
}

/** Takes a store from version `from` to `from + 1`. */
export interface MigrationStep {
  readonly from: number;
  readonly name: string;
  /**
   * Yields batches; each is committed, synced, together with its cursor. After a crash it runs
   * again with the last cursor and must go on from there: what is before it is changed already.
   */
  run(context: {
    readonly reader: Reader;
    readonly cursor: Uint8Array | undefined;
  }): AsyncIterable<MigrationBatch>;
}

/** What a store contains, and how older stores become that. */
export interface Schema {
  /** Whose store it is, such as `ledger`: 1 to 32 characters of a-z, 0-9, -. */
  readonly application: string;
  /** Of what is on disk: 1 and up. */
  readonly version: number;
  readonly buckets: readonly AnyBucket[];
  readonly migrations: readonly MigrationStep[];
}

function fail(message: string): never {
  throw new StorageError('STORAGE_SCHEMA', message);
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

/**
 * Checks and returns the schema: no prefix begins with another, and there is a step from every
 * version before the current one.
 *
 * @throws StorageError STORAGE_SCHEMA
 */
export function defineSchema(schema: {
  readonly application: string;
  readonly version: number;
  readonly buckets: readonly AnyBucket[];
  readonly migrations?: readonly MigrationStep[];
}): Schema {
  const { application, version, buckets } = schema;
  const migrations = schema.migrations ?? [];
  if (!/^[a-z0-9-]{1,32}$/.test(application)) fail(`"${application}" is no application name`);
  if (!(Number.isSafeInteger(version) && version >= 1 && version < 2 ** 32)) {
    fail(`The version is a whole number from 1, not ${version}`);
  }
  for (const [index, bucket] of buckets.entries()) {
    for (const other of buckets.slice(index + 1)) {
      if (bucket.name === other.name) fail(`Two buckets are called ${bucket.name}`);
      const overlap =
        startsWith(bucket.prefix, other.prefix) || startsWith(other.prefix, bucket.prefix);
      if (overlap) fail(`The prefixes of ${bucket.name} and ${other.name} overlap`);
    }
  }
  if (migrations.length !== version - 1) {
    fail(`Version ${version} needs ${version - 1} migration steps, not ${migrations.length}`);
  }
  for (const [index, step] of migrations.entries()) {
    if (step.from !== index + 1) fail(`Migration step ${index + 1} is from version ${step.from}`);
  }
  return { application, version, buckets, migrations };
}
