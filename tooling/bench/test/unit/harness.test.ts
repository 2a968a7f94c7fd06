import { describe, expect, it } from 'vitest';
import type { Benchmark, BenchmarkContext } from '../../src/harness.ts';
import { type BenchmarkResult, runBenchmark } from '../../src/measure.ts';
import { describe as text, readable } from '../../src/report.ts';
import { quantile, summarise } from '../../src/statistics.ts';

const quick = { samples: 5, sampleMs: 1, warmUpMs: 1 };

async function result(benchmark: Benchmark, smoke = false): Promise<BenchmarkResult> {
  const outcome = await runBenchmark('suite', benchmark, smoke);
  if ('skipped' in outcome) throw new TypeError('skipped');
  return outcome;
}

describe('statistics', () => {
  it('interpolates quantiles', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([10], 0.9)).toBe(10);
    expect(quantile([0, 10], 0.9)).toBe(9);
  });

  it('gives p90 on the bad side of the median', () => {
    const samples = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    expect(summarise(samples, 'lower')).toMatchObject({ median: 6, p90: 10, best: 1, worst: 11 });
    expect(summarise(samples, 'higher')).toMatchObject({ median: 6, p90: 2, best: 11, worst: 1 });
  });

  it('refuses no samples and samples that are not numbers', () => {
    expect(() => summarise([], 'lower')).toThrow(RangeError);
    expect(() => summarise([1, Number.NaN], 'lower')).toThrow(RangeError);
  });
});

describe('runBenchmark', () => {
  it('calls a body at least once for each sample, and once under smoke', async () => {
    let calls = 0;
    const counting: Benchmark = { name: 'count', ...quick, prepare: () => () => (calls += 1) };
    expect(await result(counting)).toMatchObject({ id: 'suite/count', unit: 'ops/s', samples: 5 });
    expect(calls).toBeGreaterThan(5);
    calls = 0;
    await result(counting, true);
    expect(calls).toBe(1);
  });

  it('awaits async bodies one after the other', async () => {
    let running = 0;
    let most = 0;
    await result({
      name: 'async',
      ...quick,
      prepare: () => async () => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
      },
    });
    expect(most).toBe(1);
  });

  it('counts the operations of one call', async () => {
    const spin = (): void => {
      const until = performance.now() + 0.5;
      while (performance.now() < until);
    };
    const one = await result({ name: 'one', ...quick, unit: 'us/op', prepare: () => spin });
    const ten = await result({
      name: 'ten',
      ...quick,
      unit: 'us/op',
      operations: 10,
      prepare: () => spin,
    });
    expect(one.best).toBeGreaterThanOrEqual(490);
    expect(ten.best).toBeGreaterThanOrEqual(49);
  });

  it('interleaves a comparison and tells both rates', async () => {
    const order: string[] = [];
    const variant = (name: string) => ({ name, prepare: () => () => order.push(name) });
    const outcome = await result(
      { name: 'pair', ...quick, compare: [variant('a'), variant('b')] },
      true,
    );
    expect(order).toEqual(['a', 'b']);
    expect(outcome.unit).toBe('x');
    expect(outcome.figures.map((figure) => figure.name)).toEqual(['a', 'b']);
  });

  it('judges targets by the median and closes what was opened, last first', async () => {
    const closed: number[] = [];
    const measure = (context: BenchmarkContext): number[] => {
      context.onEnd(() => closed.push(1));
      context.onEnd(() => closed.push(2));
      context.figure('size', 12n, 'bytes');
      return [5, 6, 7];
    };
    const base = { unit: 'ms', better: 'lower' as const, measure };
    const met = await result({ name: 'met', ...base, target: { atMost: 6 } });
    const missed = await result({ name: 'missed', ...base, target: { atLeast: 6.5 } });
    expect([met.targetMet, missed.targetMet]).toEqual([true, false]);
    expect(closed).toEqual([2, 1, 2, 1]);
    expect(text(missed)).toContain('NOT MET');
    expect(text(met)).toContain('12 bytes');
  });

  it('closes after an error and throws it through', async () => {
    let closed = false;
    const failing: Benchmark = {
      name: 'bad',
      prepare: (context) => {
        context.onEnd(() => (closed = true));
        throw new RangeError('no such file');
      },
    };
    await expect(runBenchmark('suite', failing, true)).rejects.toThrow('no such file');
    expect(closed).toBe(true);
  });

  it('gives the reason of a skipped benchmark without preparing it', async () => {
    const skipped: Benchmark = {
      name: 'no',
      skip: () => 'not on this platform',
      prepare: () => {
        throw new RangeError('prepared');
      },
    };
    expect(await runBenchmark('suite', skipped, false)).toEqual({
      id: 'suite/no',
      skipped: 'not on this platform',
    });
  });
});

describe('readable', () => {
  it('groups large numbers and keeps four digits of small ones', () => {
    expect([readable(1234567.8), readable(12.3456), readable(0.00432109)]).toEqual([
      '1,234,568',
      '12.35',
      '0.004321',
    ]);
  });
});
