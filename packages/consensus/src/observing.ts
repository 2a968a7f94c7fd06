import { Writer } from '@mxd/codec';

import { append, timer } from './effects.ts';
import { type RunningState } from './state.ts';
import { recordType, type Steps } from './types.ts';

const least = 2;
const most = 10;

/**
 * J9: after a start nothing is signed for 2 tStatus, so that a second instance would be noticed.
 */
export function* startObservation(s: RunningState): Steps {
  const { statusMs } = s.config.policy;
  const needsWatch = s.config.signing && s.epoch.n > 1 && s.ownKeys.size > 0;
  const periods = s.config.acceptEquivocationRisk === true ? most : needsWatch ? least : 0;
  s.observeUntilMs = s.monoMs + periods * statusMs;
  s.observeCapMs = s.monoMs + most * statusMs;
  yield* [];
}

/**
 * J9: an epoch switch while observing starts the wait again, at most 10 tStatus in all. With the risk
 * of J8 accepted it starts the whole watch again: the floor is of one epoch.
 */
export function* extendObservation(s: RunningState): Steps {
  if (s.observeUntilMs < 0) return;
  const until = s.monoMs + least * s.config.policy.statusMs;
  if (s.config.acceptEquivocationRisk === true) watchAnew(s);
  else if (until > s.observeUntilMs && s.observeCapMs > s.observeUntilMs && s.epoch.n > 1) {
    s.observeUntilMs = Math.min(until, s.observeCapMs);
  }
  yield* armObservation(s);
}

/** Nobody starts before genesisTimeMs by the own wall clock ("Timestamps"). */
export function* armObservation(s: RunningState): Steps {
  // Asked again every tStatus: a wall clock that is put right must not leave the node silent.
  const genesisMs = Math.min(s.config.genesisTimeMs - s.wallMs, s.config.policy.statusMs);
  const waitMs = Math.max(s.observeUntilMs - s.monoMs, genesisMs, 0);
  const isWatched = s.config.acceptEquivocationRisk === true;
  yield timer(s.epoch, 'observe', isWatched ? Math.min(waitMs, s.config.policy.statusMs) : waitMs);
}

/** J8: the 10 tStatus begin now. */
function watchAnew(s: RunningState): void {
  s.observeUntilMs = s.monoMs + most * s.config.policy.statusMs;
}

/**
 * J8: whoever misses blocks or hears less than a quorum cannot see what was signed before. Nothing
 * becomes final without a quorum, so that waiting for one costs nothing.
 */
function isBlind(s: RunningState): boolean {
  const e = s.epoch;
  if (e.pendingFinal !== undefined) return true;
  let power = 0;
  for (const [index, entry] of e.set.table.entries.entries()) {
    if (index === e.selfIndex || s.peerOfIndex[index] !== undefined) power += entry.power;
  }
  return power < e.set.quorum;
}

/** Timer `observe`: true when the observation is over and signing may begin. */
export function* endObservation(s: RunningState): Steps<boolean> {
  if (s.observeUntilMs < 0) return false;
  if (s.config.acceptEquivocationRisk === true && isBlind(s)) watchAnew(s);
  if (s.monoMs < s.observeUntilMs || s.wallMs < s.config.genesisTimeMs) {
    yield* armObservation(s);
    return false;
  }
  s.observeUntilMs = -1;
  if (s.config.acceptEquivocationRisk === true) yield* writeRiskFloor(s);
  return true;
}

/** J8: the risk was accepted, and while it is being watched an own vote raises the floor. */
export function isAcceptingRisk(s: RunningState): boolean {
  return s.config.acceptEquivocationRisk === true && s.observeUntilMs >= 0;
}

/** J8: nothing at or below the highest own vote or certificate seen is ever signed. */
function* writeRiskFloor(s: RunningState): Steps {
  const e = s.epoch;
  e.floor = Math.max(e.floor, e.view - 1);
  const writer = new Writer(8);
  writer.u32(e.epoch);
  writer.u32(e.floor);
  yield append(recordType.floor, writer.finish());
  yield { type: 'floor', epoch: e.epoch, view: e.floor };
}
