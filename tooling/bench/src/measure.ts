import type {
  Benchmark,
  BenchmarkBody,
  BenchmarkContext,
  BenchmarkTarget,
  ComparisonBenchmark,
  MeasuredBenchmark,
  TimedBenchmark,
  TimedUnit,
} from './harness.ts';
import { type Machine, readMachine } from './machine.ts';
import { type Summary, summarise } from './statistics.ts';

export interface Figure {
  readonly name: string;
  readonly value: number | string;
  readonly unit: string;
}

/** One line of `--json`. */
export interface BenchmarkResult extends Summary {
  readonly id: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly figures: readonly Figure[];
  readonly target?: BenchmarkTarget;
  /** Absent where no target is set; judged by the median. */
  readonly targetMet?: boolean;
  readonly machine: Machine;
}

export interface Skipped {
  readonly id: string;
  readonly skipped: string;
}

const defaults = { samples: 25, sampleMs: 40, warmUpMs: 300 };

/** Results land here, so that no engine may drop a body whose value nobody reads. */
const sink: { last: unknown } = { last: undefined };

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** Calls the body `calls` times; nanoseconds. Awaits only bodies known to return promises. */
async function time(body: BenchmarkBody, calls: number, isAsync: boolean): Promise<number> {
  const start = process.hrtime.bigint();
  if (isAsync) {
    for (let i = 0; i < calls; i += 1) sink.last = await body();
  } else {
    for (let i = 0; i < calls; i += 1) sink.last = body();
  }
  return Number(process.hrtime.bigint() - start);
}

interface Timer {
  /** Nanoseconds for each operation, over one sample. */
  readonly sample: () => Promise<number>;
}

/** Warms the body up and finds how many calls make one sample. */
async function timer(
  body: BenchmarkBody,
  operations: number,
  sampling: { readonly sampleMs: number; readonly warmUpMs: number },
): Promise<Timer> {
  const first = body();
  const isAsync = isThenable(first);
  sink.last = isAsync ? await first : first;
  const warmUpNs = sampling.warmUpMs * 1e6;
  let calls = 1;
  let spent = 0;
  let lastNs = 0;
  do {
    lastNs = await time(body, calls, isAsync);
    spent += lastNs;
    // Doubling stops short of one sample's duration, so that warming up is not a sample too long.
    if (lastNs < (sampling.sampleMs * 1e6) / 2) calls *= 2;
  } while (spent < warmUpNs);
  const perCallNs = Math.max(lastNs / calls, 1);
  const perSample = Math.max(1, Math.ceil((sampling.sampleMs * 1e6) / perCallNs));
  return { sample: async () => (await time(body, perSample, isAsync)) / (perSample * operations) };
}

/** Under `--smoke`: one call, nothing warmed up. */
async function once(body: BenchmarkBody, operations: number): Promise<number> {
  const start = process.hrtime.bigint();
  sink.last = await body();
  return Math.max(Number(process.hrtime.bigint() - start), 1) / operations;
}

const nanosecondsPer: Record<Exclude<TimedUnit, 'ops/s'>, number> = {
  'ns/op': 1,
  'us/op': 1e3,
  'ms/op': 1e6,
};

function inUnit(nsPerOperation: number, unit: TimedUnit): number {
  return unit === 'ops/s' ? 1e9 / nsPerOperation : nsPerOperation / nanosecondsPer[unit];
}

interface Measured {
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly samples: readonly number[];
}

async function runTimed(benchmark: TimedBenchmark, context: BenchmarkContext): Promise<Measured> {
  const unit = benchmark.unit ?? 'ops/s';
  const operations = benchmark.operations ?? 1;
  const body = await benchmark.prepare(context);
  const samples: number[] = [];
  if (context.smoke) {
    samples.push(inUnit(await once(body, operations), unit));
  } else {
    const { sample } = await timer(body, operations, { ...defaults, ...benchmark });
    const count = benchmark.samples ?? defaults.samples;
    for (let i = 0; i < count; i += 1) samples.push(inUnit(await sample(), unit));
  }
  return { unit, better: unit === 'ops/s' ? 'higher' : 'lower', samples };
}

async function runMeasured(
  benchmark: MeasuredBenchmark,
  context: BenchmarkContext,
): Promise<Measured> {
  const samples = await benchmark.measure(context);
  return { unit: benchmark.unit, better: benchmark.better, samples };
}

async function runComparison(
  benchmark: ComparisonBenchmark,
  context: BenchmarkContext,
): Promise<Measured> {
  const sampling = { ...defaults, ...benchmark };
  const timers: Timer[] = [];
  for (const variant of benchmark.compare) {
    const body = await variant.prepare(context);
    const operations = variant.operations ?? 1;
    timers.push(
      context.smoke
        ? { sample: () => once(body, operations) }
        : await timer(body, operations, sampling),
    );
  }
  const [first, second] = timers;
  if (first === undefined || second === undefined) throw new RangeError('compare needs two');
  const ns: { first: number[]; second: number[] } = { first: [], second: [] };
  for (let i = 0; i < (context.smoke ? 1 : sampling.samples); i += 1) {
    const swap = i % 2 === 1;
    const early = await (swap ? second : first).sample();
    const late = await (swap ? first : second).sample();
    ns.first.push(swap ? late : early);
    ns.second.push(swap ? early : late);
  }
  for (const [index, list] of [ns.first, ns.second].entries()) {
    const rate = 1e9 / summarise(list, 'lower').median;
    context.figure(benchmark.compare[index]?.name ?? '', Math.round(rate), 'ops/s');
  }
  const samples = ns.second.map((theirs, index) => theirs / (ns.first[index] ?? Number.NaN));
  return { unit: 'x', better: 'higher', samples };
}

function isMet(target: BenchmarkTarget, median: number): boolean {
  return (
    (target.atLeast === undefined || median >= target.atLeast) &&
    (target.atMost === undefined || median <= target.atMost)
  );
}

/** Prepares, runs and closes one benchmark. Errors of the benchmark are thrown through. */
export async function runBenchmark(
  suite: string,
  benchmark: Benchmark,
  smoke: boolean,
): Promise<BenchmarkResult | Skipped> {
  const id = `${suite}/${benchmark.name}`;
  const skipped = benchmark.skip?.();
  if (skipped !== undefined) return { id, skipped };
  const figures: Figure[] = [];
  const closers: (() => unknown)[] = [];
  const context: BenchmarkContext = {
    smoke,
    figure: (name, value, unit = '') => {
      figures.push({ name, value: typeof value === 'bigint' ? String(value) : value, unit });
    },
    onEnd: (close) => closers.push(close),
  };
  const machine = readMachine();
  try {
    const { unit, better, samples } =
      'compare' in benchmark
        ? await runComparison(benchmark, context)
        : 'measure' in benchmark
          ? await runMeasured(benchmark, context)
          : await runTimed(benchmark, context);
    const summary = summarise(samples, better);
    const { target } = benchmark;
    return {
      id,
      unit,
      better,
      ...summary,
      figures,
      ...(target === undefined ? {} : { target, targetMet: isMet(target, summary.median) }),
      machine,
    };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
