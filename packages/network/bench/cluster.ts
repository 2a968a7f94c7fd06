/** Processes of a benchmark and their figures. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Command } from './worker.ts';

export interface Collected {
  readonly latenciesMs: number[];
  readonly cpuUs: number;
  readonly counters: Readonly<Record<string, number>>;
}

class Worker {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #nextId = 0;
  address = '';
  peerId = '';

  constructor() {
    const path = fileURLToPath(new URL('./worker.ts', import.meta.url));
    this.#child = fork(path, { execArgv: ['--conditions=@mxd/source'], serialization: 'advanced' });
    this.#child.on('message', (message: { id: number; result?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error !== undefined) waiting?.reject(new Error(message.error));
      else waiting?.resolve(message.result);
    });
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`worker ended with ${code}`));
    });
  }

  ask<T = unknown>(command: Command): Promise<T> {
    this.#nextId += 1;
    const id = this.#nextId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ id, command });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A started set of nodes, each in a process of its own. */
export class Cluster {
  readonly workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.workers = workers;
  }

  /** `links(i)` names the earlier nodes that node i connects to; all of them unless told. */
  static async make(
    count: number,
    mode: 'mxd' | 'bare',
    validators: number,
    links: (index: number) => readonly number[] = (index) =>
      Array.from({ length: index }, (_, i) => i),
  ): Promise<Cluster> {
    const workers = Array.from({ length: count }, () => new Worker());
    const cluster = new Cluster(workers);
    try {
      await Promise.all(
        workers.map(async (worker, index) => {
          Object.assign(worker, await worker.ask({ cmd: 'start', mode, index, validators }));
        }),
      );
      const degrees = workers.map((_, i) => links(i).length);
      for (let i = 0; i < count; i++) for (const j of links(i)) degrees[j] = (degrees[j] ?? 0) + 1;
      const connects = workers.map((worker, index) => {
        const addresses = links(index).map((other) => workers[other]?.address ?? '');
        return worker.ask({ cmd: 'connect', addresses, expect: degrees[index] ?? 0 });
      });
      await Promise.all(connects);
      return cluster;
    } catch (error) {
      for (const worker of workers) worker.kill();
      throw error;
    }
  }

  async all(command: (index: number) => Command): Promise<void> {
    await Promise.all(this.workers.map((worker, index) => worker.ask(command(index))));
  }

  async collect(): Promise<Collected[]> {
    return Promise.all(this.workers.map((worker) => worker.ask<Collected>({ cmd: 'collect' })));
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.workers.forEach((worker) => worker.kill()), 10_000);
    await Promise.allSettled(this.workers.map((worker) => worker.ask({ cmd: 'stop' })));
    clearTimeout(timer);
  }
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** The value below which a share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export interface VoteFigures {
  readonly p50: number;
  readonly p99: number;
  readonly delivered: number;
  readonly cpuUsPerDelivery: number;
}

/** Votes to all others: one sender at a time, or all at once, each round `everyMs` apart. */
export async function measureVotes(
  cluster: Cluster,
  how: 'one' | 'all',
  rounds: number,
  everyMs: number,
): Promise<VoteFigures> {
  const count = cluster.workers.length;
  await cluster.collect();
  const startNs = process.hrtime.bigint() + 200_000_000n;
  await cluster.all((index) => {
    const offsetNs = how === 'one' ? BigInt(Math.round(index * everyMs * 1e6)) : 0n;
    return {
      cmd: 'messages',
      lane: 'vote',
      bytes: 147,
      count: how === 'one' ? Math.ceil(rounds / count) : rounds,
      everyMs: how === 'one' ? everyMs * count : everyMs,
      startNs: String(startNs + offsetNs),
    };
  });
  await sleep(400);
  const collected = await cluster.collect();
  const samples = collected.flatMap((each) => each.latenciesMs);
  const cpuUs = collected.reduce((sum, each) => sum + each.cpuUs, 0);
  return {
    p50: percentile(samples, 0.5),
    p99: percentile(samples, 0.99),
    delivered: samples.length,
    cpuUsPerDelivery: cpuUs / samples.length,
  };
}
