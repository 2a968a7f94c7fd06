/** One measurement of another clock: theirs minus ours, good to half the round trip. */
export interface ClockSample {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/** The median; of an even number the lower middle one. Undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}

/** A peer's clock offset: the median of its samples. */
export function medianOffsetMs(samples: readonly ClockSample[]): number | undefined {
  return median(samples.map((sample) => sample.offsetMs));
}

/** What is known about this node's clock. Never an input to block validity. */
export interface ClockReport {
  /** Median over the peers' offsets; undefined below three peers: two can not outvote a liar. */
  readonly peersOffsetMs: number | undefined;
  readonly peers: number;
  /** Median over the configured NTP servers. */
  readonly ntpOffsetMs: number | undefined;
  /** Set when either offset is beyond `limits.clockWarnMs`. */
  readonly warning: string | undefined;
}

const fewestPeers = 3;

/** Puts the measurements together; absurd ones are lies and count nothing. */
export function clockReport(
  peerOffsetsMs: readonly number[],
  ntpOffsetsMs: readonly number[],
  warnMs: number,
  trimMs: number,
): ClockReport {
  const honest = peerOffsetsMs.filter((offset) => Math.abs(offset) <= trimMs);
  const peersOffsetMs = honest.length >= fewestPeers ? median(honest) : undefined;
  const ntpOffsetMs = median(ntpOffsetsMs.filter((offset) => Math.abs(offset) <= trimMs));
  const worst = ntpOffsetMs ?? peersOffsetMs;
  const source = ntpOffsetMs === undefined ? 'peers' : 'time servers';
  const warning =
    worst !== undefined && Math.abs(worst) > warnMs
      ? `this clock is ${Math.round(Math.abs(worst))} ms ${worst > 0 ? 'behind' : 'ahead of'} the ${source}`
      : undefined;
  return { peersOffsetMs, peers: honest.length, ntpOffsetMs, warning };
}
