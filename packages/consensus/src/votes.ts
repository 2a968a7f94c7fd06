import { equalBytes } from '@mxd/codec';
import { leaderOf, relay, validated, verifyVote, type Vote, type VoteKind } from '@mxd/protocol';
import { keyOf, zeroHash } from '@mxd/protocol/primitives';

import { noteActive } from './activity.ts';
import { assemble } from './certificates.ts';
import { fault, halt } from './effects.ts';
import { accuse } from './evidence.ts';
import { limits } from './limits.ts';
import { isAcceptingRisk } from './observing.ts';
import { relayOnce } from './relay.ts';
import {
  accepted,
  F,
  N,
  rejected,
  tallyOf,
  Z,
  type Choice,
  type EpochState,
  type Peer,
  type RunningState,
  type Slot,
  type Tally,
} from './state.ts';
import { type Outcome, type Steps } from './types.ts';

/** The choice of a tally for a hash; nearly always the first one. */
function findChoice(tally: Tally, hash: Uint8Array): Choice | undefined {
  for (const choice of tally.choices) if (equalBytes(choice.hash, hash)) return choice;
  return undefined;
}

function choiceOf(e: EpochState, tally: Tally, kind: VoteKind, hash: Uint8Array): Choice {
  const known = findChoice(tally, hash);
  if (known !== undefined) return known;
  const choice: Choice = {
    hash: kind === Z ? zeroHash : hash,
    key: kind === Z ? '' : keyOf(hash),
    power: 0,
    count: 0,
    potential: 0,
    seen: new Uint8Array(e.n),
    pending: [],
  };
  tally.choices.push(choice);
  return choice;
}

export function isValidVote(s: RunningState, vote: Vote): boolean {
  s.counters.signaturesChecked++;
  return verifyVote(s.epoch.set, vote, s.config.verify);
}

/** Pending votes of a signer, in every choice of a kind. */
function pendingOf(tally: Tally, signer: number): boolean {
  for (const choice of tally.choices) if (choice.seen[signer] === 1) return true;
  return false;
}

/** Whether a vote of this signer for something else is held that a new vote may contradict. */
function isSuspicious(slot: Slot, vote: Vote): boolean {
  const { kind, signerIndex: signer } = vote;
  if (kind !== Z) {
    for (const choice of tallyOf(slot, kind).choices) {
      if (choice.seen[signer] !== 0 && !equalBytes(choice.hash, vote.blockHash)) return true;
    }
  }
  if (kind === N) return false;
  const other = tallyOf(slot, kind === F ? Z : F);
  return other.votes[signer] !== undefined || pendingOf(other, signer);
}

/** Room for one more unverified vote from this connection (C1). */
function takePendingPlace(e: EpochState, tally: Tally, vote: Vote, from: Peer): boolean {
  if (from.pending >= limits.pendingFactor.value * e.n) return false;
  const signer = vote.signerIndex;
  let counts = tally.direct;
  if (signer !== from.index) {
    tally.relayed ??= new Map();
    counts = tally.relayed.get(from.id) ?? new Uint8Array(e.n);
    tally.relayed.set(from.id, counts);
  }
  if ((counts[signer] as number) >= limits.pendingPerSender.value) return false;
  counts[signer] = (counts[signer] as number) + 1;
  from.pending++;
  return true;
}

