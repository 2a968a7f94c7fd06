import { equalBytes, toHex } from '@mxd/codec';
import { type KeyValueStore } from './contract.ts';
import { StorageError, type StorageErrorCode } from './errors.ts';
import { checkLevelTables } from './level/table-check.ts';
import { limits } from './limits.ts';
import { isMetadataKey, readMetadata } from './metadata.ts';
import { type AnyBucket, type Schema } from './schema.ts';

export interface VerifyProblem {
  readonly code: StorageErrorCode;
  readonly message: string;
  /** The bucket's name; none for a file or a key that belongs to no bucket. */
  readonly bucket?: string;
  /** The stored key, in hexadecimal. */
  readonly key?: string;
  readonly file?: string;
}

export interface BucketReport {
  readonly name: string;
  readonly entries: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly entries: number;
  readonly buckets: readonly BucketReport[];
  readonly tables: number;
  readonly tableBytes: number;
  /** How many problems there are; `problems` lists the first of them. */
  readonly problemCount: number;
  readonly problems: readonly VerifyProblem[];
}

export interface VerifyOptions {
  readonly schema: Schema;
  readonly onProgress?: (progress: { readonly entries: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

class Problems {
  readonly list: VerifyProblem[] = [];
  count = 0;

  add(problem: VerifyProblem): void {
    this.count += 1;
    if (this.list.length < limits.verifyProblems.value) this.list.push(problem);
  }
}

interface Tally {
  readonly bucket: AnyBucket;
  entries: number;
  keyBytes: number;
  valueBytes: number;
}

function belongsTo(bucket: AnyBucket, key: Uint8Array): boolean {
  return equalBytes(bucket.prefix, key.subarray(0, bucket.prefix.length));
}

function checkEntry(tally: Tally, key: Uint8Array, value: Uint8Array, problems: Problems): void {
  tally.entries += 1;
  tally.keyBytes += key.length;
  tally.valueBytes += value.length;
  const { bucket } = tally;
  try {
    const decoded = bucket.decodeKey(key);
    if (!equalBytes(bucket.encodeKey(decoded as never), key)) {
      throw new StorageError('STORAGE_KEY', 'The key is not in its canonical form');
    }
    bucket.decodeValue(key, value);
  } catch (error) {
    const coded = error instanceof StorageError ? error : undefined;
    problems.add({
      code: coded?.code ?? 'STORAGE_VALUE',
      message: coded?.message ?? String(error),
      bucket: bucket.name,
      key: toHex(key),
    });
  }
}

/**
 * Walks the whole store as it is at this moment: every block of every table against its checksum,
 * every key through its bucket and back, every value through its checksum and codec.
 *
 * Problems are collected, not thrown; an I/O error is thrown. Runs beside readers and writers.
 */
export async function verifyStore(
  store: KeyValueStore,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const { schema, signal } = options;
  const problems = new Problems();
  const tallies: Tally[] = schema.buckets.map((bucket) => ({
    bucket,
    entries: 0,
    keyBytes: 0,
    valueBytes: 0,
  }));
  let tables = 0;
  let tableBytes = 0;
  if (store.driver === 'level' && store.location !== undefined) {
    const report = await checkLevelTables(store.location, signal);
    ({ tables, bytes: tableBytes } = report);
    for (const { file, reason } of report.damaged) {
      problems.add({ code: 'STORAGE_CORRUPT', message: `${file}: ${reason}`, file });
    }
  }
  try {
    const metadata = readMetadata(store);
    if (metadata === undefined || metadata.application !== schema.application) {
      problems.add({ code: 'STORAGE_FOREIGN', message: `No metadata of ${schema.application}` });
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    problems.add({ code: error.code, message: error.message });
  }
  const entries = await walk(store, tallies, problems, options);
  return {
    ok: problems.count === 0,
    entries,
    buckets: tallies.map(({ bucket, ...rest }) => ({ name: bucket.name, ...rest })),
    tables,
    tableBytes,
    problemCount: problems.count,
    problems: problems.list,
  };
}

async function walk(
  store: KeyValueStore,
  tallies: readonly Tally[],
  problems: Problems,
  options: VerifyOptions,
): Promise<number> {
  const { signal, onProgress } = options;
  await using scan = store.range(signal === undefined ? {} : { signal });
  let entries = 0;
  let bytes = 0;
  let current: Tally | undefined;
  for (;;) {
    let page;
    try {
      page = await scan.page(256);
    } catch (error) {
      // A block that cannot be parsed ends the walk; what was found so far is still worth having.
      if (!(error instanceof StorageError) || error.code !== 'STORAGE_CORRUPT') throw error;
      problems.add({ code: error.code, message: error.message });
      return entries;
    }
    if (page.length === 0) return entries;
    for (const [key, value] of page) {
      entries += 1;
      bytes += key.length + value.length;
      if (isMetadataKey(key)) continue;
      if (current === undefined || !belongsTo(current.bucket, key)) {
        current = tallies.find(({ bucket }) => belongsTo(bucket, key));
      }
      if (current === undefined) {
        const message = 'The key belongs to no bucket of the schema';
        problems.add({ code: 'STORAGE_KEY', message, key: toHex(key) });
      } else checkEntry(current, key, value, problems);
    }
    onProgress?.({ entries, bytes });
  }
}
