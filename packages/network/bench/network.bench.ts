import type { BenchmarkContext, BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import {
  Cluster,
  measureVotes,
  percentile,
  sleep,
  type Collected,
  type VoteFigures,
} from './cluster.ts';

// One process per node on loopback. Latencies are from the sender's call to the receiver's handler.

const everyNs = (): string => String(process.hrtime.bigint() + 200_000_000n);

/** Both clusters live side by side and take turns, so that they see the same load of the machine. */
async function votes(
  context: BenchmarkContext,
  count: number,
  how: 'one' | 'all',
): Promise<readonly number[]> {
  const rounds = context.smoke ? 5 : how === 'one' ? 200 : 60;
  const everyMs = count > 10 && how === 'all' ? 250 : 20;
  const modes = ['bare', 'mxd'] as const;
  const clusters = {
    bare: await Cluster.make(count, 'bare', count),
    mxd: await Cluster.make(count, 'mxd', count),
  };
  for (const mode of modes) {
    context.onEnd(() => clusters[mode].stop());
    await measureVotes(clusters[mode], 'all', context.smoke ? 3 : 40, everyMs);
  }
  const ratios: number[] = [];
  const all = { bare: [] as VoteFigures[], mxd: [] as VoteFigures[] };
  for (let turn = 0; turn < (context.smoke ? 1 : 5); turn++) {
    for (const mode of turn % 2 === 0 ? modes : modes.toReversed()) {
      all[mode].push(await measureVotes(clusters[mode], how, rounds, everyMs));
    }
    ratios.push((all.mxd.at(-1)?.p99 ?? Number.NaN) / (all.bare.at(-1)?.p99 ?? Number.NaN));
  }
  for (const mode of modes) {
    const medianOf = (of: (figures: VoteFigures) => number): number =>
      percentile(all[mode].map(of), 0.5);
    context.figure(
      `${mode} p50`,
      medianOf((f) => f.p50),
      'ms',
    );
    context.figure(
      `${mode} p99`,
      medianOf((f) => f.p99),
      'ms',
    );
    context.figure(
      `${mode} CPU per delivery`,
      medianOf((f) => f.cpuUsPerDelivery),
      'us',
    );
  }
  return ratios;
}

const sum = (collected: readonly Collected[], counter: string): number =>
  collected.reduce((total, { counters }) => total + (counters[counter] ?? 0), 0);

/** A line of four full nodes: three hops, each checks a signature before it passes on. */
async function threeHops(context: BenchmarkContext): Promise<readonly number[]> {
  const cluster = await Cluster.make(4, 'mxd', 0, (index) => (index === 0 ? [] : [index - 1]));
  context.onEnd(() => cluster.stop());
  await cluster.all(() => ({ cmd: 'judge', check: true }));
  const first = cluster.workers[0];
  const run = (seconds: number, seed: number): Promise<unknown> | undefined =>
    first?.ask({
      cmd: 'transactions',
      perSecond: 1_000,
      seconds,
      seed,
      signed: true,
      submit: true,
    });
  await run(1, 1);
  await sleep(500);
  await cluster.collect();
  await run(context.smoke ? 1 : 8, 2);
  await sleep(1_000);
  const collected = await cluster.collect();
  const last = collected[3]?.latenciesMs ?? [];
  context.figure('transactions at the last node', last.length);
  context.figure('p50 over 3 hops', percentile(last, 0.5), 'ms');
  context.figure('sent to a node that had it', sum(collected, 'relay_duplicates_in'));
  return [percentile(last, 0.99)];
}

/** Four validators, each the entry of a quarter of the load; nothing is checked. */
async function relayCpu(context: BenchmarkContext): Promise<readonly number[]> {
  const cluster = await Cluster.make(4, 'mxd', 4);
  context.onEnd(() => cluster.stop());
  await cluster.all(() => ({ cmd: 'judge', check: false }));
  const run = (seconds: number, seed: number, submit: boolean): Promise<void> =>
    cluster.all((index) => ({
      cmd: 'transactions',
      perSecond: 250,
      seconds,
      seed: seed + index,
      signed: false,
      submit,
    }));
  await run(2, 10, true);
  await sleep(1_500);
  await cluster.collect();
  const seconds = context.smoke ? 1 : 8;
  await run(seconds, 20, true);
  const busy = await cluster.collect();
  await sleep(1_500);
  await cluster.collect();
  // The same connected nodes make the same transactions and keep them: timers, hashes, idle part.
  await run(seconds, 30, false);
  const alone = await cluster.collect();
  const cpu = (collected: readonly Collected[]): number =>
    collected.reduce((t, c) => t + c.cpuUs, 0);
  const total = seconds * 1_000;
  context.figure('CPU of making the load, idle part included', cpu(alone) / total, 'us/tx');
  context.figure(
    'p99 to the handlers',
    percentile(
      busy.flatMap((c) => c.latenciesMs),
      0.99,
    ),
    'ms',
  );
  context.figure('with the load and the idle part', cpu(busy) / total, 'us/tx');
  context.figure('messages per transaction', sum(busy, 'sent_transactions') / total);
  return [(cpu(busy) - cpu(alone)) / total];
}

async function block(context: BenchmarkContext): Promise<{ p50: number; p99: number }> {
  const cluster = await Cluster.make(4, 'mxd', 4);
  context.onEnd(() => cluster.stop());
  const send = async (count: number): Promise<number[]> => {
    const [sender] = cluster.workers;
    const startNs = everyNs();
    await sender?.ask({
      cmd: 'messages',
      lane: 'proposal',
      bytes: 1_048_576,
      count,
      everyMs: 250,
      startNs,
    });
    await sleep(500);
    return (await cluster.collect()).flatMap((each) => each.latenciesMs);
  };
  await send(4);
  const samples = await send(context.smoke ? 2 : 40);
  return { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
}

async function bulk(context: BenchmarkContext): Promise<readonly number[]> {
  const megabytes = context.smoke ? 4 : 256;
  const rates = { bare: 0, mxd: 0 };
  const ratios: number[] = [];
  for (let turn = 0; turn < (context.smoke ? 1 : 3); turn++) {
    for (const mode of ['bare', 'mxd'] as const) {
      const cluster = await Cluster.make(2, mode, 0);
      try {
        const [server, client] = cluster.workers;
        await server?.ask({ cmd: 'serve', itemBytes: 256 * 1024 });
        const from = server?.peerId ?? '';
        await client?.ask({ cmd: 'bulk', from, megabytes: Math.min(16, megabytes) });
        const done = await client?.ask<{ bytes: number; seconds: number }>({
          cmd: 'bulk',
          from,
          megabytes,
        });
        rates[mode] = (done?.bytes ?? 0) / 1e6 / (done?.seconds ?? 1);
        context.figure(`${mode} rate`, rates[mode], 'MB/s');
      } finally {
        await cluster.stop();
      }
    }
    ratios.push(rates.mxd / rates.bare);
  }
  return ratios;
}

/** Votes among four while strangers from a hundred loopback addresses shake hands all the time. */
async function flood(context: BenchmarkContext): Promise<readonly number[]> {
  const { floodHandshakes } = await import('./flood.ts');
  const cluster = await Cluster.make(4, 'mxd', 4);
  context.onEnd(() => cluster.stop());
  const rounds = context.smoke ? 10 : 250;
  await measureVotes(cluster, 'one', 50, 20);
  const quiet = await measureVotes(cluster, 'one', rounds, 20);
  const stop = floodHandshakes(
    cluster.workers.map((worker) => worker.address),
    100,
  );
  const loud = await measureVotes(cluster, 'one', rounds, 20);
  const attempts = await stop();
  context.figure('quiet p99', quiet.p99, 'ms');
  context.figure('flooded p99', loud.p99, 'ms');
  context.figure('attempts', attempts);
  return [loud.p99 / quiet.p99];
}

const suite: BenchmarkSuite = {
  name: 'network',
  benchmarks: [
    {
      name: 'vote to 3, one sender at a time: p99 over that of bare libp2p',
      unit: 'x',
      better: 'lower',
      target: { atMost: 2 },
      measure: (context) => votes(context, 4, 'one'),
    },
    {
      name: 'vote to 3, all at once: p99 over that of bare libp2p',
      unit: 'x',
      better: 'lower',
      target: { atMost: 2 },
      measure: (context) => votes(context, 4, 'all'),
    },
    {
      name: 'vote to 30, one sender at a time: p99 over that of bare libp2p',
      unit: 'x',
      better: 'lower',
      target: { atMost: 2 },
      skip: () =>
        process.env['MXD_BENCH_LARGE'] === '1' ? undefined : 'set MXD_BENCH_LARGE=1: 31 processes',
      measure: (context) => votes(context, 31, 'one'),
    },
    {
      name: 'vote to 30, all at once: p99 over that of bare libp2p',
      unit: 'x',
      better: 'lower',
      target: { atMost: 2 },
      skip: () =>
        process.env['MXD_BENCH_LARGE'] === '1' ? undefined : 'set MXD_BENCH_LARGE=1: 31 processes',
      measure: (context) => votes(context, 31, 'all'),
    },
    {
      name: 'transaction over 3 hops at 1,000 per second, signatures checked: p99',
      unit: 'ms',
      better: 'lower',
      target: { atMost: 100 },
      measure: threeHops,
    },
    {
      name: 'CPU of four nodes per transaction at 1,000 per second',
      unit: 'us',
      better: 'lower',
      target: { atMost: 200 },
      measure: relayCpu,
    },
    {
      name: '1 MiB block to 3 peers: p50',
      unit: 'ms',
      better: 'lower',
      target: { atMost: 20 },
      measure: async (context) => {
        const { p50, p99 } = await block(context);
        context.figure('p99 (at most 60)', p99, 'ms');
        return [p50];
      },
    },
    {
      name: 'history over one connection: rate over that of a bare libp2p stream',
      unit: 'x',
      better: 'higher',
      target: { atLeast: 0.5 },
      measure: bulk,
    },
    {
      name: 'votes under 100 handshakes per second: p99 over the quiet one',
      unit: 'x',
      better: 'lower',
      target: { atMost: 2 },
      measure: flood,
    },
  ],
};

export default suite;
