import { stat } from 'node:fs/promises';
import { StorageError } from '../errors.ts';

/** Where a restore builds the new store, beside its target. */
export function restoringPath(target: string): string {
  return `${target}.restoring`;
}

/** Where a restore keeps the store that it replaces until the new one is in place. */
export function replacedPath(target: string): string {
  return `${target}.replaced`;
}

export async function pathExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Refuses to create an empty store where a restore was cut off between its two renames; the
 * operator moves one of the two directories back.
 */
export async function checkNoInterruptedRestore(directory: string): Promise<void> {
  const replaced = replacedPath(directory);
  if ((await pathExists(directory)) || !(await pathExists(replaced))) return;
  throw new StorageError(
    'STORAGE_RESTORE_INTERRUPTED',
    `${directory} is missing because a restore was interrupted: ` +
      `rename ${restoringPath(directory)} (restored) or ${replaced} (old) to it`,
    { directory, replaced },
  );
}
