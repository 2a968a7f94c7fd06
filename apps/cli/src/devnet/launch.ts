import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';

import { accountAt, openMaster } from './accounts.ts';
import { createDevnet, freeBasePort } from './create.ts';
import { startFaucet } from './faucet.ts';
import { readSpec, type DevnetPaths, type DevnetSpec } from './layout.ts';
import { chainOfFile, Payer } from './payer.ts';
import {
  endNetwork,
  endProcesses,
  runningPid,
  startNode,
  statusOf,
  waitReady,
} from './processes.ts';
import { Trickle } from './trickle.ts';
import { endpoints, plainLine, screen, type Snapshot } from './view.ts';
import { followEvents, Pace } from './watch.ts';

/** How a local network is brought up. */
export interface LaunchOptions {
  readonly directory: string;
  readonly isReset: boolean;
  /** Small sample payments among the funded accounts. */
  readonly hasTrickle: boolean;
  readonly validators: number;
  /** The first free range from 27000 unless told. */
  readonly basePort: number | undefined;
  readonly epochLength: number;
  readonly evictMisses?: number | undefined;
  readonly loadOutputs: number;
  readonly minBlockMs: number;
  /** The command line that shows the status, for the hints. */
  readonly statusCommand: string;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function openSpec(paths: DevnetPaths, options: LaunchOptions): Promise<DevnetSpec> {
  const found = await readSpec(paths);
  if (found !== undefined) {
    const left = await endNetwork(paths, found);
    if (left > 0) say(`stopped ${left} processes that an earlier start left running`);
    if (!options.isReset) return found;
    await rm(paths.root, { recursive: true, force: true });
  }
  const ports = 3 * options.validators + 1;
  const basePort = options.basePort ?? (await freeBasePort(27_000, ports));
  say(`making keys and genesis of ${options.validators} validators in ${paths.root}`);
  return createDevnet({ ...options, basePort });
}

/** Starts every node and waits for the mesh. Gives the pids. */
async function startNodes(paths: DevnetPaths, spec: DevnetSpec): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const node of spec.nodes) pids.push(await startNode(paths, node));
  if (await waitReady(spec.nodes, 150_000)) return pids;
  await endProcesses(pids);
  for (const node of spec.nodes) {
    const log = await readFile(paths.nodeLog(node.name), 'utf8').catch(() => '');
    process.stderr.write(`${node.name}: ${log.trimEnd().split('\n').slice(-3).join('\n')}\n`);
  }
  throw new RangeError('the nodes were not ready within a minute; their last lines are above');
}

async function openFaucet(paths: DevnetPaths, spec: DevnetSpec): Promise<{ close(): void }> {
  const chain = chainOfFile(await readFile(paths.genesis));
  using master = await openMaster(spec.mnemonic);
  const index = spec.accounts.find(({ name }) => name === 'faucet')?.index ?? 0;
  const url = `http://127.0.0.1:${spec.nodes[0]?.apiPort ?? 0}`;
  const server = await startFaucet(
    new Payer(chain, accountAt(master, index), url),
    spec.faucetPort,
  );
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Draws the live view in a terminal, plain lines elsewhere. */
function startView(spec: DevnetSpec, take: () => Promise<Snapshot>): () => void {
  const isLive = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  let drawn = 0;
  const draw = async (): Promise<void> => {
    const snapshot = await take();
    if (!isLive) return say(plainLine(snapshot));
    const lines = screen(spec, snapshot);
    const width = process.stdout.columns;
    const up = drawn === 0 ? '' : `\u001B[${drawn}A`;
    drawn = lines.length;
    process.stdout.write(up + lines.map((line) => `\u001B[2K${line.slice(0, width)}\n`).join(''));
  };
  const timer = setInterval(() => void draw().catch(() => {}), isLive ? 500 : 5_000);
  return () => clearInterval(timer);
}

/** Runs until a signal comes: nodes, faucet, sample payments, view. */
export async function runForeground(paths: DevnetPaths, options: LaunchOptions): Promise<void> {
  const startedMs = performance.now();
  await mkdir(paths.root, { recursive: true, mode: 0o700 });
  const spec = await openSpec(paths, options);
  await writeFile(paths.launcherPid, String(process.pid));
  const ending = new AbortController();
  let pids: readonly number[] = [];
  const stop = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.resolve());
  }
  pids = await startNodes(paths, spec);
  const faucet = await openFaucet(paths, spec);
  const chain = chainOfFile(await readFile(paths.genesis));
  const trickle = await Trickle.open(spec, chain, ({ finalMs }) => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    say(`first payment final after ${Math.round(finalMs)} ms; ready in ${seconds} s\n`);
  });
  const pace = new Pace();
  const confirming = spec.nodes.at(-1);
  const url = `http://127.0.0.1:${confirming?.apiPort ?? 0}`;
  void followEvents(
    url,
    'block,transaction',
    (event) => {
      if (event.topic === 'block') pace.add(event.data);
      trickle.confirm(event);
    },
    ending.signal,
  );
  say(`${spec.nodes.length} validators run\n`);
  for (const line of endpoints(spec, options.statusCommand)) say(line);
  if (options.hasTrickle) void trickle.run(ending.signal);
  const stopView = startView(spec, async () => ({
    statuses: await Promise.all(spec.nodes.map(statusOf)),
    ...pace.rates(),
    payments: trickle.payments,
    failed: trickle.failed,
  }));
  await stop.promise;
  stopView();
  ending.abort();
  faucet.close();
  say('\nstopping');
  await endProcesses(pids);
  for (const node of spec.nodes) await rm(paths.nodePid(node.name), { force: true });
  await rm(paths.launcherPid, { force: true });
  say(`stopped; the state is in ${paths.root}`);
}

/**
 * Starts a launcher in the background, `command` being the words after `node`, and returns once the
 * network is ready.
 * @throws RangeError if it does not start; its log goes to standard error.
 */
export async function runDetached(
  paths: DevnetPaths,
  command: readonly string[],
): Promise<DevnetSpec> {
  await mkdir(paths.root, { recursive: true, mode: 0o700 });
  // The launcher makes the folder anew on --reset, so its log starts beside it.
  const log = openSync(`${paths.root}.log`, 'w', 0o600);
  const child = spawn(process.execPath, [...process.execArgv, ...command], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  let hasEnded = false;
  child.on('exit', () => {
    hasEnded = true;
  });
  const end = performance.now() + 90_000;
  while (!hasEnded && performance.now() < end) {
    const spec = await readSpec(paths);
    const launcher = await runningPid(paths.launcherPid, 'devnet');
    if (spec !== undefined && launcher === child.pid && (await waitReady(spec.nodes, 200))) {
      return spec;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  process.stderr.write(await readFile(`${paths.root}.log`, 'utf8'));
  throw new RangeError('the network did not start');
}
