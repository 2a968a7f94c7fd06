import type { Benchmark, BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import type { SuiteId } from '@mxd/crypto/suites';
import { openMemoryStore } from '@mxd/storage';

import { LatticeHash } from '../src/lattice-hash.ts';
import type { Ledger } from '../src/ledger.ts';
import { replay } from '../src/maintenance/replay.ts';
import { Mempool } from '../src/mempool/mempool.ts';
import { poolChainOf } from '../src/pool-chain.ts';
import { StateExport, StateImport } from '../src/snapshot/index.ts';
import { validatorSetOf } from '../src/validators/index.ts';
import { key, openLedger, World } from '../src/testing/world.ts';
import {
  diskStore,
  makeKeys,
  MeasuredPace,
  paymentChain,
  trust,
  verificationPool,
} from './support.ts';

const megabytes = (bytes: number): number => Math.round(bytes / 1_000_000);

/** Replays a chain of payments into a store on disk: everything on, cold caches, real signatures. */
function replayBenchmark(name: string, suite: SuiteId, count: number): Benchmark {
  return {
    name,
    unit: 'tx/s',
    better: 'higher',
    ...(suite === 1 ? { target: { atLeast: 5_000 } } : {}),
    async measure(context) {
      // A block of 4 MiB holds about 550 post-quantum payments.
      const perBlock = suite === 1 ? 1_000 : 500;
      const chain = await paymentChain(
        context.smoke ? 100 : count,
        context.smoke ? 50 : perBlock,
        suite,
      );
      const verifySignatures = verificationPool(context);
      const samples: number[] = [];
      for (let i = 0; i < (context.smoke ? 1 : 3); i++) {
        const pace = new MeasuredPace();
        const store = await diskStore(context);
        const ledger = await openLedger(chain.world.genesis, store, { verifySignatures, pace });
        pace.longestMs = 0;
        const cpu = process.cpuUsage();
        const main = process.threadCpuUsage();
        const start = performance.now();
        const done = await replay(ledger, chain.blocks);
        const ms = performance.now() - start;
        if (!done.ok) throw new Error(done.rejection.reason);
        samples.push((chain.transactions / ms) * 1_000);
        const perTx = (us: { user: number; system: number }): number =>
          Math.round((us.user + us.system) / chain.transactions);
        context.figure('main thread', perTx(process.threadCpuUsage(main)), 'us/tx');
        context.figure('whole process', perTx(process.cpuUsage(cpu)), 'us/tx');
        context.figure(
          'longest time between pauses, waits included',
          Math.round(pace.longestMs),
          'ms',
        );
      }
      const bytes = chain.blocks[0]?.block.transactions[0]?.length ?? 0;
      context.figure('transaction', bytes, 'bytes');
      return samples;
    },
  };
}

/** The same with signatures taken for good and nothing written: what the rules themselves cost. */
const contextual: Benchmark = {
  name: 'contextual validation',
  unit: 'tx/s',
  better: 'higher',
  target: { atLeast: 40_000 },
  async measure(context) {
    const count = context.smoke ? 100 : 10_000;
    const chain = await paymentChain(count, count);
    const { prepareTransaction, checkStateless } = await import('../src/transaction-rules.ts');
    const { BlockRun } = await import('../src/block-run.ts');
    const genesis = await openLedger(chain.world.genesis, openMemoryStore(), {
      verifySignatures: trust,
      outputCacheBytes: 1e9,
    });
    const { environment: env, chain: identity } = genesis;
    const state = (await genesis.freeze()).state;
    const bytes = chain.blocks[0]?.block.transactions ?? [];
    const samples: number[] = [];
    for (let i = 0; i < (context.smoke ? 1 : 7); i++) {
      const run = new BlockRun(env, state, [], 1);
      const prepared = bytes.map((each) => prepareTransaction(each));
      const transactions = prepared.flatMap((each) => (each.ok ? [each.value] : []));
      for (const tx of transactions) checkStateless(tx, run.parameters, identity.networkId);
      await run.begin(transactions, []);
      const start = process.threadCpuUsage();
      for (const tx of transactions) {
        const verdict = run.apply(tx);
        if (!verdict.ok) throw new Error(verdict.reason);
      }
      const { user, system } = process.threadCpuUsage(start);
      samples.push((count / (user + system)) * 1e6);
    }
    return samples;
  },
};

const decoding: Benchmark = {
  name: 'decode, ids and stateless rules',
  unit: 'us/op',
  operations: 1_000,
  async prepare() {
    const { prepareTransaction, checkStateless } = await import('../src/transaction-rules.ts');
    const chain = await paymentChain(1_000, 1_000);
    const { parameters, networkId } = chain.world.genesis;
    const bytes = chain.blocks[0]?.block.transactions ?? [];
    return () => {
      for (const each of bytes) {
        const prepared = prepareTransaction(each);
        if (prepared.ok) checkStateless(prepared.value, parameters, networkId);
      }
    };
  },
};

const commitment: Benchmark = {
  name: 'commitment per output',
  unit: 'us/op',
  operations: 100,
  prepare: () => {
    const lattice = new LatticeHash();
    const element = new Uint8Array(114);
    return () => {
      for (let i = 0; i < 100; i++) {
        element[0] = i;
        lattice.add(element);
      }
    };
  },
};

/** Fills a pool to the brim, and measures its last tenth against its first. */
const admission: Benchmark = {
  name: 'mempool admission, full to 100,000',
  unit: 'tx/s',
  better: 'higher',
  target: { atLeast: 20_000 },
  async measure(context) {
    const count = context.smoke ? 500 : 100_000;
    const batch = context.smoke ? 50 : 250;
    const { pool, bytes } = await poolOf(count, 1e9, count + 1);
    const samples: number[] = [];
    globalThis.gc?.();
    const before = process.memoryUsage();
    for (let start = 0; start < count; start += count / 10) {
      const cpu = process.threadCpuUsage();
      for (let at = start; at < start + count / 10; at += batch) {
        const verdicts = await pool.submit(
          bytes.slice(at, at + batch).map((each) => ({ bytes: each, peer: `p${at % 8}` })),
          1_700_000_000_000,
        );
        const bad = verdicts.find(({ status }) => status !== 'accepted');
        if (bad !== undefined) throw new Error(JSON.stringify(bad, (_, v: unknown) => String(v)));
      }
      const { user, system } = process.threadCpuUsage(cpu);
      samples.push((count / 10 / Math.max(1, user + system)) * 1e6);
    }
    globalThis.gc?.();
    const after = process.memoryUsage();
    const used = after.heapUsed + after.external - before.heapUsed - before.external;
    context.figure('first tenth', Math.round(samples[0] ?? 0), 'tx/s');
    context.figure('last tenth', Math.round(samples.at(-1) ?? 0), 'tx/s');
    context.figure('memory of the pool', megabytes(used), 'MB');
    return samples;
  },
};

async function poolOf(
  count: number,
  maxBytes: number,
  maxTransactions: number,
): Promise<{ world: World; pool: Mempool; bytes: Uint8Array[] }> {
  const keys = makeKeys(count);
  const world = await World.open(keys, 1_000_000n, {
    parameters: { epochLength: 4_096 },
    ledger: { verifySignatures: trust, outputCacheBytes: 1 },
  });
  const pool = new Mempool({
    chain: poolChainOf(world.ledger),
    verifySignatures: trust,
    maxBytes,
    maxTransactions,
    highWaterPercent: 100,
    rates: { peerBurstBytes: 1e9, addressStartBytes: 1e9 },
  });
  const bytes = world.coins.map((coin, i) => {
    const tip = BigInt((i % 10) * 100);
    const spender = keys[(i + 1) % count] ?? key(1);
    const to = [
      { spender, amount: 400_000n },
      { spender: coin.spender, amount: 600_000n - tip },
    ];
    return world.transaction({ from: [coin], to, tip }).bytes;
  });
  return { world, pool, bytes };
}

/** A full block of small payments from the pool: until it can be sent, until it is executed, on disk. */
function buildBenchmark(
  phase: 'build' | 'execute' | 'commit',
  atMost: number | undefined,
): Benchmark {
  return {
    name: `${phase} a block of 5,000`,
    unit: 'ms',
    better: 'lower',
    ...(atMost === undefined ? {} : { target: { atMost } }),
    async measure(context) {
      const count = context.smoke ? 100 : 5_000;
      const rounds = context.smoke ? 1 : 3;
      const samples: number[] = [];
      for (let i = 0; i < rounds; i++) {
        const { world, pool, bytes } = await poolOf(count, 1e9, count + 1);
        const pace = new MeasuredPace();
        const ledger: Ledger = await openLedger(world.genesis, await diskStore(context), {
          verifySignatures: trust,
          pace,
        });
        await pool.submit(
          bytes.map((each) => ({ bytes: each })),
          1,
        );
        pace.longestMs = 0;
        const start = performance.now();
        const built = await ledger.buildBlock({ ...world.request(), mempool: pool });
        if (!built.ok || built.block.header.txCount !== count) throw new Error('not built');
        const whenBuilt = performance.now();
        await built.executed;
        const whenExecuted = performance.now();
        const { finalizationOf } = await import('../src/testing/world.ts');
        const finalization = finalizationOf(ledger, built.block);
        const before = performance.now();
        await ledger.commit(built.hash, finalization);
        const whenCommitted = performance.now();
        const ms = {
          build: whenBuilt - start,
          execute: whenExecuted - start,
          commit: whenCommitted - before,
        };
        samples.push(ms[phase]);
        context.figure(
          'longest time between pauses, waits included',
          Math.round(pace.longestMs),
          'ms',
        );
      }
      return samples;
    },
  };
}

/** Exports and imports the state of a chain with many outputs. */
const snapshots: Benchmark = {
  name: 'snapshot export and import of 1 M outputs',
  long: true,
  unit: 's',
  better: 'lower',
  target: { atMost: 30 },
  async measure(context) {
    const count = context.smoke ? 1_000 : 999_000;
    const owner = key(1);
    const owners = Array.from({ length: count }, () => owner);
    const source = await diskStore(context);
    const began = performance.now();
    const world = await World.open(owners, 1_000_000n, {
      ledger: { verifySignatures: trust, store: source },
    });
    context.figure('genesis of as many', Math.round(performance.now() - began), 'ms');
    globalThis.gc?.();
    context.figure('resident memory', megabytes(process.memoryUsage.rss()), 'MB');
    const exporting = await StateExport.begin(world.ledger);
    const target = await diskStore(context);
    const cpuMs = (since?: NodeJS.CpuUsage): number => {
      const { user, system } = process.cpuUsage(since);
      return Math.round((user + system) / 1_000);
    };
    const atExport = process.cpuUsage();
    const start = performance.now();
    const chunks: Uint8Array[] = [];
    for await (const { bytes } of exporting.chunks()) chunks.push(bytes);
    const exported = performance.now();
    context.figure('export, CPU of all threads', cpuMs(atExport), 'ms');
    await world.extend();
    const manifest = await exporting.manifest();
    await exporting.close();
    const validators = validatorSetOf((await world.ledger.freeze()).state.validators, 1);
    if (validators === undefined) throw new Error('no validators');
    const resumed = performance.now();
    const importing = await StateImport.begin({
      store: target,
      genesis: { ...world.genesis },
      manifest,
      validators,
      verify: () => true,
    });
    const begun = performance.now();
    const atImport = process.cpuUsage();
    // Two at a time, as from two peers: one is being written while the other is checked.
    const waiting = chunks.entries();
    const take = async (): Promise<void> => {
      for (const [index, chunk] of waiting) await importing.addChunk(index, chunk);
    };
    await Promise.all([take(), take()]);
    const finished = await importing.finish();
    if (!finished.ok) throw new Error(finished.reason);
    const end = performance.now();
    context.figure('import, CPU of all threads', cpuMs(atImport), 'ms');
    context.figure('export', Math.round(exported - start), 'ms');
    context.figure(
      'genesis document again, to check the manifest',
      Math.round(begun - resumed),
      'ms',
    );
    context.figure('import', Math.round(end - begun), 'ms');
    context.figure('bytes', megabytes(chunks.reduce((sum, chunk) => sum + chunk.length, 0)), 'MB');
    return [(exported - start + end - begun) / 1_000];
  },
};

const suite: BenchmarkSuite = {
  name: 'ledger',
  benchmarks: [
    commitment,
    decoding,
    contextual,
    admission,
    buildBenchmark('build', 150),
    buildBenchmark('execute', undefined),
    buildBenchmark('commit', 500),
    replayBenchmark('replay', 1, 20_000),
    replayBenchmark('replay, ML-DSA-87', 2, 2_000),
    replayBenchmark('replay, hybrid', 3, 2_000),
    snapshots,
  ],
};

export default suite;