/** A vote that arrived: into the side list, then as much verification as a threshold needs. */
export function* addVote(s: RunningState, slot: Slot, vote: Vote, from: Peer): Steps<Outcome> {
  const e = s.epoch;
  const { kind, signerIndex: signer } = vote;
  const tally = tallyOf(slot, kind);
  const choice = choiceOf(e, tally, kind, vote.blockHash);
  if (choice.seen[signer] === 2) return rejected('CONSENSUS_DUPLICATE');
  if (choice.seen[signer] === 1) {
    for (const other of choice.pending) {
      const isSame =
        other.vote.signerIndex === signer && equalBytes(other.vote.signature, vote.signature);
      if (isSame) return rejected('CONSENSUS_DUPLICATE');
    }
  }
  if (!takePendingPlace(e, tally, vote, from)) {
    s.counters.votesDropped++;
    dropEmpty(tally, choice);
    return rejected('CONSENSUS_FULL');
  }
  const faults = s.counters.rejected;
  choice.pending.push({ vote, from: from.id });
  if (choice.seen[signer] === 0) {
    choice.seen[signer] = 1;
    choice.potential += e.powers[signer] as number;
  }
  if (isSuspicious(slot, vote)) {
    yield* settleSigner(s, slot, signer);
  } else if (kind === Z && signer === leaderOf(e.set, vote.view)) {
    yield* settleSigner(s, slot, signer);
  }
  yield* settle(s, slot, kind, choice);
  return s.counters.rejected > faults ? rejected('CONSENSUS_VOTE_SIGNATURE') : accepted;
}

function dropEmpty(tally: Tally, choice: Choice): void {
  if (choice.potential === 0 && choice.pending.length === 0) {
    tally.choices = tally.choices.filter((other) => other !== choice);
  }
}

/** Verifies what is pending of one signer in a view: for evidence, for its echo, for the leader. */
export function* settleSigner(s: RunningState, slot: Slot, signer: number): Steps {
  for (const kind of [N, Z, F] as const) {
    const tally = tallyOf(slot, kind);
    for (const choice of tally.choices) {
      if (choice.seen[signer] === 1) yield* settleOne(s, slot, kind, choice, signer);
    }
  }
}

function* settleOne(
  s: RunningState,
  slot: Slot,
  kind: VoteKind,
  choice: Choice,
  signer: number,
): Steps {
  const e = s.epoch;
  const mine = choice.pending.filter((p) => p.vote.signerIndex === signer);
  choice.pending = choice.pending.filter((p) => p.vote.signerIndex !== signer);
  choice.seen[signer] = 0;
  choice.potential -= e.powers[signer] as number;
  let isSettled = false;
  for (const { vote, from } of mine) {
    const peer = s.peers.get(from);
    if (peer !== undefined) peer.pending--;
    if (isSettled) continue;
    if (isValidVote(s, vote)) {
      isSettled = true;
      yield* addVerified(s, slot, vote);
    } else {
      yield* fault(s, peer, 'CONSENSUS_VOTE_SIGNATURE');
    }
    if (s.halted !== undefined) return;
  }
  dropEmpty(tallyOf(slot, kind), choice);
}

/** Lazy verification: only when a threshold could be reached, only as many as it needs. */
function* settle(s: RunningState, slot: Slot, kind: VoteKind, choice: Choice): Steps {
  const e = s.epoch;
  if (slot.certificates[kind] !== undefined) return;
  const half = kind === N && !slot.validated ? validated(e.set.totalPower) : e.set.quorum;
  for (const goal of half === e.set.quorum ? [half] : [half, e.set.quorum]) {
    while (choice.power < goal && choice.potential >= goal && choice.pending.length > 0) {
      yield* settleNewest(s, slot, choice);
      if (s.halted !== undefined) return;
    }
  }
}

/** Verifies the newest pending vote of a choice: no search, which counts at n = 100. */
function* settleNewest(s: RunningState, slot: Slot, choice: Choice): Steps {
  const next = choice.pending.pop();
  if (next === undefined) return;
  const { vote, from } = next;
  const signer = vote.signerIndex;
  const power = s.epoch.powers[signer] as number;
  const peer = s.peers.get(from);
  if (peer !== undefined) peer.pending--;
  // Another copy of this signer's vote has been verified meanwhile.
  if (choice.seen[signer] === 2) return;
  choice.seen[signer] = 0;
  choice.potential -= power;
  if (isValidVote(s, vote)) {
    yield* addVerified(s, slot, vote);
    return;
  }
  if (choice.pending.some((p) => p.vote.signerIndex === signer)) {
    choice.seen[signer] = 1;
    choice.potential += power;
  }
  yield* fault(s, peer, 'CONSENSUS_VOTE_SIGNATURE');
}

