import { leaderOf, type Header } from '@mxd/protocol';

import { fetchBlock, fetchCertificates, signersOf } from './fetch.ts';
import { isInactive } from './activity.ts';
import { considerBlock, headerProblem, isParentProven } from './blocks.ts';
import { limits } from './limits.ts';
import { peersOf } from './peers.ts';
import { relayOnce } from './relay.ts';
import { appendBlock, maySign, nullify, publish, signVote, tryFinalize } from './signing.ts';
import {
  certificateOf,
  headerOf,
  isExecuted,
  N,
  Z,
  type BlockEntry,
  type RunningState,
  type Slot,
} from './state.ts';
import { type PeerId, type Steps } from './types.ts';

/**
 * What the rules say about a proposal now: vote, wait for something missing, or a proven failure.
 */
export type Judgement = 'vote' | 'wait' | 'fail';

/** N7: timely by the own clock, or exactly the +1 escape. */
export function isTimely(s: RunningState, header: Header, parent: Header): boolean {
  const drift = s.config.parameters.maxDriftMs;
  const { timestampMs } = header;
  if (timestampMs <= parent.timestampMs) return false;
  if (timestampMs < s.wallMs - drift) return false;
  return timestampMs <= s.wallMs + drift || timestampMs === parent.timestampMs + 1;
}

/** N4: a nullification of every view strictly between; else the first and last that are missing. */
export function missingNullifications(
  s: RunningState,
  from: number,
  to: number,
): readonly [number, number] | undefined {
  let first = 0;
  let last = 0;
  for (let w = from + 1; w < to; w++) {
    if (certificateOf(s.epoch, w, Z) !== undefined) continue;
    if (first === 0) first = w;
    last = w;
  }
  return first === 0 ? undefined : [first, last];
}

/** Peers to ask about a proposal of the current view: its leader. */
function leaderPeers(s: RunningState): readonly PeerId[] {
  return peersOf(s, [leaderOf(s.epoch.set, s.epoch.view)]);
}

/** N2 to N8 for a block that is first proposed in this view. */
function* judgeFirst(s: RunningState, entry: BlockEntry, header: Header): Steps<Judgement> {
  const e = s.epoch;
  const v = e.view;
  // N2
  if (header.parentView >= v || header.parentView < e.lastFinalView) return 'fail';
  // B1 before N3: a proven parent certificate is one that is held.
  if (entry.parentCertificate !== undefined && !isParentProven(s, entry)) return 'fail';
  // N3
  if (header.parentView === 0) {
    if (entry.parentKey !== e.anchor.key) return 'fail';
  } else if (!(yield* isParentCertified(s, entry, header))) {
    return 'wait';
  }
  // N4
  const gap = missingNullifications(s, header.parentView, v);
  if (gap !== undefined) {
    yield* fetchCertificates(s, gap[0], gap[1], leaderPeers(s));
    return 'wait';
  }
  // N5
  const parent = headerOf(s, entry.parentKey);
  if (parent === undefined || !isExecuted(s, entry.parentKey)) {
    yield* fetchAncestor(s, entry, leaderPeers(s));
    return 'wait';
  }
  // N6, N7
  if (headerProblem(s, e, header, parent) !== undefined) return 'fail';
  if (!isTimely(s, header, parent)) return 'fail';
  // N8
  return yield* judgeBody(s, entry);
}

function* isParentCertified(s: RunningState, entry: BlockEntry, header: Header): Steps<boolean> {
  const slot = s.epoch.slots.get(header.parentView);
  const isHeld =
    slot?.certificates[1]?.key === entry.parentKey ||
    slot?.certificates[3]?.key === entry.parentKey;
  if (!isHeld) {
    yield* fetchCertificates(s, header.parentView, header.parentView, leaderPeers(s));
  }
  return isHeld;
}

function* judgeBody(s: RunningState, entry: BlockEntry): Steps<Judgement> {
  if (entry.state === 'partial') {
    yield* fetchBlock(s, entry.hash, entry.key, leaderPeers(s));
    return 'wait';
  }
  yield* considerBlock(s, entry);
  if (entry.state === 'invalid') return 'fail';
  return entry.state === 'valid' ? 'vote' : 'wait';
}

/** P4: a block that was proposed before and ends the epoch, instead of N2 to N8. */
function* judgeRepeated(s: RunningState, entry: BlockEntry, header: Header): Steps<Judgement> {
  const e = s.epoch;
  if (header.view > e.view) return 'fail';
  if (header.epoch !== e.epoch || header.height !== e.lastHeight) return 'fail';
  if (entry.key !== s.head.key) {
    if (entry.parentKey !== s.head.key && headerOf(s, entry.parentKey) === undefined) {
      yield* fetchBlock(s, header.parentHash, entry.parentKey, leaderPeers(s));
      return 'wait';
    }
    const body = yield* judgeBody(s, entry);
    if (body !== 'vote') return body;
  }
  for (let u = e.view - 1; u >= Math.max(e.lastFinalView, 1); u--) {
    const slot = e.slots.get(u);
    const isCertified =
      slot?.certificates[1]?.key === entry.key || slot?.certificates[3]?.key === entry.key;
    if (isCertified) return 'vote';
    if (slot?.certificates[Z] === undefined) {
      yield* fetchCertificates(s, u, u, leaderPeers(s));
      return 'wait';
    }
  }
  return 'wait';
}

