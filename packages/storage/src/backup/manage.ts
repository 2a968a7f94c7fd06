import { StorageError } from '../errors.ts';
import { readBack, removeOrphans } from './create.ts';
import { onFiles, removePath, syncDirectory } from './files.ts';
import {
  type BackupPoint,
  type BackupProgress,
  describePoint,
  type Manifest,
  pointPath,
} from './points.ts';
import { type BackupKey } from './seal.ts';
import { lockSeries, openSeries, readManifests } from './series.ts';
import { join } from 'node:path';

export interface SeriesOptions {
  readonly directory: string;
  readonly key?: BackupKey;
}

/** The points of a series, oldest first. */
export async function listBackups(options: SeriesOptions): Promise<readonly BackupPoint[]> {
  using series = await openSeries(options.directory, options.key);
  return (await readManifests(series)).map(describePoint);
}

export interface PointChoice {
  /** The newest point at or below this height. */
  readonly height?: number;
  /** Exactly this point. Without either: the newest. */
  readonly sequence?: number;
}

/** @throws StorageError STORAGE_POINT_MISSING */
export function choosePoint(manifests: readonly Manifest[], choice: PointChoice): Manifest {
  const { height, sequence } = choice;
  if (height !== undefined && sequence !== undefined) {
    throw new StorageError('STORAGE_ARGUMENT', 'Choose a point by height or sequence, not both');
  }
  let chosen: Manifest | undefined;
  for (const manifest of manifests) {
    if (sequence !== undefined && manifest.sequence !== sequence) continue;
    if (height !== undefined) {
      if (manifest.height > height) continue;
      if (chosen !== undefined && chosen.height > manifest.height) continue;
    }
    chosen = manifest;
  }
  if (chosen !== undefined) return chosen;
  const heights = manifests.map((manifest) => manifest.height);
  throw new StorageError(
    'STORAGE_POINT_MISSING',
    manifests.length === 0
      ? 'The series has no point yet'
      : `The series has no such point; its heights are ${heights.slice(-20).join(', ')}`,
    { height, sequence, points: manifests.length },
  );
}

export interface VerifyBackupOptions extends SeriesOptions {
  readonly onProgress?: (progress: BackupProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads every chunk of every point.
 *
 * @throws StorageError STORAGE_ARCHIVE_TRUNCATED or STORAGE_ARCHIVE_ALTERED at the first damage.
 */
export async function verifyBackups(options: VerifyBackupOptions): Promise<readonly BackupPoint[]> {
  using series = await openSeries(options.directory, options.key);
  const manifests = await readManifests(series);
  const places = new Map(
    manifests.flatMap(({ chunks }) =>
      chunks.map((place) => [`${place.pack}:${place.offset}`, place] as const),
    ),
  );
  await readBack(series, [...places.values()], 'verify', options);
  return manifests.map(describePoint);
}

/** Removes all but the newest `keep` points, and the packs that only those used. */
export async function pruneBackups(
  options: SeriesOptions & { readonly keep: number },
): Promise<readonly BackupPoint[]> {
  const { directory, keep } = options;
  if (!(Number.isSafeInteger(keep) && keep >= 1)) {
    throw new StorageError('STORAGE_ARGUMENT', `Pruning keeps at least one point, not ${keep}`);
  }
  await using _lock = await lockSeries(directory);
  using series = await openSeries(directory, options.key);
  const manifests = await readManifests(series);
  const kept = manifests.slice(-keep);
  for (const manifest of manifests.slice(0, -keep)) {
    await removePath(pointPath(directory, manifest.sequence));
  }
  if (kept.length < manifests.length) {
    const points = join(directory, 'points');
    await onFiles('Pruning', points, () => syncDirectory(points));
  }
  await removeOrphans(series, kept);
  return kept.map(describePoint);
}
