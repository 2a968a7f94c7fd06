import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync, closeSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Status } from '@mxd/api';
import { toHex } from '@mxd/codec';
import { Secret } from '@mxd/crypto/secret';
import { createConsensusKey, readGenesis } from '@mxd/node';

import { usage } from '../arguments.ts';
import { isDryRun, type Context } from '../context.ts';
import { cleanEnvironment, daemon, endProcesses, isAlive } from '../devnet/processes.ts';
import { CliError } from '../errors.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { keystoreCosts } from '../keystore-costs.ts';
import {
  folderPath,
  lastLines,
  openFolder,
  pidOfFolder,
  unlockEnvironment,
  type NodeFolder,
} from '../node-folder.ts';
import { Shown } from '../output.ts';
import { statusLine } from './look.ts';

const passphraseName = 'validator-passphrase';

/** What `config.json` of a new node says: only what differs from the defaults. */
function newConfig(context: Context, directory: string, role: string): object {
  const { parsed } = context;
  const port = (name: string, fallback: number): number =>
    parsed.whole(name, 0, 65_535) ?? fallback;
  return {
    version: 1,
    role,
    dataDir: directory,
    ...(role === 'validator' ? { secrets: { directory: join(directory, 'secrets') } } : {}),
    network: {
      listen: [`/ip4/0.0.0.0/tcp/${port('p2p-port', 26_656)}`],
      bootstrap: parsed.texts('bootstrap'),
    },
    api: { port: port('api-port', 26_680) },
    metrics: { port: port('metrics-port', 26_660) },
  };
}

/** Key and journal of a new validator, with a random passphrase in a private file. */
async function makeValidatorKey(directory: string): Promise<string> {
  const secrets = join(directory, 'secrets');
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  const passphrase = randomBytes(32).toString('base64url');
  await writeFile(join(secrets, passphraseName), passphrase, { mode: 0o600, flag: 'wx' });
  using secret = Secret.of(passphrase);
  const file = join(directory, 'validator', 'consensus.key');
  return toHex(await createConsensusKey(file, secret, keystoreCosts().parameters));
}

