import { noSample, type LatencyRecord, type LatencySample } from '@mxd/protocol/system-records';
import { type Table } from '@mxd/protocol/table';
import { describe, expect, test } from 'vitest';

import { aggregateLatency, observation, weightedMedian } from '../../../src/validators/latency.ts';
import { currentTable } from '../../../src/validators/index.ts';
import { genesisOf, people } from '../fixture.ts';

/** The median of values by reporters 0, 1, 2 ... of these powers. */
const medianOf = (values: readonly number[], powers: readonly number[], needed: number) =>
  weightedMedian(Uint32Array.from(values.map(observation)), powers, needed);

describe('weighted median', () => {
  test('is the first value with half of the weight', () => {
    expect(medianOf([30, 10, 20], [1, 1, 1], 3)).toBe(20);
    // An even number: the lower one of the middle, 2 * 2 >= 4.
    expect(medianOf([40, 30, 10, 20], [1, 1, 1, 1], 3)).toBe(20);
    // Weights 1, 5, 2: of 8, half is reached at 5 + 1.
    expect(medianOf([10, 20, 30], [1, 5, 2], 6)).toBe(20);
    expect(medianOf([10, 20, 30], [4, 2, 2], 6)).toBe(10);
    expect(medianOf([10_000, 0, 5_000], [1, 1, 1], 3)).toBe(5_000);
  });

  test('needs a quorum of weight', () => {
    expect(medianOf([1, 1], [1, 1], 3)).toBeUndefined();
    expect(medianOf([1, 1], [1, 2], 3)).toBe(1);
    expect(medianOf([], [], 1)).toBeUndefined();
    expect(medianOf([], [], 0)).toBeUndefined();
    // Who is not in the table has no weight.
    expect(medianOf([1, 2, 3], [1, 1], 3)).toBeUndefined();
  });
});

describe('aggregation', () => {
  const none: LatencySample = { latencyMs: noSample, participationBp: noSample };
  const report = (reporterIndex: number, samples: LatencySample[]): LatencyRecord => ({
    type: 5,
    epoch: 1,
    reporterIndex,
    samples,
    signature: new Uint8Array(64),
  });
  const equalTable = (n: number): Table =>
    currentTable(genesisOf(people(n), { parameters: { powerMode: 0, joinPolicy: 1 } }).state);
  const sample = (latencyMs: number, participationBp: number): LatencySample => ({
    latencyMs,
    participationBp,
  });

  test('each value by itself, with n = 4 and a quorum of 3', () => {
    const table = equalTable(4);
    const reports = [
      report(0, [none, sample(10, 9_000), sample(70, 8_000), sample(1, 1)]),
      report(1, [sample(20, 9_100), none, sample(80, noSample), sample(2, 2)]),
      report(2, [sample(30, 9_200), sample(11, 9_500), none, sample(noSample, 3)]),
      report(3, [sample(40, 9_300), sample(99, 100), sample(90, 8_100), none]),
    ];
    expect(aggregateLatency(table, reports)).toStrictEqual([
      sample(30, 9_200),
      sample(11, 9_000),
      // Participation of index 2 has two reports only and stays at the start value.
      sample(80, 10_000),
      // Latency of index 3 likewise.
      sample(500, 2),
    ]);
  });

  test('nobody measures a sole validator, and without reports all keep what they have', () => {
    expect(aggregateLatency(equalTable(1), [report(0, [none])])).toStrictEqual([
      sample(500, 10_000),
    ]);
    expect(aggregateLatency(equalTable(3), [])).toStrictEqual(
      Array.from({ length: 3 }, () => sample(500, 10_000)),
    );
  });

  test('a validator with a third of the power cannot be measured', () => {
    const [a, b, c] = people(3);
    const { state } = genesisOf([
      { ...a!, stake: 40n },
      { ...b!, stake: 30n },
      { ...c!, stake: 30n },
    ]);
    const table = currentTable(state);
    const whale = table.entries.findIndex((entry) => entry.stake === 40n);
    const reports = [0, 1, 2].map((i) =>
      report(
        i,
        [0, 1, 2].map((j) => (i === j ? none : sample(7, 7))),
      ),
    );
    // Of 1,000,000 the quorum is 666,667: the others hold 600,000.
    expect(aggregateLatency(table, reports)[whale]).toStrictEqual(sample(500, 10_000));
    expect(aggregateLatency(table, reports).filter((one) => one.latencyMs === 7).length).toBe(2);
  });
});
