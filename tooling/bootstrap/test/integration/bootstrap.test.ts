import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const bootstrap = fileURLToPath(new URL('../..', import.meta.url));
const pinned = existsSync(join(bootstrap, 'node_modules', '.stamp'));

/** The oldest Node on this machine, as a stranger may have it; this one where there is no other. */
function strangersNode(): string {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((dir) => join(dir, 'node'))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, version: execFileSync(path, ['-v'], { encoding: 'utf8' }).trim() }))
    .map(({ path, version }) => ({ path, major: Number(/^v(\d+)/.exec(version)?.[1]) }))
    .filter(({ major }) => major >= 20)
    .sort((a, b) => a.major - b.major);
  return found[0]?.path ?? process.execPath;
}

const lockFile = `lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .:
    dependencies:
      member:
        specifier: workspace:^
        version: link:member

  member: {}
`;

interface Finished {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

let base = '';
let home = '';
const node = strangersNode();

/** A small workspace with this bootstrap, whose pnpm is there already unless `fresh`. */
function workspace(name: string, fresh = false): string {
  const dir = join(base, name);
  const own = join(dir, 'tooling', 'bootstrap');
  mkdirSync(own, { recursive: true });
  for (const file of ['run.mjs', 'package.json', 'package-lock.json']) {
    cpSync(join(bootstrap, file), join(own, file));
  }
  if (!fresh) {
    mkdirSync(join(own, 'node_modules'));
    symlinkSync(join(bootstrap, 'node_modules', '@pnpm'), join(own, 'node_modules', '@pnpm'));
    cpSync(join(bootstrap, 'node_modules', '.stamp'), join(own, 'node_modules', '.stamp'));
  }
  const scripts = {
    say: `node -e "console.log('said ' + process.argv.slice(1).join())"`,
    seven: 'node -e "process.exit(7)"',
  };
  const dependencies = { member: 'workspace:^' };
  const manifest = { name: 'toy', private: true, scripts, dependencies };
  writeFileSync(join(dir, 'package.json'), JSON.stringify(manifest));
  mkdirSync(join(dir, 'member'));
  writeFileSync(join(dir, 'member', 'package.json'), '{ "name": "member", "version": "1.0.0" }');
  writeFileSync(join(dir, 'pnpm-workspace.yaml'), `packages: [member]\npmOnFail: ignore\n`);
  writeFileSync(join(dir, 'pnpm-lock.yaml'), lockFile);
  return dir;
}

/** The environment of someone who is cut off: no registry, an empty home. */
function offline(): NodeJS.ProcessEnv {
  return {
    PATH: `/usr/local/bin${delimiter}/usr/bin${delimiter}/bin`,
    HOME: home,
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_offline: 'true',
    npm_config_fetch_retries: '0',
  };
}

function finish(child: ChildProcess): Promise<Finished> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

function start(dir: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const program = join(dir, 'tooling', 'bootstrap', 'run.mjs');
  return spawn(node, [program, ...words], { cwd: dir, env: { ...offline(), ...env } });
}

const run = (dir: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  finish(start(dir, words, env));

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'mxd-bootstrap-'));
  home = join(base, 'home');
  mkdirSync(home);
});

afterAll(() => rmSync(base, { recursive: true, force: true }));

