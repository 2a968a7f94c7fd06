import { CodedError } from '@mxd/codec';

/** Every code that this package can throw, with what it means and what to do. */
export const storageErrors = {
  STORAGE_CLOSED: 'The store, snapshot or scan was used after it had been closed.',
  STORAGE_STOPPED:
    'A write failed earlier, so the store takes no more: fix the cause it named and restart.',
  STORAGE_LOCKED: 'Another process has the store open: stop it, or use another directory.',
  STORAGE_MISSING: 'There is no store in the directory, and none was to be created.',
  STORAGE_PERMISSION: 'The process may not read or write the directory: check owner and mode.',
  STORAGE_DISK_FULL: 'The disk or quota is full: free space, then restart. Nothing synced is lost.',
  STORAGE_IO: 'The operating system reported an I/O error: check the disk, then restart.',
  STORAGE_CORRUPT:
    'Files of the store are damaged: do not repair in place, restore a backup or sync anew.',
  STORAGE_CHECKSUM: 'A stored value does not match its checksum: restore a backup or sync anew.',
  STORAGE_KEY: 'A key has no encoding in its bucket, or stored bytes are no key of it.',
  STORAGE_VALUE: 'A stored value does not decode: it was written by other code or is damaged.',
  STORAGE_LIMIT: 'A key, value, batch, or the number of open scans or snapshots is over its limit.',
  STORAGE_ARGUMENT: 'The call contradicts the contract: wrong type, or options that exclude.',
  STORAGE_SCHEMA: 'The schema is contradictory: prefixes overlap, or a migration step is missing.',
  STORAGE_SCHEMA_NEWER: 'A newer version wrote the store: use that version, or restore a backup.',
  STORAGE_SCHEMA_OLDER: 'The store is of an older version: open it with migration allowed.',
  STORAGE_FOREIGN: 'The directory holds a store of another application, or one without metadata.',
  STORAGE_NETWORK: 'The store or archive belongs to another network.',
  STORAGE_BACKUP_NEEDED: 'A migration starts only with a place for the backup before it.',
  STORAGE_MIGRATION: 'A migration step failed; the store stays at the step it reached.',
  STORAGE_RESTORE_INTERRUPTED:
    'A restore was interrupted while directories were swapped: the old store lies beside.',
  STORAGE_TARGET: 'The target of a restore exists already: choose another, or allow replacing.',
  STORAGE_ARCHIVE_MISSING: 'There is no backup series in the directory.',
  STORAGE_ARCHIVE_FORMAT: 'The backup series is of an unknown format or version.',
  STORAGE_ARCHIVE_TRUNCATED: 'A file of the backup is missing or shorter than it was written.',
  STORAGE_ARCHIVE_ALTERED: 'A file of the backup is not what was written.',
  STORAGE_ARCHIVE_KEY: 'The backup is encrypted with another key, or a key is missing or too much.',
  STORAGE_ARCHIVE_BUSY: 'Another backup into the same series is running.',
  STORAGE_POINT_MISSING: 'The series has no point at or below that height.',
  STORAGE_READ_BACK: 'Reading back gave something else than was written: distrust the disk.',
} as const;

export type StorageErrorCode = keyof typeof storageErrors;

/** Thrown by everything in this package. */
export class StorageError extends CodedError<StorageErrorCode> {}
