// Brings the pinned pnpm and Node into this repository's own folders, then runs pnpm with the given
// words. Plain JavaScript for Node >= 20 and no dependencies: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
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
  return process.platform === 'win32' ? ['npm.cmd', []] : ['npm', []];
}

/** The command that runs pnpm, as [program, leading arguments, folder to put on PATH]. */
function bringPnpm() {
  if (!read(lock).includes(`exe.${process.platform}-${process.arch}"`)) {
    // No pinned binary for this platform: pnpm's JavaScript release, fixed by version only.
    say(`no pnpm pinned for ${process.platform}-${process.arch}; using pnpm 10.34.8 through npx`);
    const [program, args] = npmCommand();
    return [program, [...args, 'exec', '--yes', '--package=pnpm@10.34.8', '--', 'pnpm'], ''];
  }
  if (read(lock) !== read(stamp)) {
    say('installing the pinned pnpm into tooling/bootstrap/node_modules (once)');
    const [program, args] = npmCommand();
    const status = run(
      program,
      [...args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      here,
    );
    if (status !== 0) fail(`npm ci ended with ${status}; is the package registry in reach?`);
    if (!existsSync(join(pinnedDir, exe))) fail(`npm ci installed no ${join(pinnedDir, exe)}`);
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

process.on('SIGINT', () => {}); // the terminal has told the whole group already
const child = spawn(pnpm, [...lead, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env,
});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('error', (error) => fail(`pnpm did not start: ${error.message}`));
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
