/**
 * What a benchmark file of this workspace exports. A file `packages/X/bench/Y.bench.ts` says
 *
 *     import type { BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
 *     const suite: BenchmarkSuite = { name: 'codec', benchmarks: [
 *       { name: 'encode', operations: 1, prepare: () => { const v = ...; return () => codec.encode(v); } },
 *     ] };
 *     export default suite;
 *
 * `npm run -s bench -- codec` runs it. Three kinds of benchmarks exist: a timed body, a measure
 * function that returns its own samples, and a comparison of two bodies interleaved in one run.
 */

/** Told to every benchmark when it is prepared or measured. */
export interface BenchmarkContext {
  /** True under `--smoke`: use the smallest input that still goes through every line. */
  readonly smoke: boolean;
  /** Prints one more figure beside the benchmark's own (sizes, counts, rates). */
  readonly figure: (name: string, value: number | bigint | string, unit?: string) => void;
  /** Registers what must be closed after the benchmark, run in reverse order, even on errors. */
  readonly onEnd: (close: () => unknown) => void;
}

/** One call does `operations` operations; a promise returned is awaited before the next call. */
export type BenchmarkBody = () => unknown;

export type TimedUnit = 'ops/s' | 'ns/op' | 'us/op' | 'ms/op';

/** A figure promised somewhere; shown beside the result, never a reason to fail. */
export interface BenchmarkTarget {
  readonly atLeast?: number;
  readonly atMost?: number;
}

interface BenchmarkBase {
  /** Unique in the suite; the benchmark's id is `<suite name>/<name>`. */
  readonly name: string;
  readonly target?: BenchmarkTarget;
  /** Takes minutes: runs with `--long`, under `--smoke`, or where the filter names it. */
  readonly long?: true;
  /** A reason not to run here (a missing native module, say), or undefined to run. */
  readonly skip?: () => string | undefined;
}

interface Sampling {
  /** Operations that one call of the body does; 1 unless told. */
  readonly operations?: number;
  /** Samples taken; 25 unless told. */
  readonly samples?: number;
  /** Least duration of one sample: the body is called as often as that needs; 40 unless told. */
  readonly sampleMs?: number;
  /** Unmeasured running before the first sample; 300 unless told. */
  readonly warmUpMs?: number;
}

/** The harness calls the prepared body again and again and times it. */
export interface TimedBenchmark extends BenchmarkBase, Sampling {
  /** 'ops/s' unless told. */
  readonly unit?: TimedUnit;
  readonly prepare: (context: BenchmarkContext) => BenchmarkBody | Promise<BenchmarkBody>;
}

/** The benchmark measures by itself and returns its samples, in `unit`. */
export interface MeasuredBenchmark extends BenchmarkBase {
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly measure: (context: BenchmarkContext) => readonly number[] | Promise<readonly number[]>;
}

export interface BenchmarkVariant {
  readonly name: string;
  readonly operations?: number;
  readonly prepare: (context: BenchmarkContext) => BenchmarkBody | Promise<BenchmarkBody>;
}

/**
 * Two variants side by side: samples alternate (a b, b a, ...), so that both see the same load of
 * the machine. Unit `x`: operations per second of the first over those of the second, one ratio
 * for each pair. The rates of both are printed too.
 */
export interface ComparisonBenchmark extends BenchmarkBase, Omit<Sampling, 'operations'> {
  readonly compare: readonly [BenchmarkVariant, BenchmarkVariant];
}

export type Benchmark = TimedBenchmark | MeasuredBenchmark | ComparisonBenchmark;

export interface BenchmarkSuite {
  /** The package's short name, with a suffix where it has several suites: 'codec', 'crypto-pool'. */
  readonly name: string;
  readonly benchmarks: readonly Benchmark[];
}
