import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createLogger, FileDestination, type FileOptions } from '../../src/index.ts';
import { limits } from '../../src/limits.ts';
import { rotatedFiles, rotatedPath } from '../../src/output/rotation.ts';

let directory = '';
let path = '';
let open: FileDestination[] = [];
let nowMs = 1_800_000_000_000;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mxd-logging-'));
  path = join(directory, 'logs', 'node.log');
  nowMs = 1_800_000_000_000;
});
afterEach(async () => {
  for (const file of open) await file.close();
  open = [];
  rmSync(directory, { recursive: true, force: true });
});

function make(options: Partial<FileOptions> = {}): FileDestination {
  const file = new FileDestination({ path, now: () => nowMs, ...options });
  open.push(file);
  return file;
}

const line = (i: number): string => `${JSON.stringify({ i, pad: 'x'.repeat(80) })}\n`;
const allText = (): string =>
  [
    ...rotatedFiles(path)
      .map((file) => file.path)
      .reverse(),
    path,
  ]
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('');

describe('a log file', () => {
  it('is private, in a directory that is made', () => {
    const file = make();
    file.write(line(1));
    file.flush();
    expect(readFileSync(path, 'utf8')).toBe(line(1));
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('writes without being flushed', async () => {
    const file = make();
    file.write(line(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(readFileSync(path, 'utf8')).toBe(line(1));
  });

  it('goes on where it ended', async () => {
    const first = make();
    first.write(line(1));
    await first.close();
    const second = make({ maxAgeMs: 1e15 });
    second.write(line(2));
    second.flush();
    expect(readFileSync(path, 'utf8')).toBe(line(1) + line(2));
  });

  it('rotates by size without losing or cutting a line', () => {
    const file = make({ maxSizeBytes: 1000, keepFiles: 1000 });
    const lines = Array.from({ length: 200 }, (_, i) => line(i));
    for (const [i, text] of lines.entries()) {
      file.write(text);
      if (i % 7 === 0) file.flush();
    }
    file.flush();
    expect(allText()).toBe(lines.join(''));
    expect(rotatedFiles(path).length).toBe(file.counts.rotations);
    expect(file.counts.rotations).toBeGreaterThan(15);
    for (const rotated of rotatedFiles(path))
      expect(statSync(rotated.path).size).toBeLessThanOrEqual(1000);
  });

  it('gives a line that is too large a file of its own', () => {
    const file = make({ maxSizeBytes: 50 });
    for (let i = 0; i < 3; i++) file.write(line(i));
    file.flush();
    expect(file.counts.rotations).toBe(2);
  });

  it('rotates by age', () => {
    const file = make({ maxAgeMs: 1000 });
    file.write(line(1));
    file.flush();
    nowMs += 999;
    file.write(line(2));
    file.flush();
    expect(rotatedFiles(path)).toHaveLength(0);
    nowMs += 1;
    file.write(line(3));
    file.flush();
    expect(rotatedFiles(path).map(({ name }) => name)).toEqual([
      'node.20270115T080001000Z-0001.log',
    ]);
    expect(readFileSync(path, 'utf8')).toBe(line(3));
  });

  it('keeps by number, age and total size, and nothing but its own', () => {
    const file = make({ maxSizeBytes: 100, keepFiles: 3, keepAgeMs: 10_000 });
    const others = [
      'node.log.bak',
      'node.20270115T080001000Z-1.log',
      'other.20270115T080001000Z-0001.log',
      'node.2027.log',
    ];
    for (const name of others) writeFileSync(join(directory, 'logs', name), 'x');
    for (let i = 0; i < 10; i++) {
      file.write(line(i));
      file.flush();
    }
    expect(rotatedFiles(path)).toHaveLength(3);
    nowMs += 20_000;
    file.write(line(10));
    file.flush();
    expect(rotatedFiles(path)).toHaveLength(1);
    for (const name of others) expect(existsSync(join(directory, 'logs', name))).toBe(true);
    const small = make({ keepBytes: 50 });
    expect(rotatedFiles(path)).toHaveLength(0);
    expect(small.counts.errors).toBe(0);
  });

  it('can be opened again after something else moved it', () => {
    const file = make();
    file.write(line(1));
    file.flush();
    renameSync(path, `${path}.1`);
    file.reopen();
    file.write(line(2));
    file.flush();
    expect(readFileSync(path, 'utf8')).toBe(line(2));
  });

  it('holds lines while the disk refuses them, and bounds them', () => {
    const file = make();
    file.reopen();
    rmSync(join(directory, 'logs'), { recursive: true });
    file.write(line(1));
    file.flush();
    expect(file.counts).toMatchObject({ errors: 1, dropped: 0 });
    const big = 'x'.repeat(1_000_000);
    for (let i = 0; i < 10; i++) file.write(big);
    expect(file.counts.dropped).toBe(
      10 - Math.floor(limits.destinationBufferBytes.value / 1_000_000),
    );
    rmSync(join(directory, 'logs'), { recursive: true, force: true });
  });

  it('writes what it held once the disk takes it', () => {
    const file = make();
    file.reopen();
    renameSync(join(directory, 'logs'), join(directory, 'gone'));
    file.write(line(1));
    file.flush();
    renameSync(join(directory, 'gone'), join(directory, 'logs'));
    file.write(line(2));
    file.flush();
    expect(readFileSync(path, 'utf8')).toBe(line(1) + line(2));
  });

  it('drops and counts after it was closed', async () => {
    const file = make();
    await file.close();
    await file.close();
    file.write(line(1));
    expect(file.counts.dropped).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it.each([{ maxSizeBytes: 0 }, { keepFiles: -1 }, { maxAgeMs: NaN }])('refuses %o', (options) => {
    expect(() => make(options)).toThrow(expect.objectContaining({ code: 'LOGGING_OPTION' }));
  });

  it('says which file it cannot open', () => {
    writeFileSync(join(directory, 'logs'), 'a file');
    expect(() => make()).toThrow(expect.objectContaining({ code: 'LOGGING_DESTINATION' }));
  });

  it('serves a logger', () => {
    const file = make({ maxSizeBytes: 500, keepFiles: 100 });
    const log = createLogger({ outputs: [{ destination: file, format: 'json' }] }).child('x');
    for (let i = 0; i < 50; i++) log.info('line', { i });
    log.flush();
    const seen = allText()
      .trimEnd()
      .split('\n')
      .map((text) => (JSON.parse(text) as { i: number }).i);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(readdirSync(join(directory, 'logs')).length).toBeGreaterThan(5);
  });
});

describe('names of rotated files', () => {
  it('sort by time and read back', () => {
    expect(rotatedPath('/a/b', nowMs, 12)).toBe('/a/b.20270115T080000000Z-0012');
  });
});
