// Runs docs/guides/run-a-validator.md from top to bottom, as an operator would, with real programs.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { root } from '@mxd/check/sources';
import { afterAll, beforeAll, expect, test } from 'vitest';

interface Fence {
  readonly info: readonly string[];
  readonly text: string;
}

// Where packages resolve as they do for somebody who has installed them.
const cache = join(root, 'apps/cli/node_modules/.cache');
let fences: readonly Fence[] = [];
let directory = '';

beforeAll(async () => {
  const page = await readFile(join(root, 'docs/guides/run-a-validator.md'), 'utf8');
  fences = [...page.matchAll(/^```([^\n]+)\n(.*?)^```$/gms)].map(([, info = '', text = '']) => ({
    info: info.split(' '),
    text,
  }));
  await mkdir(cache, { recursive: true });
  directory = await mkdtemp(join(cache, 'validator-'));
  await mkdir(join(directory, 'bin'));
  const shim = (name: string, program: string, settings: string): Promise<void> =>
    writeFile(
      join(directory, 'bin', name),
      `#!/bin/sh\n${settings}exec "${process.execPath}" "${join(root, program)}" "$@"\n`,
      { mode: 0o755 },
    );
  // Light keystores: stretching a passphrase takes seconds, and here it protects play money.
  const light = `export MXD_HOME="${directory}/home" MXD_NETWORK=test MXD_WEAK_KEYSTORE=1\n`;
  await shim('mxd', 'apps/cli/bin/mxd.cjs', light);
});

afterAll(async () => {
  await sh('mxd node stop node || true; mxd devnet down');
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

function sh(script: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('/bin/sh', ['-eu', '-c', script], {
    cwd: directory,
    env: {
      PATH: `${join(directory, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: directory,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve({ code, output }));
  });
}

/** Lines for the test alone: they wait for what the guide says in words. */
const waits: Readonly<Record<string, string>> = {
  seat:
    'for i in $(seq 600); do mxd validator list | grep -q "$(mxd validator id --wallet operator)"' +
    ' && break; sleep 0.2; done\nmxd validator list | grep "$(mxd validator id --wallet operator)"\n',
  left:
    'for i in $(seq 600); do mxd validator list | grep -q "$(mxd validator id --wallet operator)"' +
    ' || break; sleep 0.2; done\n',
};

test('every command of the guide works, in its order', async () => {
  const blocks = fences.filter(({ info }) => info[0] === 'sh');
  expect(blocks.length).toBeGreaterThan(10);
  for (const { info } of blocks) expect(info[1]).toBe('run');
  const script = blocks.map(({ info, text }) => (waits[info[2] ?? ''] ?? '') + text).join('\n');
  const { code, output } = await sh(script);
  expect({ code, end: code === 0 ? '' : output.slice(-2_000) }).toEqual({ code: 0, end: '' });
}, 600_000);
