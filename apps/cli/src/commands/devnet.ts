import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { installNative } from '@mxd/crypto/native';

import { usage } from '../arguments.ts';
import { agree, isDryRun, type Context } from '../context.ts';
import { runDetached, runForeground, type LaunchOptions } from '../devnet/launch.ts';
import {
  pathsOf,
  readSpec,
  type DevnetNode,
  type DevnetPaths,
  type DevnetSpec,
} from '../devnet/layout.ts';
import { endNetwork, isAlive, runningPid, startNode, statusOf } from '../devnet/processes.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { Shown } from '../output.ts';
import { statusLine } from './look.ts';

const folderOf = (context: Context): string =>
  resolve(context.parsed.text('dir') ?? process.env['MXD_DEVNET'] ?? '.devnet');

interface Network {
  readonly paths: DevnetPaths;
  readonly spec: DevnetSpec;
}

async function openNetwork(context: Context): Promise<Network> {
  const paths = pathsOf(folderOf(context));
  const spec = await readSpec(paths);
  if (spec !== undefined) return { paths, spec };
  throw new CliError('CLI_DEVNET', `there is no network in ${paths.root}: mxd devnet up`, {
    directory: paths.root,
  });
}

function nodesOf({ spec }: Network, names: readonly string[]): readonly DevnetNode[] {
  return names.map((name) => {
    const node = spec.nodes.find((one) => one.name === name);
    if (node !== undefined) return node;
    const known = spec.nodes.map((one) => one.name).join(', ');
    throw usage(`there is no ${name}: the nodes are ${known}`);
  });
}

const pidOf = ({ paths }: Network, node: DevnetNode): Promise<number | undefined> =>
  runningPid(paths.nodePid(node.name), node.directory);

const url = (node: DevnetNode): string => `http://127.0.0.1:${node.apiPort}`;

export async function up(context: Context): Promise<unknown> {
  const { parsed } = context;
  const directory = folderOf(context);
  const paths = pathsOf(directory);
  const options: LaunchOptions = {
    directory,
    isReset: parsed.flag('reset'),
    hasTrickle: !parsed.flag('no-trickle'),
    validators: parsed.whole('validators', 1, 31) ?? 4,
    basePort: parsed.whole('base-port', 1_024, 64_000),
    epochLength: parsed.whole('epoch-length', 16, 65_536) ?? 256,
    evictMisses: parsed.whole('evict-misses', 1, 65_535),
    loadOutputs: parsed.whole('load-outputs', 0, 500_000) ?? 2_000,
    minBlockMs: parsed.whole('min-block-ms', 0, 60_000) ?? 100,
    statusCommand: 'mxd devnet status',
  };
  if (isDryRun(context)) {
    const isNew = options.isReset || !existsSync(paths.spec);
    const what = isNew ? `make a network of ${options.validators} in` : 'start the network in';
    return new Shown({ dryRun: true, isNew, directory }, `would ${what} ${directory}`);
  }
  installNative();
  try {
    if (!parsed.flag('detach')) {
      await runForeground(paths, options);
      return undefined;
    }
    const program = fileURLToPath(new URL('../../bin/mxd.cjs', import.meta.url));
    const words = process.argv.slice(2).filter((word) => word !== '--detach' && word !== '-d');
    const spec = await runDetached(paths, [program, ...words, '--dir', directory]);
    return view({ paths, spec });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CliError('CLI_DEVNET', error.message, { directory }, { cause: error });
  }
}

function view({ paths, spec }: Network): Shown {
  const [first] = spec.nodes;
  const endpoint = first === undefined ? '' : url(first);
  const data = {
    directory: paths.root,
    networkId: spec.networkId,
    endpoints: spec.nodes.map(url),
    faucet: `http://127.0.0.1:${spec.faucetPort}/fund`,
    genesis: paths.genesis,
    accounts: spec.accounts,
  };
  const text = [
    `network ${spec.networkId} in ${paths.root}`,
    `API      ${data.endpoints.join('  ')}`,
    `faucet   ${data.faucet}`,
    ...spec.accounts.map(({ name, address }) => `${name.padEnd(8)} ${address}`),
    '',
    `mxd status --endpoint ${endpoint}`,
  ].join('\n');
  return new Shown(data, text);
}

export const accounts = async (context: Context): Promise<unknown> =>
  (await openNetwork(context)).spec.accounts;

export async function status(context: Context): Promise<unknown> {
  const { spec } = await openNetwork(context);
  const answers = await Promise.all(
    spec.nodes.map(async (node) => ({ node, status: await statusOf(node) })),
  );
  const data = answers.map(({ node, status: seen }) => ({
    name: node.name,
    endpoint: url(node),
    running: seen !== undefined,
    ...seen,
  }));
  const lines = answers.map(({ node, status: seen }) =>
    seen === undefined
      ? `${node.name}  does not answer`
      : `${node.name}  ${statusLine(url(node), seen)}`,
  );
  const isDown = answers.some((answer) => answer.status === undefined);
  return new Shown(data, lines.join('\n'), isDown ? exitCodes.failure : exitCodes.ok);
}

