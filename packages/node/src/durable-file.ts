import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes names in a folder durable. Platforms that cannot sync a folder are let pass. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, 'r');
    await directory.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES', 'ENOTSUP'].includes(code)) throw error;
  }
}

/**
 * Replaces a file as a whole: written beside, synced, put in place. After a crash there is the old
 * content or the new one. One writer per path: what a crash left beside is written over.
 */
export async function writeDurably(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await using file = await open(temporary, 'w', 0o600);
    await write(file);
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}
