/** A log file whose disk, directory or name makes trouble. Time is faked: nothing waits. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FileDestination } from '../../src/index.ts';
import { rotatedFiles, rotatedPath } from '../../src/output/rotation.ts';

const hourMs = 3_600_000;
let directory = '';
let path = '';
let file: FileDestination | undefined;

beforeEach(() => {
  vi.useFakeTimers({
    now: 1_800_000_000_000,
    toFake: ['setTimeout', 'setInterval', 'Date', 'clearTimeout', 'clearInterval'],
  });
  directory = mkdtempSync(join(tmpdir(), 'mxd-file-faults-'));
  path = join(directory, 'logs', 'node.log');
});
afterEach(async () => {
  await file?.close();
  file = undefined;
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

describe('a log file', () => {
  it('is tried again a second after its directory was in the way', () => {
    file = new FileDestination({ path });
    file.write('one\n');
    file.flush();
    rmSync(dirname(path), { recursive: true });
    writeFileSync(dirname(path), 'not a directory');
    file.reopen();
    file.write('two\n');
    file.flush();
    file.flush();
    expect(file.counts).toMatchObject({ errors: 2, dropped: 0 });
    rmSync(dirname(path));
    mkdirSync(dirname(path));
    vi.advanceTimersByTime(999);
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
    vi.advanceTimersByTime(1);
    expect(readFileSync(path, 'utf8')).toBe('two\n');
  });

  it('rotates by age though nobody writes, and prunes when it is not due', () => {
    const old = rotatedPath(path, Date.now() - 2 * hourMs, 1);
    mkdirSync(dirname(path));
    writeFileSync(old, 'old\n');
    file = new FileDestination({ path, maxAgeMs: 3 * hourMs, keepAgeMs: 2.5 * hourMs });
    file.write('one\n');
    file.flush();
    expect(rotatedFiles(path)).toHaveLength(1);
    vi.advanceTimersByTime(hourMs); // the old one is three hours old now
    expect(rotatedFiles(path)).toEqual([]);
    expect(file.counts.rotations).toBe(0);
    vi.advanceTimersByTime(2 * hourMs);
    expect(file.counts.rotations).toBe(1);
    expect(readFileSync(rotatedFiles(path)[0]!.path, 'utf8')).toBe('one\n');
  });

  it('grows on when it cannot be renamed', () => {
    // The rotated name would be longer than a name may be.
    path = join(directory, `${'n'.repeat(246)}.log`);
    file = new FileDestination({ path, maxSizeBytes: 8 });
    for (const line of ['first\n', 'second\n', 'third\n']) {
      file.write(line);
      file.flush();
    }
    expect(readFileSync(path, 'utf8')).toBe('first\nsecond\nthird\n');
    expect(file.counts).toMatchObject({ errors: 2, rotations: 0, dropped: 0 });
  });

  it('goes on when old files cannot be listed', () => {
    file = new FileDestination({ path });
    file.write('one\n');
    file.flush();
    rmSync(dirname(path), { recursive: true });
    vi.advanceTimersByTime(hourMs);
    expect(file.counts.errors).toBe(1);
    mkdirSync(dirname(path));
    file.reopen();
    file.write('two\n');
    file.flush();
    expect(readFileSync(path, 'utf8')).toBe('two\n');
  });
});
