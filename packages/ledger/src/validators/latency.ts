import { noSample, type LatencyRecord, type LatencySample } from '@mxd/protocol/system-records';
import { totalPower, type Table, type TableEntry } from '@mxd/protocol/table';
import { quorum } from '@mxd/protocol/thresholds';

interface Weighted {
  readonly value: number;
  readonly reporterIndex: number;
  readonly power: number;
}

/**
 * The power-weighted median of what observers report of one validator, or undefined while observers
 * with less than a quorum have a value. With a quorum the Byzantine share is below half, so the
 * result lies within what correct observers measured, whichever reports a leader included.
 */
export function weightedMedian(reports: readonly Weighted[], needed: number): number | undefined {
  const power = reports.reduce((sum, report) => sum + report.power, 0);
  if (power < needed) return undefined;
  const sorted = reports.toSorted((a, b) => a.value - b.value || a.reporterIndex - b.reporterIndex);
  let cumulative = 0;
  return sorted.find((report) => {
    cumulative += report.power;
    return 2 * cumulative >= power;
  })?.value;
}

/** The aggregated measurements of every table entry; unmeasured ones keep the value they have. */
export function aggregateLatency(
  table: Table,
  reports: readonly LatencyRecord[],
): readonly LatencySample[] {
  const needed = quorum(totalPower(table));
  const median = (target: number, field: keyof LatencySample): number | undefined => {
    const values: Weighted[] = [];
    for (const { reporterIndex, samples } of reports) {
      const value = samples[target]?.[field] ?? noSample;
      const power = table.entries[reporterIndex]?.power ?? 0;
      if (value !== noSample) values.push({ value, reporterIndex, power });
    }
    return weightedMedian(values, needed);
  };
  return table.entries.map((entry: TableEntry, target) => ({
    latencyMs: median(target, 'latencyMs') ?? entry.latencyMs,
    participationBp: median(target, 'participationBp') ?? entry.participationBp,
  }));
}
