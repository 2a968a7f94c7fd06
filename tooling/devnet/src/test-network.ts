import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BlockDetail, Status, TransactionView } from '@mxd/api';
import type { Chain, SigningAccount } from '@mxd/wallet';

import {
  accountAt,
  chainOfFile,
  createDevnet,
  endProcesses,
  freeBasePort,
  isAlive,
  openMaster,
  pathsOf,
  Payer,
  startNode,
  statusOf,
  waitFinal,
  waitReady,
  type CreateOptions,
  type DevnetNode,
  type DevnetPaths,
  type DevnetSpec,
} from '@mxd/cli/devnet';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Real nodes for tests: made in a folder of the system's temporary directory, removed at the end. */
export class TestNetwork implements AsyncDisposable {
  readonly spec: DevnetSpec;
  readonly paths: DevnetPaths;
  readonly chain: Chain;
  readonly #pids = new Map<string, number>();

  private constructor(spec: DevnetSpec, paths: DevnetPaths, chain: Chain) {
    this.spec = spec;
    this.paths = paths;
    this.chain = chain;
  }

  /** Makes a network that is not started yet. */
  static async make(options: Partial<CreateOptions> = {}): Promise<TestNetwork> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'mxd-net-')));
    const validators = options.validators ?? 4;
    const from = 30_000 + (process.pid % 400) * 60;
    const basePort = options.basePort ?? (await freeBasePort(from, 3 * validators + 8));
    const spec = await createDevnet({
      validators,
      epochLength: 256,
      loadOutputs: 64,
      minBlockMs: 100,
      ...options,
      directory,
      basePort,
    });
    const paths = pathsOf(directory);
    return new TestNetwork(spec, paths, chainOfFile(await readFile(paths.genesis)));
  }

  static async start(options: Partial<CreateOptions> = {}): Promise<TestNetwork> {
    const network = await TestNetwork.make(options);
    for (const node of network.spec.nodes) await network.run(node);
    if (await waitReady(network.spec.nodes, 150_000)) return network;
    await network[Symbol.asyncDispose]();
    throw new Error('the test network was not ready in time'); // tidy-allow bare-error: test harness
  }

  node(index: number): DevnetNode {
    return this.spec.nodes[index] as DevnetNode;
  }

  url(index: number): string {
    return `http://127.0.0.1:${this.node(index).apiPort}`;
  }

  async run(node: DevnetNode): Promise<number> {
    const pid = await startNode(this.paths, node);
    this.#pids.set(node.name, pid);
    return pid;
  }

  pid(index: number): number {
    return this.#pids.get(this.node(index).name) ?? 0;
  }

  isRunning(index: number): boolean {
    const pid = this.pid(index);
    return pid > 0 && isAlive(pid);
  }

  /** Sends a signal and, if it ends processes, waits until it has. */
  async signal(index: number, signal: NodeJS.Signals): Promise<void> {
    const pid = this.pid(index);
    process.kill(pid, signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') {
      while (isAlive(pid)) await sleep(10);
    }
  }

  restart(index: number): Promise<number> {
    return this.run(this.node(index));
  }

  log(index: number): Promise<string> {
    return readFile(this.paths.nodeLog(this.node(index).name), 'utf8');
  }

  status(index: number): Promise<Status | undefined> {
    return statusOf(this.node(index));
  }

  async get<T>(index: number, path: string): Promise<T> {
    const response = await fetch(this.url(index) + path, { signal: AbortSignal.timeout(5_000) });
    return (await response.json()) as T;
  }

  /** Waits until a condition holds; throws with what it last saw otherwise. */
  async until<T>(
    what: string,
    probe: () => Promise<T>,
    holds: (value: T) => boolean,
    timeoutMs = 30_000,
  ): Promise<T> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const value = await probe().catch(() => undefined as T);
      if (value !== undefined && holds(value)) return value;
      if (performance.now() > end) {
        throw new Error(`${what}: not within ${timeoutMs} ms; last ${JSON.stringify(value)}`); // tidy-allow bare-error: test harness
      }
      await sleep(40);
    }
  }

  /** Waits until a node has committed a height. */
  async height(index: number, atLeast: number, timeoutMs = 30_000): Promise<number> {
    const status = await this.until(
      `${this.node(index).name} at height ${atLeast}`,
      () => this.status(index),
      (seen) => seen !== undefined && seen.height >= atLeast,
      timeoutMs,
    );
    return status?.height ?? 0;
  }

  async account(name: string): Promise<SigningAccount> {
    const found = this.spec.accounts.find((account) => account.name === name);
    using master = await openMaster(this.spec.mnemonic);
    return accountAt(master, found?.index ?? 0);
  }

  address(name: string): string {
    return this.spec.accounts.find((account) => account.name === name)?.address ?? '';
  }

  async payer(name: string, index: number): Promise<Payer> {
    return new Payer(this.chain, await this.account(name), this.url(index));
  }

  async final(index: number, txid: string, timeoutMs = 20_000): Promise<TransactionView> {
    const view = await waitFinal(this.url(index), txid, timeoutMs);
    if (view !== undefined) return view;
    throw new Error(`${txid.slice(0, 16)} is not final at ${this.node(index).name}`); // tidy-allow bare-error: test harness
  }

  /**
   * Compares running nodes at the lowest of their heights: block hashes and, one block later, the
   * application roots. Gives that height.
   */
  async agree(indices: readonly number[]): Promise<number> {
    const heights = await Promise.all(indices.map((index) => this.height(index, 1)));
    const height = Math.min(...heights);
    const blocks = await Promise.all(
      indices.map((index) => this.get<BlockDetail>(index, `/v1/blocks/${height}`)),
    );
    const seen = new Set(blocks.map(({ hash, appRoot }) => `${hash} ${appRoot}`));
    if (seen.size === 1) return height;
    throw new Error(`nodes disagree at height ${height}: ${[...seen].join(' | ')}`); // tidy-allow bare-error: test harness
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pids = [...this.#pids.values()].filter(isAlive);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await endProcesses(pids);
    await rm(this.paths.root, { recursive: true, force: true, maxRetries: 5 });
  }
}
