/** One writer per log: a lock file with the writer's process id, taken over when it is dead. */
import { link, open, readFile, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';

import { LoggingError } from '../errors.ts';

/** Locks of this process, because a container gives every start the same process id. */
const held = new Set<string>();

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Puts the lock in place with its content, which creating it and then writing would not. */
async function tryLock(path: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(String(process.pid));
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await file.close();
    await unlink(temporary).catch(() => undefined);
  }
}

/**
 * Takes the lock; answers what releases it.
 * @throws LoggingError AUDIT_IN_USE while a live process holds it.
 */
export async function lockAudit(path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 3 && !held.has(path); attempt++) {
    if (await tryLock(path)) {
      held.add(path);
      return async () => {
        held.delete(path);
        await unlink(path).catch(() => undefined);
      };
    }
    const owner = await ownerOf(path);
    if (owner !== undefined && owner !== process.pid && isAlive(owner)) break;
    await unlink(path).catch(() => undefined);
  }
  throw new LoggingError('AUDIT_IN_USE', `another writer holds ${path}`, { path });
}
