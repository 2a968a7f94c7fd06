import { join } from 'node:path';
import { toHex } from '@mxd/codec';
import { type KeyValueStore, type Reader } from '../contract.ts';
import { StorageError } from '../errors.ts';
import { pathExists } from '../level/restore-marker.ts';
import { limits } from '../limits.ts';
import { readMetadata } from '../metadata.ts';
import { readChunks } from './chunks.ts';
import { listNames, onFiles, removePath, writeDurably } from './files.ts';
import { PackReader, PackWriter } from './packs.ts';
import {
  type BackupPoint,
  type BackupProgress,
  type ChunkPlace,
  describePoint,
  encodeManifest,
  type Manifest,
  type PointDescription,
  pointPath,
} from './points.ts';
import { type BackupKey, type StretchCost } from './seal.ts';
import {
  checkNetwork,
  createSeries,
  lockSeries,
  openSeries,
  readManifests,
  type Series,
  seriesPath,
} from './series.ts';

export interface BackupOptions {
  /** The series' directory; made if it does not exist. */
  readonly directory: string;
  /** Encrypts a new series, opens an encrypted one. */
  readonly key?: BackupKey;
  /** The cost of stretching a passphrase, for a new series. */
  readonly cost?: StretchCost;
  /** Reads the height out of the snapshot that is backed up. Default: height 0. */
  readonly describe?: (reader: Reader) => PointDescription;
  readonly onProgress?: (progress: BackupProgress) => void;
  readonly signal?: AbortSignal;
}

const firstKey = Uint8Array.of(0);
const lastKey = new Uint8Array(limits.keySize.value).fill(0xff);

async function openOrCreate(
  store: KeyValueStore,
  options: BackupOptions,
): Promise<{ readonly series: Series; readonly schemaVersion: number }> {
  const metadata = readMetadata(store);
  if (metadata === undefined) {
    throw new StorageError('STORAGE_FOREIGN', 'The store has no metadata: prepare it first');
  }
  const { directory, key } = options;
  const { schemaVersion, network, application } = metadata;
  if (!(await pathExists(seriesPath(directory)))) {
    const others = (await listNames(directory)).filter((name) => name !== 'lock');
    if (others.some((name) => name !== 'series.mxb.partial')) {
      throw new StorageError(
        'STORAGE_ARCHIVE_FORMAT',
        `${directory} has other files, or the header of its series is gone`,
        { directory },
      );
    }
    const chunkTarget = limits.backupChunkTarget.value;
    const description = { network, application, chunkTarget };
    return { series: await createSeries(directory, description, key, options.cost), schemaVersion };
  }
  const series = await openSeries(directory, key);
  try {
    checkNetwork(series, network);
    if (series.application !== application) {
      throw new StorageError(
        'STORAGE_FOREIGN',
        `The series is of ${series.application}, the store of ${application}`,
      );
    }
  } catch (error) {
    series[Symbol.dispose]();
    throw error;
  }
  return { series, schemaVersion };
}

/** Removes what a backup or pruning left that was cut off: no point refers to it. */
export async function removeOrphans(series: Series, manifests: readonly Manifest[]): Promise<void> {
  const used = new Set<number>();
  for (const manifest of manifests) for (const chunk of manifest.chunks) used.add(chunk.pack);
  const packs = join(series.directory, 'packs');
  for (const name of await listNames(packs)) {
    const sequence = /^(\d{8})\.mxk$/.exec(name)?.[1];
    if (sequence !== undefined && used.has(Number(sequence))) continue;
    await removePath(join(packs, name));
  }
}

async function scan(
  series: Series,
  reader: Reader,
  writer: PackWriter,
  known: Map<string, ChunkPlace>,
  totalBytes: number,
  options: BackupOptions,
): Promise<readonly ChunkPlace[]> {
  const places: ChunkPlace[] = [];
  let entries = 0;
  let bytes = 0;
  for await (const chunk of readChunks(reader, series.chunkTarget, options.signal)) {
    const id = series.seal.id(chunk.bytes);
    const name = toHex(id);
    const place = known.get(name) ?? (await writer.add(id, chunk.bytes, chunk.entries));
    if (places.length >= limits.backupChunks.value) {
      throw new StorageError('STORAGE_LIMIT', `A point has at most ${places.length} chunks`);
    }
    known.set(name, place);
    places.push(place);
    entries += chunk.entries;
    bytes += chunk.bytes.length;
    options.onProgress?.({
      phase: 'scan',
      entries,
      bytes,
      totalBytes: Math.max(bytes, totalBytes),
    });
  }
  return places;
}

/** Reads every chunk of a point from disk and compares it with its name. */
export async function readBack(
  series: Series,
  places: readonly ChunkPlace[],
  phase: 'read-back' | 'verify',
  options: Pick<BackupOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  await using packs = new PackReader(series);
  const totalBytes = places.reduce((sum, place) => sum + place.plainBytes, 0);
  let entries = 0;
  let bytes = 0;
  for (const place of places) {
    options.signal?.throwIfAborted();
    bytes += (await packs.read(place)).length;
    entries += place.entries;
    options.onProgress?.({ phase, entries, bytes, totalBytes });
  }
}

/**
 * Takes a backup of a prepared store while it is in use: one more point in the series of the
 * directory, with the chunks that no earlier point has. It is read back in full before it counts.
 *
 * @throws StorageError STORAGE_FOREIGN, STORAGE_NETWORK, STORAGE_ARCHIVE_*, STORAGE_DISK_FULL,
 * STORAGE_IO, STORAGE_LIMIT; earlier points stay what they are in every case.
 */
export async function createBackup(
  store: KeyValueStore,
  options: BackupOptions,
): Promise<BackupPoint> {
  const { directory } = options;
  await using _lock = await lockSeries(directory);
  const opened = await openOrCreate(store, options);
  using series = opened.series;
  const manifests = await readManifests(series);
  if (manifests.length >= limits.backupPoints.value) {
    throw new StorageError('STORAGE_LIMIT', `The series has ${manifests.length} points: prune it`);
  }
  await removeOrphans(series, manifests);
  const known = new Map<string, ChunkPlace>();
  for (const { chunks } of manifests) for (const place of chunks) known.set(toHex(place.id), place);

  const sequence = (manifests.at(-1)?.sequence ?? 0) + 1;
  await using writer = new PackWriter(series, sequence);
  await using snapshot = store.snapshot();
  const description = options.describe?.(snapshot) ?? { height: 0 };
  const totalBytes = await store.approximateSize(firstKey, lastKey);
  const chunks = await scan(series, snapshot, writer, known, totalBytes, options);
  await snapshot.close();
  await writer.finish();
  await readBack(series, chunks, 'read-back', options);

  const manifest: Manifest = {
    sequence,
    createdAtMs: Date.now(),
    height: description.height,
    schemaVersion: opened.schemaVersion,
    label: new TextEncoder().encode(description.label ?? ''),
    chunks,
  };
  const file = encodeManifest(manifest, series.seal, series.id);
  const path = pointPath(directory, sequence);
  await onFiles('Writing the backup', path, () => writeDurably(path, [file]));
  return describePoint(manifest);
}
