import { equalBytes } from '@mxd/codec';
import { type Certificate, type Vote } from '@mxd/protocol';

import { checkCertificate, decodeCertificate, medianTime, ownSignature } from './certificates.ts';
import { tryCommit } from './committing.ts';
import { append, fault, halt } from './effects.ts';
import { fetchBlock, signersOf } from './fetch.ts';
import { isAcceptingRisk } from './observing.ts';
import { tryPropose } from './proposing.ts';
import { relayOnce } from './relay.ts';
import { otherEpoch } from './resync.ts';
import { tryFinalize } from './signing.ts';
import {
  accepted,
  entryOf,
  F,
  N,
  rejected,
  slotOf,
  Z,
  type HeldCertificate,
  type Peer,
  type RunningState,
  type Slot,
} from './state.ts';
import { recordType, type Outcome, type Steps } from './types.ts';
import { enterView } from './views.ts';
import { addVerified } from './votes.ts';
import { tryNotarize } from './voting.ts';

/** L1, L2, L3: what cannot both exist while less than a third of the power is faulty. */
function contradicts(slot: Slot, held: HeldCertificate): HeldCertificate | undefined {
  const { kind } = held.certificate;
  const [, n, z, f] = slot.certificates;
  if (kind === N) return [n, f].find((other) => other !== undefined && other.key !== held.key);
  if (kind === Z) return f;
  return z ?? [n, f].find((other) => other !== undefined && other.key !== held.key);
}

/** A certificate from a peer: verified in full before anything happens. */
export function* receiveCertificate(
  s: RunningState,
  bytes: Uint8Array,
  peer: Peer,
): Steps<Outcome> {
  const e = s.epoch;
  const held = decodeCertificate(bytes);
  if (held === undefined) {
    yield* fault(s, peer, 'CONSENSUS_CERTIFICATE');
    return rejected('CONSENSUS_CERTIFICATE');
  }
  const c = held.certificate;
  if (c.epoch !== e.epoch) return yield* otherEpoch(s, peer, c.epoch);
  const slot = e.slots.get(c.view);
  const rival = slot === undefined ? undefined : contradicts(slot, held);
  if (rival === undefined) {
    if (c.view <= e.lastFinalView) return rejected('CONSENSUS_STALE');
    if (slot?.certificates[c.kind] !== undefined) return rejected('CONSENSUS_DUPLICATE');
  }
  const votes: Vote[] = [];
  if (!checkCertificate(s, e.set, c, votes)) {
    yield* fault(s, peer, 'CONSENSUS_CERTIFICATE');
    return rejected('CONSENSUS_CERTIFICATE');
  }
  if (rival !== undefined) {
    yield* haltOnConflict(s, rival.certificate, c);
    return accepted;
  }
  yield* onCertificate(s, held, votes);
  return accepted;
}

function* haltOnConflict(s: RunningState, a: Certificate, b: Certificate): Steps {
  const reason = `kinds ${a.kind} and ${b.kind} of view ${a.view} in epoch ${a.epoch}`;
  yield* halt(s, 'CONSENSUS_HALT_CONFLICT', reason, [a, b]);
}

/** J9: a certificate above the floor with an own signature that the journal does not hold. */
function* isOwnKeyMisused(s: RunningState, slot: Slot, c: Certificate): Steps<boolean> {
  const e = s.epoch;
  if (!s.config.signing || c.view <= e.floor) return false;
  const signature = ownSignature(e, c);
  if (signature === undefined) return false;
  const mine = slot.mine[c.kind];
  if (mine !== undefined && equalBytes(mine.signature, signature)) return false;
  if (isAcceptingRisk(s)) {
    e.floor = c.view;
    return false;
  }
  yield* halt(s, 'CONSENSUS_HALT_OWN_KEY', `a certificate of view ${c.view} holds a vote`, [c]);
  return true;
}

/**
 * J5: appended before anything follows from it. A valid certificate, assembled here or verified.
 * `votes`: those of it that were just verified.
 */
export function* onCertificate(
  s: RunningState,
  held: HeldCertificate,
  votes: readonly Vote[],
): Steps {
  const e = s.epoch;
  const c = held.certificate;
  if (c.view <= e.lastFinalView) return;
  const slot = slotOf(e, c.view);
  const rival = contradicts(slot, held);
  if (rival !== undefined) {
    yield* haltOnConflict(s, rival.certificate, c);
    return;
  }
  if (slot.certificates[c.kind] !== undefined) return;
  if (yield* isOwnKeyMisused(s, slot, c)) return;
  slot.certificates[c.kind] = held;
  yield append(recordType.certificate, held.bytes);
  for (const vote of votes) {
    yield* addVerified(s, slot, vote);
    if (s.halted !== undefined) return;
  }
  if (c.kind !== Z) yield* onBlockCertified(s, held);
  if (s.halted !== undefined || s.epoch !== e) return;
  if (c.view >= e.view) yield* enterView(s, c.view + 1);
  if (s.halted !== undefined || s.epoch !== e) return;
  yield* tryPropose(s);
  yield* tryNotarize(s);
}

function* onBlockCertified(s: RunningState, held: HeldCertificate): Steps {
  const e = s.epoch;
  const c = held.certificate;
  const entry = entryOf(s, c.blockHash, c.view);
  const height = entry.header?.height;
  const status = c.kind === F ? 'FINAL' : 'NOTARIZED';
  yield { type: 'notify', status, hash: c.blockHash, height, view: c.view };
  yield* watchClock(s, c);
  yield* relayOnce(entry);
  if (c.kind === F) {
    s.counters.finalizations++;
    e.lastFinalView = c.view;
    e.floor = Math.max(e.floor, c.view);
    e.lastFinal = held;
    e.finalAtMs = s.monoMs;
    e.pendingFinal = held;
    yield { type: 'floor', epoch: e.epoch, view: e.floor };
    yield* tryCommit(s);
    return;
  }
  if (entry.state === 'partial' && entry.key !== s.head.key && entry.draft === undefined) {
    yield* fetchBlock(s, entry.hash, entry.key, signersOf(s, held));
  }
  yield* tryFinalize(s, c.view);
}

const clockAlarmMs = 30_000;
const clockRepeatMs = 60_000;

/** Timestamps: the signers' median clock against the own; for the operator only. */
function* watchClock(s: RunningState, c: Certificate): Steps {
  if (s.monoMs - s.clockWarnedAtMs < clockRepeatMs) return;
  const median = medianTime(s.epoch, c);
  if (median === undefined) return;
  const offsetMs = s.wallMs - median;
  if (Math.abs(offsetMs) <= clockAlarmMs) return;
  s.clockWarnedAtMs = s.monoMs;
  yield { type: 'warn', code: 'CONSENSUS_CLOCK', details: { offsetMs, view: c.view } };
}
