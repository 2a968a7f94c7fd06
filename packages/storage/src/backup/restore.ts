import { rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { equalBytes } from '@mxd/codec';
import { type KeyValueStore } from '../contract.ts';
import { StorageError } from '../errors.ts';
import { openLevelStore } from '../level/level-store.ts';
import {
  checkNoInterruptedRestore,
  pathExists,
  replacedPath,
  restoringPath,
} from '../level/restore-marker.ts';
import { type NetworkIdentity, readMetadata, sameNetwork } from '../metadata.ts';
import { parseChunk, readChunks } from './chunks.ts';
import { listNames, onFiles, removePath, syncDirectory, syncTree } from './files.ts';
import { choosePoint, type PointChoice, type SeriesOptions } from './manage.ts';
import { PackReader } from './packs.ts';
import { type BackupPoint, type BackupProgress, describePoint, type Manifest } from './points.ts';
import { checkNetwork, openSeries, readManifests, type Series } from './series.ts';

export interface RestoreOptions extends SeriesOptions, PointChoice {
  /** The directory of the store to make. */
  readonly target: string;
  /** The network that the backup must be of. */
  readonly network: NetworkIdentity;
  /** True: a store in the target is replaced, once the restored one is complete. Default false. */
  readonly replace?: boolean;
  /** Opens the store to fill, for another driver. Default: LevelDB. */
  readonly open?: (directory: string) => Promise<KeyValueStore>;
  readonly onProgress?: (progress: BackupProgress) => void;
  readonly signal?: AbortSignal;
}

type Watch = Pick<RestoreOptions, 'onProgress' | 'signal'>;

async function fill(
  store: KeyValueStore,
  series: Series,
  manifest: Manifest,
  watch: Watch,
): Promise<void> {
  await using packs = new PackReader(series);
  const { sizeBytes: totalBytes } = describePoint(manifest);
  let entries = 0;
  let bytes = 0;
  let last: Uint8Array | undefined;
  for (const place of manifest.chunks) {
    watch.signal?.throwIfAborted();
    const chunk = await packs.read(place);
    const operations = parseChunk(chunk, last);
    if (operations.length !== place.entries) {
      throw new StorageError('STORAGE_ARCHIVE_ALTERED', 'A chunk has another number of entries');
    }
    last = operations.at(-1)?.key ?? last;
    await store.batch(operations);
    entries += operations.length;
    bytes += chunk.length;
    watch.onProgress?.({ phase: 'restore', entries, bytes, totalBytes });
  }
}

/** Cuts the restored store into chunks once more: they must be those of the point. */
async function readBackStore(
  store: KeyValueStore,
  series: Series,
  manifest: Manifest,
  watch: Watch,
): Promise<void> {
  const { sizeBytes: totalBytes } = describePoint(manifest);
  let index = 0;
  let entries = 0;
  let bytes = 0;
  for await (const chunk of readChunks(store, series.chunkTarget, watch.signal)) {
    const expected = manifest.chunks[index]?.id;
    if (expected === undefined || !equalBytes(series.seal.id(chunk.bytes), expected)) break;
    index += 1;
    entries += chunk.entries;
    bytes += chunk.bytes.length;
    watch.onProgress?.({ phase: 'read-back', entries, bytes, totalBytes });
  }
  if (bytes === totalBytes && index === manifest.chunks.length) return;
  throw new StorageError('STORAGE_READ_BACK', 'The restored store is not what was backed up');
}

/** Refuses a target that is in use, or not to be replaced. */
async function checkTarget(target: string, replace: boolean): Promise<boolean> {
  await checkNoInterruptedRestore(target);
  if (!(await pathExists(target))) return false;
  const names = await listNames(target);
  if (names.length === 0) return true;
  if (!replace) {
    throw new StorageError('STORAGE_TARGET', `${target} is not empty`, { target });
  }
  if (!names.includes('CURRENT')) {
    throw new StorageError('STORAGE_TARGET', `${target} has files, but is no store`, { target });
  }
  return true;
}

/** Fails with STORAGE_LOCKED if a process has the store open; a damaged one may be replaced. */
async function checkUnlocked(target: string): Promise<void> {
  try {
    const store = await openLevelStore(target, { createIfMissing: false, cacheBytes: 0 });
    await store.close();
  } catch (error) {
    if (error instanceof StorageError && error.code === 'STORAGE_LOCKED') throw error;
  }
}

async function putInPlace(built: string, target: string, exists: boolean): Promise<void> {
  const replaced = replacedPath(target);
  await onFiles('Putting the restored store in place', target, async () => {
    const parent = dirname(target);
    if (exists) {
      await removePath(replaced);
      await rename(target, replaced);
      await syncDirectory(parent);
    }
    try {
      await rename(built, target);
    } catch (error) {
      if (exists) await rename(replaced, target);
      throw error;
    }
    await syncDirectory(parent);
  });
  // The restore has succeeded; what is left here the next restore removes.
  if (exists) await removePath(replaced).catch(() => undefined);
}

/**
 * Makes a store from a point of a series. It is built beside the target, read back, and only then
 * put in its place: on any error the target is as it was.
 *
 * @throws StorageError STORAGE_NETWORK, STORAGE_POINT_MISSING, STORAGE_TARGET, STORAGE_LOCKED,
 * STORAGE_ARCHIVE_*, STORAGE_READ_BACK, STORAGE_DISK_FULL, STORAGE_IO.
 */
export async function restoreBackup(options: RestoreOptions): Promise<BackupPoint> {
  using series = await openSeries(options.directory, options.key);
  checkNetwork(series, options.network);
  const manifest = choosePoint(await readManifests(series), options);
  const target = resolve(options.target);
  const exists = await checkTarget(target, options.replace ?? false);
  if (exists) await checkUnlocked(target);
  const built = restoringPath(target);
  const open = options.open ?? openLevelStore;
  // Left over if it exists: a restore that runs has it locked, and checkUnlocked says so.
  if (await pathExists(built)) await checkUnlocked(built);
  await removePath(built);
  try {
    const store = await open(built);
    try {
      await fill(store, series, manifest, options);
      await readBackStore(store, series, manifest, options);
      const metadata = readMetadata(store);
      if (metadata === undefined || !sameNetwork(metadata.network, options.network)) {
        throw new StorageError('STORAGE_NETWORK', 'The restored store is of another network');
      }
    } finally {
      await store.close();
    }
    await onFiles('Syncing the restored store', built, () => syncTree(built));
    await putInPlace(built, target, exists);
  } catch (error) {
    await removePath(built);
    throw error;
  }
  return describePoint(manifest);
}
