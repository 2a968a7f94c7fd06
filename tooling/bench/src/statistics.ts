/** What is told of one set of samples. All values are in the benchmark's unit. */
export interface Summary {
  readonly samples: number;
  readonly median: number;
  /** Nine of ten samples were this good or better: for rates it lies below the median. */
  readonly p90: number;
  readonly best: number;
  readonly worst: number;
  /** Distance between the quartiles over the median: 0.02 is a quiet run, 0.3 a noisy one. */
  readonly spread: number;
}

/** The value at `share` (0..1) of ascending `sorted`, linear between neighbours (R type 7). */
export function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const low = Math.floor(position);
  const below = sorted[low];
  const above = sorted[Math.min(low + 1, sorted.length - 1)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (position - low);
}

/** Summarises at least one finite sample; throws a RangeError for anything else. */
export function summarise(samples: readonly number[], better: 'higher' | 'lower'): Summary {
  if (samples.length === 0) throw new RangeError('a benchmark returned no samples');
  for (const sample of samples) {
    if (!Number.isFinite(sample)) throw new RangeError(`a benchmark returned the sample ${sample}`);
  }
  const sorted = [...samples].sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const iqr = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  const up = better === 'higher';
  return {
    samples: sorted.length,
    median,
    p90: quantile(sorted, up ? 0.1 : 0.9),
    best: quantile(sorted, up ? 1 : 0),
    worst: quantile(sorted, up ? 0 : 1),
    spread: median === 0 ? 0 : iqr / Math.abs(median),
  };
}
