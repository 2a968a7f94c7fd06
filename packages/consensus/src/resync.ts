import { leaderOf } from '@mxd/protocol';
import { type StatusMessage } from '@mxd/protocol/messages';

import { noteActive, notePosition } from './activity.ts';
import { encoded, toPeers, toValidators } from './effects.ts';
import { encodeProposal, proposalReceivers } from './proposing.ts';
import { takeReply } from './peers.ts';
import {
  accepted,
  entryCertificate,
  F,
  N,
  rejected,
  Z,
  type HeldCertificate,
  type Peer,
  type RunningState,
} from './state.ts';
import { type Outcome, type Steps } from './types.ts';
import { settleLate, settleSigner } from './votes.ts';

function certificateMessage(held: HeldCertificate): Uint8Array {
  return encoded({ type: 0x12, certificate: held.bytes });
}

/** A1: the ticket into the current view, for a peer that is behind it. */
export function* replyEntry(s: RunningState, peer: Peer): Steps {
  const held = entryCertificate(s.epoch) ?? s.epoch.lastFinal;
  if (held === undefined || !takeReply(s, peer)) return;
  yield toPeers([peer.id], certificateMessage(held));
}

/** A1, A2: the newest finalization, for a peer that asks about views it covers. */
export function* replyFinal(s: RunningState, peer: Peer): Steps {
  const held = s.epoch.lastFinal;
  if (held === undefined) return;
  if (!takeReply(s, peer)) return;
  yield toPeers([peer.id], certificateMessage(held));
}

/** A2: proof of the end of an epoch that a peer is still in. */
export function* replyProof(s: RunningState, peer: Peer, epoch: number): Steps {
  if (epoch < 1 || s.monoMs - peer.proofAtMs < s.config.policy.replyIntervalMs) return;
  peer.proofAtMs = s.monoMs;
  if (epoch === s.epoch.epoch - 1 && s.lastProof !== undefined) {
    yield toPeers([peer.id], s.lastProof);
    return;
  }
  yield {
    type: 'serve',
    to: peer.id,
    request: { type: 'epochProofs', fromEpoch: epoch, count: 1 },
  };
}

export function statusMessage(s: RunningState): Uint8Array {
  const e = s.epoch;
  return encoded({
    type: 0x13,
    epoch: e.epoch,
    view: e.view,
    finalView: e.lastFinalView,
    finalHeight: s.head.header.height,
  });
}

/** A2, A7: a message of another epoch: help the peer forward, or ask to be helped. */
export function* otherEpoch(s: RunningState, peer: Peer, epoch: number): Steps<Outcome> {
  if (epoch < s.epoch.epoch) {
    yield* replyProof(s, peer, epoch);
    return rejected('CONSENSUS_EPOCH');
  }
  notePosition(peer, epoch, 0);
  if (s.monoMs - peer.statusAtMs >= s.config.policy.statusMs) {
    peer.statusAtMs = s.monoMs;
    yield toPeers([peer.id], statusMessage(s));
  }
  return rejected('CONSENSUS_EPOCH');
}

/** A STATUS: a hint about where its sender stands, and a request for what it lacks. */
export function* onStatus(s: RunningState, peer: Peer, m: StatusMessage): Steps<Outcome> {
  const e = s.epoch;
  notePosition(peer, m.epoch, m.view);
  if (m.epoch !== e.epoch) return yield* otherEpoch(s, peer, m.epoch);
  if (peer.index >= 0) {
    noteActive(e, peer.index, m.view);
    yield* echo(s, peer);
    if (s.halted !== undefined) return accepted;
  }
  if (m.finalView < e.lastFinalView) yield* replyFinal(s, peer);
  else if (m.view < e.view) yield* replyEntry(s, peer);
  return accepted;
}

/**
 * A9: the first STATUS after a connect, and in each epoch, is answered with the peer's own votes.
 */
function* echo(s: RunningState, peer: Peer): Steps {
  const e = s.epoch;
  if (peer.echoedEpoch === e.epoch) return;
  peer.echoedEpoch = e.epoch;
  for (const slot of e.slots.values()) {
    yield* settleSigner(s, slot, peer.index);
    if (s.halted !== undefined) return;
  }
  settleLate(s, peer.index);
  for (let kind = N; kind <= F; kind++) {
    const vote = e.newest[peer.index * 3 + kind - 1];
    if (vote !== undefined) yield toPeers([peer.id], encoded({ type: 0x11, vote }));
  }
}

/** Timer `status`. */
export function* sendStatus(s: RunningState): Steps {
  yield toValidators(s.epoch, statusMessage(s));
}

/** Timer `grace`: the entry certificate to every validator that is not known to be in the view. */
export function* onGrace(s: RunningState): Steps {
  const e = s.epoch;
  const held = entryCertificate(e);
  if (held === undefined) return;
  const behind: string[] = [];
  for (const peer of s.peerOfIndex) {
    if (peer === undefined || peer.index === e.selfIndex) continue;
    if (peer.epoch < e.epoch || (peer.epoch === e.epoch && peer.view < e.view)) {
      behind.push(peer.id);
    }
  }
  if (behind.length > 0) yield toPeers(behind, certificateMessage(held));
}

/** tRetry: what this node has already said, byte for byte; never anything new (J6). */
export function* resendOwn(s: RunningState): Steps {
  const e = s.epoch;
  const slot = e.slots.get(e.view);
  for (const kind of [N, Z] as const) {
    const vote = slot?.mine[kind];
    if (vote !== undefined) yield toValidators(e, encoded({ type: 0x11, vote }));
  }
  for (const other of e.slots.values()) {
    const vote = other.mine[F];
    if (vote !== undefined && other.view > e.lastFinalView) {
      yield toValidators(e, encoded({ type: 0x11, vote }));
    }
  }
  const own = slot?.mine[N];
  if (own === undefined || leaderOf(e.set, e.view) !== e.selfIndex) return;
  const entry = s.tree.get(slot?.proposals.find((p) => p.leaderVote === own)?.key ?? '');
  const receivers = proposalReceivers(s);
  if (entry === undefined || receivers.length === 0) return;
  const bytes = encodeProposal(s, entry, own, true);
  if (bytes !== undefined) yield toPeers(receivers, bytes);
}

/** tRetry: the ticket into the current view, for all. */
export function* resendEntry(s: RunningState): Steps {
  const held = entryCertificate(s.epoch);
  if (held !== undefined) yield toValidators(s.epoch, certificateMessage(held));
}
