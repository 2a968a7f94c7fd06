import { noSample, type LatencyRecord, type LatencySample } from '@mxd/protocol/system-records';
import { totalPower, type Table } from '@mxd/protocol/table';
import { quorum } from '@mxd/protocol/thresholds';

/** A value and who reported it as one number, whose order is that of (value, reporter index). */
export const observation = (value: number, reporterIndex: number): number =>
  value * 0x1_0000 + reporterIndex;

/**
 * The power-weighted median of observations, or undefined while observers with less than a quorum
 * have a value. With a quorum the Byzantine share is below half, so the result lies within what
 * correct observers measured, whichever reports a leader included. Sorts `observations` in place.
 * `powers` are by reporter index.
 */
export function weightedMedian(
  observations: Uint32Array,
  powers: readonly number[],
  needed: number,
): number | undefined {
  const powerOf = (one: number): number => powers[one & 0xffff] ?? 0;
  let power = 0;
  for (const one of observations) power += powerOf(one);
  if (power < needed) return undefined;
  let cumulative = 0;
  const median = observations.sort().find((one) => {
    cumulative += powerOf(one);
    return 2 * cumulative >= power;
  });
  return median === undefined ? undefined : Math.floor(median / 0x1_0000);
}

/** The aggregated measurements of every table entry; unmeasured ones keep the value they have. */
export function aggregateLatency(
  table: Table,
  reports: readonly LatencyRecord[],
): readonly LatencySample[] {
  const needed = quorum(totalPower(table));
  const powers = table.entries.map((entry) => entry.power);
  const scratch = new Uint32Array(reports.length);
  const median = (target: number, field: keyof LatencySample): number | undefined => {
    let count = 0;
    for (const { reporterIndex, samples } of reports) {
      const value = samples[target]?.[field] ?? noSample;
      if (value !== noSample) scratch[count++] = observation(value, reporterIndex);
    }
    return weightedMedian(scratch.subarray(0, count), powers, needed);
  };
  return table.entries.map((entry, target) => ({
    latencyMs: median(target, 'latencyMs') ?? entry.latencyMs,
    participationBp: median(target, 'participationBp') ?? entry.participationBp,
  }));
}
