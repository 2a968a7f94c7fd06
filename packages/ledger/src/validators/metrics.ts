import { leaderOf } from '@mxd/protocol/checks';
import { type Header } from '@mxd/protocol/block';
import { keyOf, type ValidatorId } from '@mxd/protocol/primitives';

import { mapGet, mapSet } from './ordered-map.ts';
import { type Metrics, type ValidatorState } from './types.ts';
import { currentSet } from './views.ts';

const maxU32 = 0xffff_ffff;
const maxU16 = 0xffff;

/**
 * How often each table index led a view between `after` and `before`, both excluded: whole cycles of
 * the schedule are counted at once, since the gap is any u32 that a header names.
 */
export function leadsBetween(
  schedule: readonly number[],
  after: number,
  before: number,
): ReadonlyMap<number, number> {
  const views = Math.max(0, before - after - 1);
  const cycles = Math.floor(views / schedule.length);
  const counts = new Map<number, number>();
  if (cycles > 0) {
    for (const index of schedule) counts.set(index, (counts.get(index) ?? 0) + cycles);
  }
  for (let i = 0; i < views % schedule.length; i++) {
    const index = schedule[(after + i) % schedule.length] as number;
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  return counts;
}

/**
 * Step X2: the leaders of the views that a block skipped missed their slots, its proposer used its
 * own. Counters stop at their largest value.
 */
export function applyMetrics(
  state: ValidatorState,
  header: Pick<Header, 'view' | 'parentView'>,
): ValidatorState {
  const set = currentSet(state);
  const { entries } = set.table;
  let { metrics } = state;
  const update = (index: number, change: (old: Metrics) => Metrics): void => {
    const id = entries[index]?.id as ValidatorId;
    const key = keyOf(id);
    const old = mapGet(metrics, key) ?? { id, proposed: 0, missed: 0, consecutiveMisses: 0 };
    metrics = mapSet(metrics, key, change(old));
  };
  for (const [index, count] of leadsBetween(set.schedule, header.parentView, header.view)) {
    update(index, (old) => ({
      ...old,
      missed: Math.min(maxU32, old.missed + count),
      consecutiveMisses: Math.min(maxU16, old.consecutiveMisses + count),
    }));
  }
  update(leaderOf(set, header.view), (old) => ({
    ...old,
    proposed: Math.min(maxU32, old.proposed + 1),
    consecutiveMisses: 0,
  }));
  return { ...state, metrics };
}
