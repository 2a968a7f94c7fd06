import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Status } from '@mxd/api';

import type { DevnetNode, DevnetPaths, DevnetSpec } from './layout.ts';

/** The compiled daemon: what operators run. */
export const daemon: string = join(
  dirname(fileURLToPath(import.meta.resolve('@mxd/daemon/package.json'))),
  'dist',
  'main.js',
);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether a process of this number runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * The pid in a file if that very process still runs. Numbers are reused: where the system shows
 * command lines, the process must have been started for `mark`.
 */
export async function runningPid(file: string, mark: string): Promise<number | undefined> {
  if (!existsSync(file)) return undefined;
  const pid = Number(await readFile(file, 'utf8'));
  if (!Number.isSafeInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  const shown = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => mark);
  return shown.includes(mark) ? pid : undefined;
}

/** Starts a node in a process group of its own: a terminal's Ctrl-C reaches the launcher alone. */
export async function startNode(paths: DevnetPaths, node: DevnetNode): Promise<number> {
  const log = openSync(paths.nodeLog(node.name), 'a', 0o600);
  const child = spawn(process.execPath, [daemon, '--config', join(node.directory, 'config.json')], {
    detached: true,
    stdio: ['ignore', log, log],
    env: cleanEnvironment(),
  });
  closeSync(log);
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new Error(`the node ${node.name} could not be started`); // tidy-allow bare-error: tooling
  await writeFile(paths.nodePid(node.name), String(pid));
  return pid;
}

/** The launcher's environment without settings that are meant for another node. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('MXD_') && name !== 'NODE_OPTIONS',
    ),
  );
}

/** Ends processes in order: SIGTERM, and SIGKILL for what is left after `graceMs`. */
export async function endProcesses(pids: readonly number[], graceMs = 10_000): Promise<void> {
  const signal = (pid: number, name: 'SIGTERM' | 'SIGKILL'): void => {
    try {
      process.kill(pid, name);
    } catch {
      // it has ended already
    }
  };
  for (const pid of pids) signal(pid, 'SIGTERM');
  const end = performance.now() + graceMs;
  while (pids.some(isAlive) && performance.now() < end) await sleep(25);
  for (const pid of pids.filter(isAlive)) signal(pid, 'SIGKILL');
  while (pids.some(isAlive)) await sleep(10);
}

/** Ends whatever of this network still runs, launcher included. Gives how many processes that was. */
export async function endNetwork(paths: DevnetPaths, spec: DevnetSpec): Promise<number> {
  const launcher = await runningPid(paths.launcherPid, 'devnet');
  const nodes = await Promise.all(
    spec.nodes.map((node) => runningPid(paths.nodePid(node.name), node.directory)),
  );
  const others = launcher === undefined || launcher === process.pid ? [] : [launcher];
  const pids = [...others, ...nodes.filter((pid) => pid !== undefined)];
  await endProcesses(pids);
  for (const node of spec.nodes) await rm(paths.nodePid(node.name), { force: true });
  if (others.length > 0) await rm(paths.launcherPid, { force: true });
  return pids.length;
}

/** The status of a node, or undefined if it does not answer. */
export async function statusOf(node: DevnetNode): Promise<Status | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${node.apiPort}/v1/status`, {
      signal: AbortSignal.timeout(2_000),
    });
    return response.ok ? ((await response.json()) as Status) : undefined;
  } catch {
    return undefined;
  }
}

/** Waits until every node serves and sees all others; false if it takes longer than `timeoutMs`. */
export async function waitReady(nodes: readonly DevnetNode[], timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    const all = await Promise.all(nodes.map(statusOf));
    const isReady = all.every((status) => status?.validatorsConnected === nodes.length - 1);
    if (isReady) return true;
    await sleep(50);
  }
  return false;
}
