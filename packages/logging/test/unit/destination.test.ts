import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { consoleDestination, nullDestination } from '../../src/index.ts';
import { limits } from '../../src/limits.ts';
import { descriptorDestination } from '../../src/output/destination.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mxd-destination-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('a descriptor', () => {
  it('gets every line in order, and stays open', async () => {
    const path = join(directory, 'lines');
    const fd = openSync(path, 'w');
    const destination = descriptorDestination(fd, false);
    for (let i = 0; i < 300; i++) destination.write(`line ${i}\n`);
    destination.flush();
    destination.write('last\n');
    await destination.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(301);
    expect(lines.slice(298)).toEqual(['line 298', 'line 299', 'last']);
    expect(destination.counts).toEqual({ dropped: 0, errors: 0 });
    expect(destination.isTerminal).toBe(false);
    closeSync(fd); // throws if it had been closed
  });

  it('drops and counts what one turn writes beyond the buffer', async () => {
    const fd = openSync(join(directory, 'flood'), 'w');
    const destination = descriptorDestination(fd, false);
    const line = `${'x'.repeat(65_535)}\n`;
    const count = 2 + (2 * limits.destinationBufferBytes.value) / line.length;
    for (let i = 0; i < count; i++) destination.write(line);
    expect(destination.counts.dropped).toBeGreaterThan(0);
    await destination.close();
    closeSync(fd);
  });

  it.skipIf(!existsSync('/dev/full'))(
    'that takes nothing costs counted errors, never an exception (needs /dev/full)',
    async () => {
      const fd = openSync('/dev/full', 'w');
      const destination = descriptorDestination(fd, false);
      destination.write('lost\n');
      await vi.waitFor(() => expect(destination.counts.errors).toBeGreaterThan(0), {
        timeout: 20_000,
      });
      // Two lines: the second waits for the first, so that flushing finds it.
      destination.write('lost too\n');
      destination.write('lost as well\n');
      destination.flush();
      await destination.close();
      await vi.waitFor(() => expect(destination.counts.dropped).toBe(3), { timeout: 20_000 });
      closeSync(fd);
    },
  );
});

describe('the console and nothing', () => {
  it('say whether a person reads', async () => {
    for (const stream of ['stdout', 'stderr'] as const) {
      const destination = consoleDestination(stream);
      expect(destination.isTerminal).toBe(process[stream].isTTY);
      await destination.close();
      expect(destination.counts).toEqual({ dropped: 0, errors: 0 });
    }
  });

  it('forget what they are told to', async () => {
    const destination = nullDestination();
    destination.write('x\n');
    destination.flush();
    await destination.close();
    expect(destination.counts).toEqual({ dropped: 0, errors: 0 });
  });
});
