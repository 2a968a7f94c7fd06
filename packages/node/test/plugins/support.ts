/** A chain without consensus, a plugin host on it, and waiting for things that happen. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PluginEntry } from '@mxd/config';
import { Mempool, poolChainOf } from '@mxd/ledger';
import { createLogger, type Logger } from '@mxd/logging';
import type { PeerEvent } from '@mxd/network';

import { key, verifyHere, World, type Key } from '@mxd/ledger/testing';
import { PluginHost, type PluginHostOptions } from '../../src/plugins/host.ts';
import type { PluginWorld } from '../../src/plugins/services.ts';

export const fixture = (name: string): string =>
  new URL(`fixtures/${name}.ts`, import.meta.url).pathname;

export const misbehaving = fixture('misbehaving');
export const recorder = fixture('recorder');
export const alice: Key = key(1);
export const bob: Key = key(2);

export function entry(
  module: string,
  config: Readonly<Record<string, unknown>> = {},
  more: Partial<PluginEntry> = {},
): PluginEntry {
  return { module, config, trusted: false, budgetMs: 250, ...more };
}

/** Quick restarts; detection in about a second. */
export const quick = {
  heartbeatMs: 100,
  heartbeatsMissed: 10,
  heapMegabytes: 64,
  externalMegabytes: 64,
  backOffMs: 50,
  backOffMaxMs: 400,
} as const;

export async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (performance.now() < endMs) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`in vain: ${what}`);
}

export interface Lines {
  readonly logger: Logger;
  readonly lines: string[];
}

export function linesLogger(): Lines {
  const lines: string[] = [];
  const destination = {
    isTerminal: false,
    write: (line: string) => void lines.push(line),
    flush: () => undefined,
    close: () => Promise.resolve(),
  };
  const outputs = [{ destination: destination as never, format: 'json' as const }];
  return { logger: createLogger({ level: 'debug', outputs }), lines };
}

/** A chain, its mempool, and hosts that can be started on it one after the other. */
export class Stage implements AsyncDisposable {
  readonly world: World;
  readonly dataDir: string;
  readonly lines: string[];
  readonly counts: Record<string, number> = {};
  readonly #logger: Logger;
  readonly #hosts: PluginHost[] = [];
  readonly #listeners = new Set<(event: PeerEvent) => void>();
  readonly secrets = new Map<string, string>();
  mempool: Mempool;
  coin = 0;

  private constructor(world: World, dataDir: string) {
    const { logger, lines } = linesLogger();
    this.world = world;
    this.dataDir = dataDir;
    this.lines = lines;
    this.#logger = logger;
    this.mempool = this.#pool(undefined);
  }

  static async open(coins = 64): Promise<Stage> {
    const owners = Array.from({ length: coins }, () => alice);
    const world = await World.open(owners, 1_000_000n, { parameters: { epochLength: 256 } });
    return new Stage(world, await mkdtemp(join(tmpdir(), 'mxd-plugins-')));
  }

  #pool(host: PluginHost | undefined): Mempool {
    return new Mempool({
      chain: poolChainOf(this.world.ledger),
      verifySignatures: verifyHere,
      ...(host === undefined ? {} : { policy: host.policy }),
    });
  }

  async start(
    entries: readonly PluginEntry[],
    more: Partial<PluginHostOptions> = {},
  ): Promise<PluginHost> {
    const host = new PluginHost({
      entries,
      directory: this.dataDir,
      dataDir: this.dataDir,
      logger: this.#logger,
      metrics: {
        increment: (_, labels = {}) => {
          const outcome = labels['outcome'] ?? '';
          this.counts[outcome] = (this.counts[outcome] ?? 0) + 1;
        },
      },
      timing: quick,
      ...more,
    });
    this.#hosts.push(host);
    this.mempool = this.#pool(host);
    await host.start(this.parts());
    return host;
  }

  parts(): PluginWorld {
    return {
      ledger: this.world.ledger,
      chainStore: this.world.store,
      mempool: this.mempool,
      genesis: { document: this.world.genesis, signatures: [] } as never,
      addressNetwork: 'test',
      peers: {
        list: () => [],
        on: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      secrets: { find: (name) => Promise.resolve(this.secret(name)) },
      submit: () => Promise.resolve({ ok: false, kind: 'rejected', code: 'X', reason: 'x' }),
    };
  }

  secret(name: string): never {
    const value = this.secrets.get(name);
    if (value === undefined) return undefined as never;
    return { expose: () => value, [Symbol.dispose]: () => undefined } as never;
  }

  peer(event: PeerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** A payment of the next coin to bob. */
  payment(): { readonly bytes: Uint8Array; readonly txid: Uint8Array } {
    const coin = this.world.coins[this.coin++]!;
    return this.world.transaction({
      from: [coin],
      to: [{ spender: bob, amount: coin.output.amount }],
    });
  }

  /** One more final block, told to the host. */
  async extend(host?: PluginHost, transactions: readonly Uint8Array[] = []): Promise<void> {
    await this.world.extend(transactions);
    host?.blockFinal();
  }

  async submit(bytes: Uint8Array): Promise<{ readonly status: string; readonly reason?: string }> {
    const [verdict] = await this.mempool.submit([{ bytes, peer: 'client' }], 1_700_000_000_000);
    return verdict as never;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.#hosts) await host.stop();
    await this.world.ledger.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