/**
 * The one place where a verified vote enters the tally: evidence, C1 (the first one wins), C2, C3.
 * Certificates are queued, never handled here (R0).
 */
export function* addVerified(s: RunningState, slot: Slot, vote: Vote): Steps {
  const e = s.epoch;
  const { kind, signerIndex: signer, view } = vote;
  if (signer === e.selfIndex && !(yield* isOwn(s, slot, vote))) return;
  noteActive(e, signer, view);
  noteNewest(e, vote);
  yield* accuse(s, slot, vote);
  const tally = tallyOf(slot, kind);
  if (tally.votes[signer] !== undefined) return;
  tally.votes[signer] = vote;
  const choice = choiceOf(e, tally, kind, vote.blockHash);
  if (choice.seen[signer] === 0) choice.potential += e.powers[signer] as number;
  else forgetPending(s, choice, signer);
  choice.seen[signer] = 2;
  choice.power += e.powers[signer] as number;
  choice.count++;
  if (kind === N && !slot.validated && choice.power >= validated(e.set.totalPower)) {
    slot.validated = true;
    const height = s.tree.get(choice.key)?.header?.height;
    yield { type: 'notify', status: 'VALIDATED', hash: choice.hash, height, view };
  }
  if (kind === N && choice.count === relay(e.n)) {
    const entry = s.tree.get(choice.key);
    if (entry !== undefined) yield* relayOnce(entry);
  }
  if (slot.certificates[kind] === undefined && choice.power >= e.set.quorum) {
    const isQueued = s.queue.some(
      (item) =>
        'certificate' in item &&
        item.certificate.certificate.kind === kind &&
        item.certificate.certificate.view === view,
    );
    if (!isQueued) {
      s.queue.push({ epoch: e.epoch, certificate: assemble(e, kind, view, choice) });
    }
  }
}

function forgetPending(s: RunningState, choice: Choice, signer: number): void {
  choice.pending = choice.pending.filter((p) => {
    if (p.vote.signerIndex !== signer) return true;
    const peer = s.peers.get(p.from);
    if (peer !== undefined) peer.pending--;
    return false;
  });
}

/** J9: a verified vote of the own key that the journal does not hold ends this node. */
function* isOwn(s: RunningState, slot: Slot, vote: Vote): Steps<boolean> {
  const e = s.epoch;
  const mine = slot.mine[vote.kind];
  if (mine !== undefined && equalBytes(mine.signature, vote.signature)) return true;
  if (vote.view <= e.floor || !s.config.signing) return vote.view > e.floor;
  if (isAcceptingRisk(s)) {
    e.floor = vote.view;
    return false;
  }
  yield* halt(s, 'CONSENSUS_HALT_OWN_KEY', `a vote of view ${vote.view} is not in the journal`);
  return false;
}

function noteNewest(e: EpochState, vote: Vote): void {
  const place = vote.signerIndex * 3 + vote.kind - 1;
  const known = e.newest[place];
  if (known === undefined || vote.view > known.view) e.newest[place] = vote;
}

/**
 * A9: a vote on its signer's own connection that comes too late for any tally is still the newest
 * that is known of a slow validator. Kept unverified, one per kind, until it is echoed.
 */
export function noteLate(e: EpochState, vote: Vote): void {
  const place = vote.signerIndex * 3 + vote.kind - 1;
  const known = e.newest[place] ?? e.late[place];
  if (known === undefined || vote.view > known.view) e.late[place] = vote;
}

/** A9: the late votes of a validator are verified when its echo is due. */
export function settleLate(s: RunningState, signer: number): void {
  const e = s.epoch;
  for (const kind of [N, Z, F] as const) {
    const place = signer * 3 + kind - 1;
    const vote = e.late[place];
    e.late[place] = undefined;
    if (vote !== undefined && isValidVote(s, vote)) noteNewest(e, vote);
  }
}
