import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  chmod,
  copyFile,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLevelStore, StorageError } from '../../src/index.ts';
import { findLogDamage } from '../../src/level/log-check.ts';
import { collect, startChild } from '../support/children.ts';
import { temporaryPath } from '../support/directories.ts';
import { batchOf, checkWhole } from '../support/numbered-batches.ts';

async function codeOf(task: Promise<unknown>): Promise<string | undefined> {
  try {
    await task;
    return undefined;
  } catch (error) {
    return error instanceof StorageError ? error.code : String(error);
  }
}

/** The newest acknowledged batch in a child's output. */
function acknowledged(lines: readonly string[]): number {
  return Math.max(0, ...lines.filter((line) => /^\d+$/.test(line)).map(Number));
}

describe('kill -9 in the middle of writing', () => {
  test.each(['sync', 'plain'])('%s batches: none lost, none half applied', async (mode) => {
    const directory = await temporaryPath();
    for (let round = 0; round < 5; round += 1) {
      const child = startChild('./writer-child.ts', [directory, mode]);
      const killAfter = 1 + ((round * 37) % 120);
      const { lines } = await collect(child, (_line, count) => {
        if (count > killAfter) child.kill('SIGKILL');
      });
      expect(child.signalCode).toBe('SIGKILL');
      const store = await openLevelStore(directory, { createIfMissing: false });
      const last = await checkWhole(store);
      await store.close();
      expect(acknowledged(lines)).toBeGreaterThan(0);
      expect(last).toBeGreaterThanOrEqual(acknowledged(lines));
      // The one batch that was under way may be there or not.
      expect(last).toBeLessThanOrEqual(acknowledged(lines) + 2);
    }
  });

  test('while LevelDB opens and recovers', async () => {
    const directory = await temporaryPath();
    const store = await openLevelStore(directory);
    for (let number = 1; number <= 40; number += 1) await store.batch(batchOf(number, 2000));
    await store.close();
    for (let round = 0; round < 6; round += 1) {
      const child = startChild('./writer-child.ts', [directory, 'sync', '2000']);
      const ended = collect(child);
      setTimeout(() => child.kill('SIGKILL'), 60 + round * 25);
      await ended;
      const again = await openLevelStore(directory, { createIfMissing: false });
      expect(await checkWhole(again)).toBeGreaterThanOrEqual(40);
      await again.close();
    }
  });
});

describe('one process only', () => {
  test('a second process is refused with STORAGE_LOCKED and disturbs nothing', async () => {
    const directory = await temporaryPath();
    const store = await openLevelStore(directory);
    await store.batch(batchOf(1, 10));
    const { lines, exitCode } = await collect(startChild('./writer-child.ts', [directory]));
    expect(lines).toEqual(['error STORAGE_LOCKED']);
    expect(exitCode).toBe(3);
    expect(await codeOf(openLevelStore(directory))).toBe('STORAGE_LOCKED');
    await store.batch(batchOf(2, 10), { sync: true });
    await store.close();
    const again = await openLevelStore(directory);
    expect(await checkWhole(again)).toBe(2);
    await again.close();
  });
});

const isRoot = process.getuid?.() === 0;