/**
 * Rules N1 to N8 for the first proposal of the current view (E3: asked again whenever something
 * changed).
 */
export function* tryNotarize(s: RunningState): Steps {
  const e = s.epoch;
  const slot = e.slots.get(e.view);
  const proposal = slot?.proposals[0];
  if (slot === undefined || proposal === undefined || slot.invalid) return;
  // N1; an observer goes on as far as fetching what it needs to follow.
  if (slot.mine[N] !== undefined || slot.mine[Z] !== undefined || e.view <= e.floor) return;
  const entry = s.tree.get(proposal.key);
  if (entry === undefined) return;
  const { header } = entry;
  if (header === undefined) {
    // V0b: an unknown header is missing, whatever the flag says.
    yield* fetchBlock(s, entry.hash, entry.key, leaderPeers(s));
    return;
  }
  const judgement =
    header.view === e.view
      ? yield* judgeFirst(s, entry, header)
      : yield* judgeRepeated(s, entry, header);
  if (s.halted !== undefined) return;
  if (judgement === 'fail') {
    slot.invalid = true;
    yield* nullify(s);
  } else if (judgement === 'vote' && maySign(s)) {
    yield* notarize(s, slot, entry);
  }
}

function* notarize(s: RunningState, slot: Slot, entry: BlockEntry): Steps {
  yield* appendBlock(entry);
  const vote = yield* signVote(s, N, slot.view, entry.hash);
  if (vote === undefined) return;
  yield* retainJustification(s, entry, slot.view);
  yield* publish(s, vote);
  yield* relayOnce(entry);
}

/** Weak accountability: the nullifications that this NOTARIZE rests on are kept. */
export function* retainJustification(s: RunningState, entry: BlockEntry, view: number): Steps {
  const { header } = entry;
  if (header === undefined) return;
  const certificates: Uint8Array[] = [];
  for (let w = Math.max(header.parentView, s.epoch.lastFinalView) + 1; w < view; w++) {
    const held = certificateOf(s.epoch, w, Z);
    if (held !== undefined) certificates.push(held.bytes);
  }
  if (certificates.length === 0) return;
  yield { type: 'retain', epoch: s.epoch.epoch, view, certificates };
}

/**
 * A leader that cannot be waited for: silent too long, or blacklisted while the rest is a quorum.
 */
export function isSkipped(s: RunningState): boolean {
  const e = s.epoch;
  const leader = leaderOf(e.set, e.view);
  if (isInactive(e, leader, s.config.policy.skipViews)) return true;
  if (e.blacklisted[leader] !== 1) return false;
  let power = 0;
  for (let i = 0; i < e.n; i++) if (e.blacklisted[i] !== 1) power += e.powers[i] as number;
  return power >= e.set.quorum;
}

/** A leaderVote of the view whose header is known and matches it: what tLeader waits for. */
function hasProposal(s: RunningState, slot: Slot | undefined): boolean {
  return slot?.proposals.some((p) => s.tree.get(p.key)?.header !== undefined) ?? false;
}

/** Every condition under which the current view is NULLIFYed, as conditions (E3). */
export function* tryNullify(s: RunningState): Steps {
  const e = s.epoch;
  const slot = e.slots.get(e.view);
  if (slot?.mine[Z] !== undefined) return;
  const leader = leaderOf(e.set, e.view);
  const isDue =
    e.viewExpired ||
    e.buildFailed ||
    slot?.invalid === true ||
    (e.leaderExpired && !hasProposal(s, slot)) ||
    (leader !== e.selfIndex && slot?.tallies[Z].votes[leader] !== undefined) ||
    isSkipped(s);
  if (isDue) yield* nullify(s);
}

/** The newest ancestor of a block that is not here: without it nothing above it can be executed. */
function* fetchAncestor(s: RunningState, entry: BlockEntry, peers: readonly PeerId[]): Steps {
  let child: BlockEntry | undefined = entry;
  for (let i = 0; i < limits.catchUpBlocks.value && child?.header !== undefined; i++) {
    const { parentKey } = child;
    if (isExecuted(s, parentKey)) return;
    const parent = s.tree.get(parentKey);
    if (parent === undefined || parent.state === 'partial') {
      yield* fetchBlock(s, child.header.parentHash, parentKey, peers);
      return;
    }
    yield* considerBlock(s, parent);
    child = parent;
  }
}

/** A notarized block that is not executed here: what is missing of it, or below it, is fetched. */
function* fetchNotarized(s: RunningState, view: number): Steps {
  const held = s.epoch.slots.get(view)?.certificates[N];
  if (held === undefined || view <= s.epoch.lastFinalView || isExecuted(s, held.key)) return;
  const entry = s.tree.get(held.key);
  if (entry === undefined || entry.state === 'partial') {
    yield* fetchBlock(s, held.certificate.blockHash, held.key, signersOf(s, held));
  } else yield* fetchAncestor(s, entry, signersOf(s, held));
}

/** E3: everything that may have become possible in the epoch, in the order of the rules. */
export function* tryFinalizeAll(s: RunningState): Steps {
  const views = [...s.epoch.slots.keys()];
  for (const view of views) {
    yield* tryFinalize(s, view);
    yield* fetchNotarized(s, view);
  }
}
