// Runs the pages of docs/guides from top to bottom, as somebody would who types them, with real
// programs: `sh run` blocks in one shell, after the files that `js NAME` blocks hold were written.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { find, root } from '@mxd/check/sources';
import { afterEach, expect, test } from 'vitest';

interface Fence {
  readonly info: readonly string[];
  readonly text: string;
}

/** Lines for the test alone, before a block of that name: they wait for what the page says in words. */
type Waits = Readonly<Record<string, string>>;

interface Guide {
  readonly page: string;
  readonly waits?: Waits;
  /** Stops what the page leaves running when a command of it fails. */
  readonly cleanUp?: string;
}

const until = (condition: string): string =>
  `for i in $(seq 600); do ${condition} && break; sleep 0.2; done\n`;
const seat = 'mxd validator list | grep -q "$(mxd validator id --wallet operator)"';

const guides: readonly Guide[] = [
  { page: 'first-payment' },
  {
    page: 'accept-payments',
    waits: {
      open: until('grep -q open shop.log'),
      paid: until(`grep -q '"state": "paid"' orders.json`),
    },
    cleanUp: 'kill "$(cat shop.pid)" 2>/dev/null',
  },
  { page: 'cold-storage' },
  { page: 'verify-a-receipt' },
  { page: 'joint-accounts' },
  { page: 'post-quantum-keys' },
  {
    page: 'run-a-validator',
    waits: {
      seat: `${until(seat)}mxd validator list | grep "$(mxd validator id --wallet operator)"\n`,
      rotated: until('mxd validator list --json | grep -q "$KEY"'),
      left: until(`! { ${seat}; }`),
    },
    cleanUp: 'mxd node stop node',
  },
];

/** Pages whose commands other tests run. */
const elsewhere = ['write-a-plugin'];

// Where packages resolve as they do for somebody who has installed them.
const cache = join(root, 'apps/cli/node_modules/.cache');
let directory = '';
let cleanUp = '';

afterEach(async () => {
  await sh(`set +e; ${cleanUp}; mxd devnet down; true`);
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

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(directory, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** An empty folder with `mxd` and `node` on its path, and the page's files in it. */
async function prepare(page: string): Promise<readonly Fence[]> {
  const text = await readFile(join(root, `docs/guides/${page}.md`), 'utf8');
  const fences = [...text.matchAll(/^```([^\n]+)\n(.*?)^```$/gms)].map(
    ([, info = '', body = '']) => ({
      info: info.split(' '),
      text: body,
    }),
  );
  await mkdir(cache, { recursive: true });
  directory = await mkdtemp(join(cache, `${page}-`));
  await mkdir(join(directory, 'bin'));
  const mxd = join(root, 'apps/cli/bin/mxd.cjs');
  // Light keystores: stretching a passphrase takes seconds, and here it protects play money.
  await program(
    'mxd',
    `export MXD_HOME="\${MXD_HOME:-${directory}/home}" MXD_NETWORK=test MXD_WEAK_KEYSTORE=1\n` +
      `exec "${process.execPath}" "${mxd}" "$@"`,
  );
  await program('node', `exec "${process.execPath}" "$@"`);
  for (const { info, text: body } of fences) {
    const [language, name] = info;
    if (language === 'js' && name !== undefined) await writeFile(join(directory, name), body);
  }
  return fences;
}

test('every guide is run here or by a test that is named', () => {
  const pages = find('docs/guides/*.md').map((path) => path.slice('docs/guides/'.length, -3));
  expect([...guides.map(({ page }) => page), ...elsewhere].sort()).toEqual([...pages].sort());
});

test.each(guides)(
  '$page: every command works, in its order',
  async (guide) => {
    cleanUp = guide.cleanUp ?? 'true';
    const fences = await prepare(guide.page);
    const blocks = fences.filter(({ info }) => info[0] === 'sh' && info[1] === 'run');
    expect(blocks.length).toBeGreaterThan(3);
    const waits = guide.waits ?? {};
    const script = blocks.map(({ info, text }) => (waits[info[2] ?? ''] ?? '') + text).join('\n');
    const { code, output } = await sh(script);
    expect(code, output.slice(-2_000)).toBe(0);
  },
  600_000,
);
