import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  createDevnet,
  endProcesses,
  freeBasePort,
  isAlive,
  pathsOf,
  startNode,
  statusOf,
  type DevnetNode,
} from '@mxd/cli/devnet';

import type { BenchmarkContext, BenchmarkSuite } from '../../bench/src/harness.ts';

const daemon = join(
  dirname(fileURLToPath(import.meta.resolve('@mxd/daemon/package.json'))),
  'dist',
  'main.js',
);
const skip = (): string | undefined =>
  existsSync(daemon) ? undefined : 'the daemon is not built: npm run build';

const restarts = 3;
/** A chain of so many blocks, or a genesis of so many outputs, takes minutes to make. */
const patienceMs = 3_600_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A network of one validator, whose blocks follow each other as fast as it makes them. */
class OneNode implements AsyncDisposable {
  readonly directory: string;
  readonly node: DevnetNode;
  #pid = 0;

  private constructor(directory: string, node: DevnetNode) {
    this.directory = directory;
    this.node = node;
  }

  static async make(loadOutputs: number, isFast: boolean): Promise<OneNode> {
    const directory = await mkdtemp(join(tmpdir(), 'mxd-restart-'));
    const basePort = await freeBasePort(36_000 + (process.pid % 300) * 20, 8);
    const minBlockMs = isFast ? 0 : 100;
    const spec = await createDevnet({
      directory,
      validators: 1,
      basePort,
      epochLength: 256,
      loadOutputs,
      minBlockMs,
    });
    const node = spec.nodes[0] as DevnetNode;
    if (isFast) {
      const file = join(node.directory, 'config.json');
      const config = JSON.parse(await readFile(file, 'utf8')) as { consensus: object };
      config.consensus = { ...config.consensus, emptyDelayMs: 0 };
      await writeFile(file, JSON.stringify(config));
    }
    return new OneNode(directory, node);
  }

  async start(): Promise<void> {
    this.#pid = await startNode(pathsOf(this.directory), this.node);
  }

  /** As when the machine fails: nothing is written any more. */
  async kill(): Promise<void> {
    process.kill(this.#pid, 'SIGKILL');
    while (isAlive(this.#pid)) await sleep(5);
  }

  /** Waits until the node is ready at a height. */
  async ready(height: number): Promise<number> {
    const end = performance.now() + patienceMs;
    while (performance.now() < end && isAlive(this.#pid)) {
      const status = await statusOf(this.node);
      if (status?.ready === true && status.height >= height) return status.height;
      await sleep(20);
    }
    throw new RangeError(`the node is not ready at height ${height}`);
  }

  async rssMb(): Promise<number> {
    const text = await readFile(`/proc/${this.#pid}/status`, 'utf8').catch(() => '');
    return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1_024);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcesses([this.#pid].filter((pid) => pid > 0 && isAlive(pid)));
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Kills a node at a height and takes the time from its start to its being ready, some times over. */
async function restartTimes(
  context: BenchmarkContext,
  outputs: number,
  blocks: number,
): Promise<readonly number[]> {
  const one = await OneNode.make(outputs, blocks > 100);
  context.onEnd(() => one[Symbol.asyncDispose]());
  const began = performance.now();
  await one.start();
  let height = await one.ready(blocks);
  context.figure('made in', Math.round((performance.now() - began) / 1_000), 's');
  const times: number[] = [];
  for (let i = 0; i < restarts; i++) {
    await one.kill();
    const start = performance.now();
    await one.start();
    height = await one.ready(height);
    times.push(performance.now() - start);
  }
  context.figure('height', height);
  await sleep(context.smoke ? 0 : 10_000);
  context.figure('memory after 10 s', await one.rssMb(), 'MB');
  return times;
}

const suite: BenchmarkSuite = {
  name: 'restart',
  benchmarks: [
    {
      name: 'killed at 100,000 blocks: to ready',
      long: true,
      unit: 'ms',
      better: 'lower',
      target: { atMost: 5_000 },
      skip,
      measure: (context) => restartTimes(context, 10, context.smoke ? 3 : 100_000),
    },
    {
      name: 'killed with 1,000,000 outputs: to ready',
      long: true,
      unit: 'ms',
      better: 'lower',
      target: { atMost: 5_000 },
      skip,
      measure: (context) => restartTimes(context, context.smoke ? 10 : 999_000, 2),
    },
  ],
};
export default suite;
