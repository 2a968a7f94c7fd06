import { tryCommit } from './committing.ts';
import { considerBlock } from './blocks.ts';
import { type BlockEntry, type RunningState } from './state.ts';
import { type Steps } from './types.ts';
import { tryNotarize } from './voting.ts';

/** All parts of a block are here (E3: a missing item has arrived). */
export function* onBody(s: RunningState, entry: BlockEntry): Steps {
  const e = s.epoch;
  s.fetches.delete(`b:${entry.key}`);
  s.fetches.delete(`t:${entry.key}`);
  if (e.pendingFinal !== undefined) {
    yield* tryCommit(s);
    if (s.halted !== undefined || s.epoch !== e) return;
  }
  yield* considerBlock(s, entry);
  if (s.halted !== undefined) return;
  yield* tryNotarize(s);
}