export async function init(context: Context): Promise<unknown> {
  const directory = folderPath(context);
  const role = context.parsed.text('role') ?? 'full';
  if (existsSync(join(directory, 'config.json'))) {
    throw new CliError('CLI_FILE', `${directory} holds a node already`, { directory });
  }
  const genesis = context.parsed.text('genesis') ?? process.env['MXD_GENESIS'];
  if (genesis !== undefined && genesis !== '') await readGenesis(resolve(genesis), '');
  const config = newConfig(context, directory, role);
  if (isDryRun(context)) {
    const text = `would make ${directory}\n${JSON.stringify(config, null, 2)}`;
    return new Shown({ dryRun: true, directory, config }, text);
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (genesis !== undefined && genesis !== '') {
    await copyFile(resolve(genesis), join(directory, 'genesis.mxd'));
  }
  const consensusKey = role === 'validator' ? await makeValidatorKey(directory) : undefined;
  await writeFile(join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  if (genesis === undefined || genesis === '') {
    context.out.note(`copy the genesis of the chain to ${join(directory, 'genesis.mxd')}`);
  }
  return { directory, role, consensusKey };
}

/** Runs the node until it ends; signals of the terminal reach it by themselves. */
async function foreground(folder: NodeFolder, settings: readonly string[]): Promise<ExitCode> {
  const words = [daemon, '--config', folder.configFile, ...settings];
  const child = spawn(process.execPath, words, {
    stdio: 'inherit',
    env: { ...cleanEnvironment(), ...unlockEnvironment() },
  });
  await writeFile(folder.pidFile, String(child.pid));
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  // The terminal has told the node of Ctrl-C already; a supervisor's SIGTERM reaches this process only.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => forward('SIGTERM'));
  process.on('SIGHUP', () => forward('SIGHUP'));
  const code = await new Promise<number | null>((ended) => {
    child.once('exit', ended);
  });
  await rm(folder.pidFile, { force: true });
  return code === 0 ? exitCodes.ok : code === 2 ? exitCodes.usage : exitCodes.failure;
}

async function statusOf(folder: NodeFolder): Promise<Status | undefined> {
  const { host, port } = folder.config.api;
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  try {
    const response = await fetch(`http://${name}:${port}/v1/status`, {
      signal: AbortSignal.timeout(2_000),
    });
    return response.ok ? ((await response.json()) as Status) : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the node in the background and waits until its API answers. */
async function background(folder: NodeFolder, settings: readonly string[]): Promise<Shown> {
  const log = openSync(folder.logFile, 'a', 0o600);
  const words = [daemon, '--config', folder.configFile, ...settings];
  const child = spawn(process.execPath, words, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...cleanEnvironment(), ...unlockEnvironment() },
  });
  closeSync(log);
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new CliError('CLI_NODE', 'the node could not be started');
  await writeFile(folder.pidFile, String(pid));
  let hasEnded = false;
  child.once('exit', () => (hasEnded = true));
  const end = performance.now() + 60_000;
  while (performance.now() < end && !hasEnded) {
    const seen = await statusOf(folder);
    if (seen !== undefined) {
      const { height, role } = seen;
      return new Shown({ pid, height, role }, `running as process ${pid}, height ${height}`);
    }
    await new Promise((next) => setTimeout(next, 100));
  }
  if (!hasEnded) await endProcesses([pid]);
  await rm(folder.pidFile, { force: true });
  process.stderr.write(`${await lastLines(folder, 5)}\n`);
  throw new CliError('CLI_NODE', `the node did not start; its log is ${folder.logFile}`, {
    log: folder.logFile,
  });
}

export async function start(context: Context): Promise<unknown> {
  const folder = await openFolder(context);
  const running = await pidOfFolder(folder);
  if (running !== undefined) {
    throw new CliError('CLI_RUNNING', `the node runs already, as process ${running}`, {
      pid: running,
    });
  }
  const settings = context.parsed.words.slice(1);
  if (isDryRun(context)) {
    const words = [daemon, '--config', folder.configFile, ...settings];
    return new Shown({ dryRun: true, words }, `would run node ${words.join(' ')}`);
  }
  if (context.parsed.flag('detach')) {
    if (folder.config.api.port === 0) throw usage('--detach needs a fixed api.port');
    return background(folder, settings);
  }
  return new Shown({ ended: true }, 'the node has ended', await foreground(folder, settings));
}

export async function status(context: Context): Promise<unknown> {
  const folder = await openFolder(context);
  const pid = await pidOfFolder(folder);
  const seen = await statusOf(folder);
  const data = {
    directory: folder.directory,
    pid: pid ?? null,
    running: seen !== undefined,
    ...seen,
  };
  if (seen === undefined) {
    const text = pid === undefined ? 'it does not run' : `process ${pid} does not answer`;
    return new Shown(data, `${folder.directory}: ${text}`, exitCodes.unreachable);
  }
  return new Shown(data, statusLine(folder.directory, seen, context.out.width));
}

export async function stop(context: Context): Promise<unknown> {
  const folder = await openFolder(context);
  const pid = await pidOfFolder(folder);
  if (pid === undefined) return new Shown({ stopped: false }, 'it does not run');
  if (isDryRun(context)) return new Shown({ dryRun: true, pid }, `would stop process ${pid}`);
  await endProcesses([pid], 30_000);
  await rm(folder.pidFile, { force: true });
  return new Shown({ stopped: !isAlive(pid), pid }, `stopped process ${pid}`);
}

export async function plugins(context: Context): Promise<unknown> {
  const { config } = await openFolder(context);
  return config.plugins.map((plugin, index) => ({ order: index + 1, ...plugin }));
}
