// Brings the pinned pnpm and Node into this repository's own folders, then runs pnpm with the given
// words. Plain JavaScript for Node >= 20 and no dependencies: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..', '..');
const lock = join(here, 'package-lock.json');
const stamp = join(here, 'node_modules', '.stamp');
const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const say = (text) => console.error(`bootstrap: ${text}`);
const fail = (text) => {
  say(text);
  process.exit(1);
};

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node ${process.versions.node} is too old: install Node 20 or newer and run this again`);
}

if (process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime) {
  fail('the pinned tools need a Linux with glibc (Debian, Ubuntu, Fedora), not musl (Alpine)');
}

/** Runs a command to its end in `cwd`; gives its exit status, or the reason it could not start. */
function run(command, args, cwd, env = process.env) {
  const result = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2], env });
  return result.status ?? result.signal ?? result.error?.message;
}

const exe = process.platform === 'win32' ? 'pnpm.exe' : 'pnpm';
const pinnedDir = join(here, 'node_modules', '@pnpm', `exe.${process.platform}-${process.arch}`);

/** npm as this process was started by it, or as found on PATH. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('.js')) return [process.execPath, [cli]];
  if (process.platform !== 'win32') return ['npm', []];
  // npm.cmd would need a shell; npm lies beside Node there.
  return [process.execPath, [join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js')]];
}

/** Where no binary is pinned (docs/getting-started.md): pnpm's JavaScript release, by version. */
function pnpmByVersion() {
  say(`no pnpm pinned for ${process.platform}-${process.arch}; using pnpm 10.34.8 through npm`);
  const [program, args] = npmCommand();
  return [program, [...args, 'exec', '--yes', '--package=pnpm@10.34.8', '--', 'pnpm'], ''];
}

/** The command that runs pnpm, as [program, leading arguments, folder to put on PATH]. */
function bringPnpm() {
  if (!read(lock).includes(`exe.${process.platform}-${process.arch}"`)) return pnpmByVersion();
  if (read(lock) !== read(stamp)) {
    say('installing the pinned pnpm into tooling/bootstrap/node_modules (once)');
    const [program, args] = npmCommand();
    const status = run(
      program,
      [...args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      here,
    );
    if (status !== 0) fail(`npm ci ended with ${status}; is the package registry in reach?`);
    // npm ends well even when it could not fetch an optional dependency.
    if (!existsSync(join(pinnedDir, exe))) fail(`npm ci brought no ${join(pinnedDir, exe)}`);
    copyFileSync(lock, stamp);
  }
  return [join(pinnedDir, exe), [], pinnedDir];
}

const [pnpm, lead, pnpmDir] = bringPnpm();
const path = [join(root, 'node_modules', '.bin'), pnpmDir, process.env.PATH].filter(Boolean);
const env = { ...process.env, PATH: path.join(delimiter), TURBO_TELEMETRY_DISABLED: '1' };
if (read(join(root, 'pnpm-lock.yaml')) !== read(join(root, 'node_modules', '.pnpm', 'lock.yaml'))) {
  say('installing Node 24 and the dependencies into node_modules (once per lock file)');
  const status = run(pnpm, [...lead, 'install', '--frozen-lockfile'], root, env);
  if (status !== 0) fail(`pnpm install ended with ${status}`);
}

// The sources need the Node that pnpm-workspace.yaml names, or a newer one. It comes with the
// dependencies where the registry has it for this platform (docs/getting-started.md).
const platform = `${process.platform}-${process.arch}`;
const wanted = /^nodeVersion: (\d+)/m.exec(read(join(root, 'pnpm-workspace.yaml')))?.[1] ?? '0';
const isBrought = existsSync(join(root, 'node_modules', `node-${platform}`, 'package.json'));
if (!isBrought && Number(process.versions.node.split('.')[0]) < Number(wanted)) {
  fail(
    `Node ${wanted} cannot be brought for ${platform} and this is ${process.versions.node}: ` +
      `install Node ${wanted} (https://nodejs.org) and run this again`,
  );
}

process.on('SIGINT', () => {}); // the terminal has told the whole group already
const child = spawn(pnpm, [...lead, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env,
});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('error', (error) => fail(`pnpm did not start: ${error.message}`));
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