function mountReason(): string | undefined {
  if (process.platform !== 'linux') return 'tmpfs mounts are tried on Linux only';
  if (!isRoot) return 'mounting a small tmpfs needs root';
  try {
    const probe = mkdtempSync(join(tmpdir(), 'mxd-storage-mount-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'ignore' });
      execFileSync('umount', [probe], { stdio: 'ignore' });
    } finally {
      rmSync(probe, { recursive: true });
    }
    return undefined;
  } catch {
    return 'this system does not let a tmpfs be mounted';
  }
}

const noMount = mountReason();
if (noMount !== undefined) process.stderr.write(`disk-full test skipped: ${noMount}\n`);

describe('a full disk', () => {
  test.skipIf(noMount !== undefined)(
    'stops the store with a code; nothing acknowledged is lost',
    async () => {
      const mount = await temporaryPath('disk');
      mkdirSync(mount);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', mount]);
      try {
        const filler = join(mount, 'filler');
        writeFileSync(filler, new Uint8Array(1_000_000));
        const directory = join(mount, 'store');
        let store = await openLevelStore(directory, { writeBufferBytes: 256 * 1024 });
        let last = 0;
        let code: string | undefined;
        while (code === undefined && last < 20_000) {
          code = await codeOf(store.batch(batchOf(last + 1, 3000), { sync: true }));
          if (code === undefined) last += 1;
        }
        expect(code).toBe('STORAGE_DISK_FULL');
        expect(last).toBeGreaterThan(3);
        expect(store.status).toBe('stopped');
        expect(await codeOf(store.batch(batchOf(last + 1, 10)))).toBe('STORAGE_STOPPED');
        // Reads go on: what was acknowledged is still served.
        expect(new DataView(store.getSync(Uint8Array.of(1))!.buffer).getUint32(0)).toBe(last);
        await store.close();
        rmSync(filler);
        store = await openLevelStore(directory, { createIfMissing: false });
        const found = await checkWhole(store);
        expect(found).toBeGreaterThanOrEqual(last);
        expect(found).toBeLessThanOrEqual(last + 1);
        await store.batch(batchOf(found + 1, 10), { sync: true });
        expect(await checkWhole(store)).toBe(found + 1);
        await store.close();
      } finally {
        execFileSync('umount', [mount]);
      }
    },
  );

  // A limit on file sizes makes write(2) fail at any offset we like, without root.
  test.skipIf(process.platform === 'win32').each([8, 33, 64, 257])(
    'a write that fails behind %i KiB of a file',
    async (kib) => {
      const directory = await temporaryPath();
      const limit = `trap "" XFSZ; ulimit -f ${kib}`;
      const { lines, exitCode } = await collect(
        startChild('./writer-child.ts', [directory, 'sync', '500'], limit),
      );
      expect(lines.at(-1)).toBe('error STORAGE_DISK_FULL');
      expect(exitCode).toBe(3);
      const store = await openLevelStore(directory);
      const found = await checkWhole(store);
      expect(found).toBeGreaterThanOrEqual(acknowledged(lines));
      await store.close();
    },
  );
});

/** A store with three synced batches in its log, closed. */
async function smallStore(): Promise<{ directory: string; log: string }> {
  const directory = await temporaryPath();
  const store = await openLevelStore(directory);
  for (let number = 1; number <= 3; number += 1)
    await store.batch(batchOf(number, 900), { sync: true });
  await store.close();
  const names = await readdir(directory);
  return {
    directory,
    log: join(
      directory,
      names.find((name) => name.endsWith('.log'))!,
    ),
  };
}

describe('a damaged file', () => {
  test('a changed byte anywhere in the log is found before anything is lost', async () => {
    const { directory, log } = await smallStore();
    const good = await readFile(log);
    const undetected: number[] = [];
    for (let offset = 0; offset < good.length; offset += 211) {
      const bad = Buffer.from(good);
      bad[offset]! ^= 0x10;
      await writeFile(log, bad);
      // The check comes before LevelDB, so a refused store is as it was.
      const code = await codeOf(openLevelStore(directory).then((store) => store.close()));
      if (code === 'STORAGE_CORRUPT') continue;
      undetected.push(offset);
      break;
    }
    expect(undetected).toEqual([]);
  });

  test.each(['CURRENT', 'MANIFEST'])('a damaged %s is refused with a code', async (kind) => {
    const { directory } = await smallStore();
    const name = (await readdir(directory)).find((each) => each.startsWith(kind))!;
    const path = join(directory, name);
    const bytes = await readFile(path);
    bytes[3]! ^= 0xff;
    await writeFile(path, bytes);
    expect(await codeOf(openLevelStore(directory))).toMatch(/^STORAGE_(CORRUPT|IO|MISSING)$/);
  });

  test('a missing table is refused with STORAGE_CORRUPT', async () => {
    const directory = await temporaryPath();
    const store = await openLevelStore(directory, { writeBufferBytes: 64 * 1024 });
    for (let number = 1; number <= 20; number += 1) await store.batch(batchOf(number, 3000));
    await store.compact(Uint8Array.of(0), Uint8Array.of(0xff));
    await store.close();
    for (const name of await readdir(directory)) {
      if (name.endsWith('.ldb')) await rm(join(directory, name));
    }
    expect(await codeOf(openLevelStore(directory))).toBe('STORAGE_CORRUPT');
  });

  test('a log cut off at any place opens with whole batches only', async () => {
    const { directory, log } = await smallStore();
    const kept = `${directory}.kept`;
    await copyFile(log, kept);
    const { size } = await stat(kept);
    for (let length = size; length > 0; length -= 4999) {
      await copyFile(kept, log);
      await truncate(log, length);
      const bytes = await readFile(log);
      expect(bytes.length).toBe(length);
      expect(findLogDamage(bytes)).toBeUndefined();
    }
    await copyFile(kept, log);
    await truncate(log, size - 10);
    const store = await openLevelStore(directory);
    expect(await checkWhole(store)).toBe(2);
    await store.close();
  });

  test.skipIf(isRoot)('a directory without permission is refused with a code', async () => {
    const { directory } = await smallStore();
    await chmod(directory, 0o000);
    expect(await codeOf(openLevelStore(directory))).toBe('STORAGE_PERMISSION');
    await chmod(directory, 0o700);
  });

  test('a missing store is refused when none is to be made', async () => {
    const directory = await temporaryPath();
    expect(await codeOf(openLevelStore(directory, { createIfMissing: false }))).toBe(
      'STORAGE_MISSING',
    );
  });
});
