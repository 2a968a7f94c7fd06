import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, openSync, rmSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { TestNetwork } from '../../src/test-network.ts';

let network: TestNetwork | undefined;
let mounted: string | undefined;
afterEach(async () => {
  await network?.[Symbol.asyncDispose]().catch(() => {});
  if (mounted !== undefined) execFileSync('umount', ['-l', mounted]);
});

const canMount = (): boolean => {
  const probe = mkdtempSync(join(tmpdir(), 'mxd-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
};

/** Writes zeros until the disk takes no more. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  const block = new Uint8Array(65_536);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(file);
  }
}

const why = canMount() ? '' : 'a small disk needs the right to mount, which this user lacks';

test.skipIf(why !== '')(
  `a full disk stops the node with a code; freed, it comes back with nothing lost${why === '' ? '' : ` (skipped: ${why})`}`,
  async () => {
    const net = (network = await TestNetwork.make());
    const { directory } = net.node(3);
    const saved = mkdtempSync(join(tmpdir(), 'mxd-node-'));
    cpSync(directory, saved, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', directory]);
    mounted = directory;
    cpSync(saved, directory, { recursive: true });
    rmSync(saved, { recursive: true, force: true });
    for (const node of net.spec.nodes) await net.run(node);
    await net.height(3, 4, 60_000);

    fill(join(directory, 'filler'));
    const at = await net.height(0, 1);
    await net.until('the node has stopped', async () => !net.isRunning(3), Boolean, 60_000);
    await net.height(0, at + 5, 60_000);

    rmSync(join(directory, 'filler'));
    await net.restart(3);
    await net.height(3, at + 8, 60_000);
    await net.agree([0, 1, 2, 3]);
    const log = await net.log(3);
    expect(log).toMatch(/NODE_HALTED|NODE_STORE|NODE_JOURNAL|STORAGE_|JOURNAL_/);
  },
);
