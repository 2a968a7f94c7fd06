import { randomUUID } from 'node:crypto';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';

import { ConsensusError } from '../errors.ts';

const fileName = 'LOCK';
const heartbeatMs = 2_000;
const staleMs = 10_000;

/** Directories locked by this process. */
const locked = new Set<string>();

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
  readonly nonce: string;
}

/** Start time of a process where the system tells it: a pid may have been used again. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value = JSON.parse(text) as Partial<Owner>;
    const { pid, host, started, nonce } = value;
    const isOwner = typeof pid === 'number' && typeof host === 'string';
    if (!isOwner || typeof started !== 'string' || typeof nonce !== 'string') return undefined;
    return { pid, host, started, nonce };
  } catch {
    return undefined;
  }
}

/** Whether the owner named in a lock file may still be running. */
async function mayLive(path: string): Promise<boolean> {
  const owner = parseOwner(await readFile(path, 'utf8').catch(() => ''));
  if (owner?.host === hostname()) {
    if (owner.pid === process.pid) return owner.started !== startOf(process.pid);
    return isAlive(owner.pid) && owner.started === startOf(owner.pid);
  }
  // Another machine or container, or a file that is just being written: its heartbeat decides.
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && Date.now() - info.mtimeMs < staleMs;
}

/**
 * J10: the exclusive lock on a journal directory. Released by `release`; after a kill the next
 * start takes it over. A guard against mistakes on one machine or volume, not a proof across
 * machines: that is J9's part.
 */
export class DirectoryLock {
  readonly #path: string;
  readonly #directory: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(directory: string, path: string) {
    this.#directory = directory;
    this.#path = path;
    this.#timer = setInterval(() => {
      const now = new Date();
      utimes(path, now, now).catch(() => undefined);
    }, heartbeatMs);
    this.#timer.unref();
  }

  /** @throws ConsensusError JOURNAL_LOCKED. */
  static async acquire(directory: string): Promise<DirectoryLock> {
    const full = resolve(directory);
    const path = join(full, fileName);
    if (locked.has(full)) throw lockedError(full);
    locked.add(full);
    try {
      for (let attempt = 0; attempt < 2; attempt++) {
        if (await tryCreate(path)) return new DirectoryLock(full, path);
        if (await mayLive(path)) break;
        await rm(path, { force: true });
      }
    } catch (error) {
      locked.delete(full);
      throw error;
    }
    locked.delete(full);
    throw lockedError(full);
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (!locked.delete(this.#directory)) return;
    await rm(this.#path, { force: true });
  }
}

function lockedError(directory: string): ConsensusError {
  return new ConsensusError('JOURNAL_LOCKED', 'the journal is in use by another process', {
    directory,
  });
}

async function tryCreate(path: string): Promise<boolean> {
  const { pid } = process;
  const owner: Owner = { pid, host: hostname(), started: startOf(pid), nonce: randomUUID() };
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(owner));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
