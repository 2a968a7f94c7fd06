import { StorageError, type StorageErrorCode } from '../errors.ts';

/** What LevelDB's messages carry of strerror(3): there is no errno in its status. */
const causes: readonly (readonly [pattern: RegExp, code: StorageErrorCode])[] = [
  [
    /No space left on device|Disk quota exceeded|File too large|ENOSPC|EDQUOT/i,
    'STORAGE_DISK_FULL',
  ],
  [/Permission denied|Read-only file system|EACCES|EPERM|EROFS/i, 'STORAGE_PERMISSION'],
  [/does not exist \(create_if_missing is false\)/i, 'STORAGE_MISSING'],
  [/missing files|corrupt/i, 'STORAGE_CORRUPT'],
];

const codes: Readonly<Record<string, StorageErrorCode>> = {
  LEVEL_LOCKED: 'STORAGE_LOCKED',
  LEVEL_CORRUPTION: 'STORAGE_CORRUPT',
  ENOSPC: 'STORAGE_DISK_FULL',
  EDQUOT: 'STORAGE_DISK_FULL',
  EFBIG: 'STORAGE_DISK_FULL',
  EACCES: 'STORAGE_PERMISSION',
  EPERM: 'STORAGE_PERMISSION',
  EROFS: 'STORAGE_PERMISSION',
};

const closedCodes: ReadonlySet<string> = new Set([
  'LEVEL_DATABASE_NOT_OPEN',
  'LEVEL_ITERATOR_NOT_OPEN',
  'LEVEL_SNAPSHOT_NOT_OPEN',
]);

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The coded error for what LevelDB or the file system threw while `doing` something. */
export function toStorageError(error: unknown, doing: string, location: string): StorageError {
  if (error instanceof StorageError) return error;
  if (!(error instanceof Error)) {
    return new StorageError('STORAGE_IO', `${doing} failed: ${String(error)}`, { location });
  }
  // abstract-level wraps what happened while opening; the reason is the cause.
  const inner = error.cause instanceof Error ? error.cause : error;
  const own = codes[codeOf(inner)];
  const found = own ?? causes.find(([pattern]) => pattern.test(inner.message))?.[1];
  const closed = closedCodes.has(codeOf(inner)) ? 'STORAGE_CLOSED' : undefined;
  return new StorageError(
    found ?? closed ?? 'STORAGE_IO',
    `${doing} failed: ${inner.message}`,
    { location },
    { cause: error },
  );
}
