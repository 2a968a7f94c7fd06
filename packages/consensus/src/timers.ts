import { considerBlock } from './blocks.ts';
import { tryCommit } from './committing.ts';
import { timer } from './effects.ts';
import { onEpochGrace } from './epochs.ts';
import { onFetchTimer } from './fetch.ts';
import { endObservation } from './observing.ts';
import { tryPropose } from './proposing.ts';
import { onGrace, resendEntry, resendOwn, sendStatus } from './resync.ts';
import { accepted, rejected, type RunningState } from './state.ts';
import { type Input, type Outcome, type Steps } from './types.ts';
import { armView } from './views.ts';
import { tryFinalizeAll, tryNotarize, tryNullify } from './voting.ts';

/** E3: every rule whose condition may hold by now, in the order of the rules. */
export function* evaluate(s: RunningState): Steps {
  const e = s.epoch;
  yield* tryCommit(s);
  if (s.halted !== undefined || s.epoch !== e) return;
  for (const entry of s.tree.values()) yield* considerBlock(s, entry);
  yield* tryPropose(s);
  yield* tryNotarize(s);
  yield* tryNullify(s);
  yield* tryFinalizeAll(s);
}

function* onRetry(s: RunningState): Steps {
  const e = s.epoch;
  s.behindKey = '';
  yield* evaluate(s);
  if (s.halted !== undefined || s.epoch !== e) return;
  yield* resendOwn(s);
  yield* resendEntry(s);
  yield* sendStatus(s);
  yield timer(e, 'retry', s.config.policy.retryMs);
}

/** Timers carry (epoch, view): what belongs to another view is ignored. */
export function* onTimer(
  s: RunningState,
  input: Extract<Input, { type: 'timer' }>,
): Steps<Outcome> {
  const e = s.epoch;
  const isGlobal = input.name === 'status' || input.name === 'fetch' || input.name === 'observe';
  if (!isGlobal && input.epoch !== e.epoch) return rejected('CONSENSUS_OBSOLETE');
  const isOfView = !isGlobal && input.name !== 'epochGrace';
  if (isOfView && input.view !== e.view) return rejected('CONSENSUS_OBSOLETE');
  switch (input.name) {
    case 'leader':
      e.leaderExpired = true;
      yield* tryNullify(s);
      return accepted;
    case 'view':
      e.viewExpired = true;
      yield* tryNullify(s);
      return accepted;
    case 'retry':
      yield* onRetry(s);
      return accepted;
    case 'grace':
      yield* onGrace(s);
      return accepted;
    case 'pace':
      yield* tryPropose(s);
      return accepted;
    case 'empty':
      e.emptyExpired = true;
      if (e.phase === 'waiting') e.phase = 'idle';
      yield* tryPropose(s);
      return accepted;
    case 'boundary':
      e.boundaryExpired = true;
      yield* tryPropose(s);
      return accepted;
    case 'epochGrace':
      yield* onEpochGrace(s);
      return accepted;
    case 'fetch':
      yield* onFetchTimer(s);
      return accepted;
    case 'status':
      yield* sendStatus(s);
      yield timer(e, 'status', s.config.policy.statusMs);
      return accepted;
    case 'observe':
      if (yield* endObservation(s)) {
        yield* armView(s);
        yield* evaluate(s);
      }
      return accepted;
    default: {
      const never: never = input.name;
      return never;
    }
  }
}