describe.runIf(pinned && process.platform === 'linux')('bootstrap', () => {
  it('installs once, says so, and is silent and idle from then on, without a network', async () => {
    const dir = workspace('twice');
    const first = await run(dir, ['run', '--silent', 'say', 'one']);
    expect(first).toMatchObject({ status: 0, out: 'said one\n' });
    expect(first.err).toContain('installing Node 24 and the dependencies');

    const state = join(dir, 'node_modules', '.pnpm', 'lock.yaml');
    const before = statSync(state).mtimeMs;
    const second = await run(dir, ['run', '--silent', 'say', 'two', '--json']);
    expect(second).toEqual({ status: 0, out: 'said two,--json\n', err: '' });
    expect(statSync(state).mtimeMs).toBe(before);
  });

  it('installs again when the lock file changes', async () => {
    const dir = workspace('changed');
    await run(dir, ['run', '--silent', 'say']);
    const lock = join(dir, 'pnpm-lock.yaml');
    writeFileSync(lock, readFileSync(lock, 'utf8').replace("'9.0'\n", "'9.0'\n\n# changed\n"));
    expect((await run(dir, ['run', '--silent', 'say'])).err).toContain('installing Node 24');
  });

  it('hands on the exit status of what it ran', async () => {
    const dir = workspace('seven');
    expect((await run(dir, ['run', '--silent', 'seven'])).status).not.toBe(0);
    expect((await run(dir, ['exec', 'node', '-e', 'process.exit(7)'])).status).toBe(7);
  });

  it('leaves nothing in the home folder but a package cache', async () => {
    const dir = workspace('tidy');
    await run(dir, ['run', '--silent', 'say']);
    expect(
      readdirSync(home).filter((name) => !['.cache', '.local', '.npm'].includes(name)),
    ).toEqual([]);
  });

  it('brings pnpm by the committed lock file, without install scripts', async () => {
    const dir = workspace('ci', true);
    const fake = join(base, 'npm-cli.js');
    const log = join(base, 'npm.log');
    writeFileSync(
      fake,
      `const fs = require('node:fs');
       fs.writeFileSync(${JSON.stringify(log)}, [process.cwd(), ...process.argv.slice(2)].join('\\n'));
       fs.mkdirSync('node_modules');
       fs.symlinkSync(${JSON.stringify(join(bootstrap, 'node_modules', '@pnpm'))}, 'node_modules/@pnpm');`,
    );
    const first = await run(dir, ['run', '--silent', 'say', 'x'], { npm_execpath: fake });
    expect(first).toMatchObject({ status: 0, out: 'said x\n' });
    expect(first.err).toContain('installing the pinned pnpm');
    const [cwd, ...words] = readFileSync(log, 'utf8').split('\n');
    expect(cwd).toBe(join(dir, 'tooling', 'bootstrap'));
    expect(words.slice(0, 2)).toEqual(['ci', '--ignore-scripts']);
    rmSync(log);
    await run(dir, ['run', '--silent', 'say'], { npm_execpath: fake });
    expect(existsSync(log)).toBe(false);
  });

  it('says what failed, and tries again the next time', async () => {
    const dir = workspace('cut-off', true);
    for (const attempt of [1, 2]) {
      const result = await run(dir, ['run', 'say']);
      expect([attempt, result.status, result.out]).toEqual([attempt, 1, '']);
      expect(result.err).toMatch(/bootstrap: npm ci (ended with|brought no)/);
    }
  });

  it('does not take an npm that ends well with nothing installed for success', async () => {
    const dir = workspace('empty', true);
    const fake = join(base, 'idle.js');
    writeFileSync(fake, '');
    const result = await run(dir, ['run', 'say'], { npm_execpath: fake });
    expect(result.status).toBe(1);
    expect(result.err).toContain('npm ci brought no');
  });

  it('names the Node that it cannot bring', async () => {
    const dir = workspace('old-node');
    appendFileSync(join(dir, 'pnpm-workspace.yaml'), 'nodeVersion: 99.1.0\n');
    const result = await run(dir, ['run', 'say']);
    expect(result).toMatchObject({ status: 1, out: '' });
    expect(result.err).toMatch(/Node 99 cannot be brought .* install Node 99/);
  });

  it('passes SIGTERM on to what it runs', async () => {
    const dir = workspace('signal');
    await run(dir, ['run', '--silent', 'say']);
    const child = start(dir, [
      'exec',
      'node',
      '-e',
      'console.log("up"); setInterval(() => {}, 1e3)',
    ]);
    child.stdout?.once('data', () => child.kill('SIGTERM'));
    expect((await finish(child)).status).not.toBe(0);
  });
});