export async function logs(context: Context): Promise<unknown> {
  const network = await openNetwork(context);
  const { words } = context.parsed;
  const nodes = words.length === 0 ? network.spec.nodes : nodesOf(network, words);
  const count = context.parsed.whole('lines', 1, 100_000) ?? 20;
  const found = await Promise.all(
    nodes.map(async ({ name }) => {
      const text = await readFile(network.paths.nodeLog(name), 'utf8').catch(() => '');
      return { name, lines: text.trimEnd().split('\n').slice(-count) };
    }),
  );
  const text = found
    .flatMap(({ name, lines }) => (found.length === 1 ? lines : [`== ${name}`, ...lines]))
    .join('\n');
  return new Shown(found, text);
}

/** Does something to the processes of nodes; those that do not run are named. */
async function signalNodes(
  network: Network,
  nodes: readonly DevnetNode[],
  signal: NodeJS.Signals,
): Promise<readonly { readonly name: string; readonly pid: number | undefined }[]> {
  const found = await Promise.all(
    nodes.map(async (node) => ({ name: node.name, pid: await pidOf(network, node) })),
  );
  for (const { pid } of found) if (pid !== undefined) process.kill(pid, signal);
  return found;
}

const dryNodes = (what: string, nodes: readonly DevnetNode[]): Shown => {
  const names = nodes.map(({ name }) => name);
  return new Shown({ dryRun: true, nodes: names }, `would ${what} ${names.join(', ')}`);
};

export async function kill(context: Context): Promise<unknown> {
  const network = await openNetwork(context);
  const nodes = nodesOf(network, context.parsed.words);
  if (isDryRun(context)) return dryNodes('kill', nodes);
  const killed = await signalNodes(network, nodes, 'SIGKILL');
  for (const { pid } of killed) {
    while (pid !== undefined && isAlive(pid)) await new Promise((end) => setTimeout(end, 10));
  }
  for (const { name } of nodes) await rm(network.paths.nodePid(name), { force: true });
  const lines = killed.map(
    ({ name, pid }) => `${name}: ${pid === undefined ? 'did not run' : 'killed'}`,
  );
  return new Shown(killed, lines.join('\n'));
}

export async function start(context: Context): Promise<unknown> {
  const network = await openNetwork(context);
  const wanted = nodesOf(network, context.parsed.words);
  if (isDryRun(context)) return dryNodes('start', wanted);
  const started = [];
  for (const node of wanted) {
    const running = await pidOf(network, node);
    const pid = running ?? (await startNode(network.paths, node));
    started.push({ name: node.name, pid, wasRunning: running !== undefined });
  }
  const lines = started.map(({ name, wasRunning }) => {
    return `${name}: ${wasRunning ? 'was running' : 'started'}`;
  });
  return new Shown(started, lines.join('\n'));
}

export async function partition(context: Context): Promise<unknown> {
  const network = await openNetwork(context);
  const isHealing = context.parsed.flag('heal');
  const { words } = context.parsed;
  if (!isHealing && words.length === 0) throw usage('say which nodes to cut off, or --heal');
  const nodes = words.length === 0 ? network.spec.nodes : nodesOf(network, words);
  if (isDryRun(context)) return dryNodes(isHealing ? 'bring back' : 'cut off', nodes);
  const found = await signalNodes(network, nodes, isHealing ? 'SIGCONT' : 'SIGSTOP');
  const done = isHealing ? 'back' : 'cut off';
  const lines = found.map(
    ({ name, pid }) => `${name}: ${pid === undefined ? 'does not run' : done}`,
  );
  return new Shown(found, lines.join('\n'));
}

/** Frozen nodes must run again to hear that they shall end. */
async function end(network: Network): Promise<number> {
  await signalNodes(network, network.spec.nodes, 'SIGCONT');
  return endNetwork(network.paths, network.spec);
}

export async function down(context: Context): Promise<unknown> {
  const network = await openNetwork(context);
  if (isDryRun(context)) return dryNodes('stop', network.spec.nodes);
  const ended = await end(network);
  return new Shown({ ended }, ended === 0 ? 'nothing was running' : `stopped ${ended} processes`);
}

export async function reset(context: Context): Promise<unknown> {
  const network = await openNetwork(context);
  const { root } = network.paths;
  if (isDryRun(context)) return new Shown({ dryRun: true, root }, `would delete ${root}`);
  await agree(context, `Stop the network and delete ${root}?`);
  const ended = await end(network);
  await rm(root, { recursive: true, force: true });
  await rm(`${root}.log`, { force: true });
  return new Shown({ ended, deleted: root }, `stopped ${ended} processes, deleted ${root}`);
}
