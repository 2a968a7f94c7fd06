import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageError } from '../errors.ts';
import { toStorageError } from '../level/level-errors.ts';

/** Runs file operations, turning what the system reports into coded errors. */
export async function onFiles<T>(doing: string, path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw toStorageError(error, doing, path);
  }
}

/** Makes names in a directory durable; where directories cannot be synced they need not be. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'EISDIR') throw error;
  } finally {
    await handle.close();
  }
}

/** Syncs each file of a directory, then the directory. */
export async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const handle = await open(join(path, entry.name), 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await syncDirectory(path);
}

/** Writes a file that is there whole or not at all, also after a power loss. */
export async function writeDurably(path: string, parts: readonly Uint8Array[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  const handle = await open(partial, 'w', 0o600);
  try {
    for (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, path);
  await syncDirectory(dirname(path));
}

/** The names in a directory; none if it does not exist. */
export async function listNames(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw toStorageError(error, 'Reading the directory', path);
  }
}

/** A file's bytes; `missing` is thrown if it does not exist. */
export async function readWhole(path: string, missing: () => StorageError): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing();
    throw toStorageError(error, 'Reading the backup', path);
  }
}

export async function removePath(path: string): Promise<void> {
  await onFiles('Removing', path, () => rm(path, { recursive: true, force: true }));
}
