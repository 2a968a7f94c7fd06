import { keyOf } from '@mxd/protocol/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { applyMetrics, currentTable, type ValidatorState } from '../../../src/validators/index.ts';
import { leadsBetween } from '../../../src/validators/metrics.ts';
import { mapGet } from '../../../src/validators/ordered-map.ts';
import { genesisOf, people } from '../fixture.ts';

// Rank order, so that view v is led by table index (v - 1) mod 4.
const state = genesisOf(people(4), { parameters: { leaderMode: 0 } }).state;
const counts = (of: ValidatorState) =>
  currentTable(of).entries.map((entry) => {
    const { proposed, missed, consecutiveMisses } = mapGet(of.metrics, keyOf(entry.id))!;
    return [proposed, missed, consecutiveMisses];
  });

describe('metrics', () => {
  test('a block in the first view', () => {
    expect(counts(applyMetrics(state, { parentView: 0, view: 1 }))).toStrictEqual([
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test('views that were skipped count for their leaders', () => {
    // Views 2 to 6 were led by 1, 2, 3, 0, 1; view 7 by 2.
    const after = applyMetrics(state, { parentView: 1, view: 7 });
    expect(counts(after)).toStrictEqual([
      [0, 1, 1],
      [0, 2, 2],
      [1, 1, 0],
      [0, 1, 1],
    ]);
    // View 8 is led by 3, whose misses in a row end.
    expect(counts(applyMetrics(after, { parentView: 7, view: 8 }))[3]).toStrictEqual([1, 1, 0]);
  });

  test('counters stop at their largest values, and a gap of all views takes no time', () => {
    const after = applyMetrics(state, { parentView: 0, view: 0xffff_ffff });
    // 4294967294 views: 1073741823 cycles and two more; the proposer is index 2.
    expect(counts(after)).toStrictEqual([
      [0, 1_073_741_824, 65_535],
      [0, 1_073_741_824, 65_535],
      [1, 1_073_741_823, 0],
      [0, 1_073_741_823, 65_535],
    ]);
    let full = after;
    for (let i = 0; i < 4; i++) full = applyMetrics(full, { parentView: 0, view: 0xffff_ffff });
    expect(counts(full)[0]).toStrictEqual([0, 0xffff_ffff, 65_535]);
    const id = currentTable(state).entries[0]!.id;
    const proposals = {
      ...full.metrics,
      chunks: full.metrics.chunks.map((chunk) => ({
        ...chunk,
        values: chunk.values.map((one) => ({ ...one, proposed: 0xffff_ffff })),
      })),
    };
    const last = applyMetrics({ ...full, metrics: proposals }, { parentView: 0, view: 1 });
    expect(mapGet(last.metrics, keyOf(id))).toMatchObject({ proposed: 0xffff_ffff });
  });

  test('slots are counted as one by one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 20 }),
        fc.nat({ max: 500 }),
        fc.nat({ max: 500 }),
        (schedule, after, gap) => {
          const expected = new Map<number, number>();
          for (let view = after + 1; view < after + gap; view++) {
            const index = schedule[(view - 1) % schedule.length]!;
            expected.set(index, (expected.get(index) ?? 0) + 1);
          }
          const sorted = (map: ReadonlyMap<number, number>) =>
            [...map].toSorted(([x], [y]) => x - y);
          expect(sorted(leadsBetween(schedule, after, after + gap))).toStrictEqual(
            sorted(expected),
          );
        },
      ),
    );
  });
});
