import { leaderOf, messageCodec, voteCodec, type ConsensusMessage, type Vote } from '@mxd/protocol';
import { messageType } from '@mxd/protocol/messages';

import { measureVote, noteActive, notePosition } from './activity.ts';
import { receiveCertificate } from './certified.ts';
import { onTransactions } from './compact.ts';
import { fault } from './effects.ts';
import { onEpochProof } from './epoch-proofs.ts';
import { limits } from './limits.ts';
import { takeRequest } from './peers.ts';
import { onProposal } from './proposals.ts';
import { onStatus, otherEpoch, replyEntry, replyFinal } from './resync.ts';
import {
  onBlockRequest,
  onBlockResponse,
  onCertificateRequest,
  onCertificateResponse,
  onTransactionRequest,
} from './serving.ts';
import { accepted, F, N, rejected, slotOf, Z, type Peer, type RunningState } from './state.ts';
import { type Outcome, type PeerId, type Steps } from './types.ts';
import { addVerified, addVote, isValidVote, noteLate } from './votes.ts';
import { tryNullify } from './voting.ts';

/** Epoch that a message says it belongs to; undefined for those that have none. */
function epochOf(m: ConsensusMessage): number | undefined {
  switch (m.type) {
    case messageType.proposal:
      return m.epoch;
    case messageType.vote:
      return m.vote.epoch;
    default:
      return undefined;
  }
}

/** A7: messages of the next epoch wait for the switch, unverified and bounded. */
function buffer(s: RunningState, from: Peer, bytes: Uint8Array, isProposal: boolean): void {
  const own = s.buffer.filter((b) => b.from === from.id);
  const isFull = own.length >= limits.bufferPerPeer.value;
  const rival = isProposal ? own.find((b) => b.isProposal) : isFull ? own[0] : undefined;
  if (rival !== undefined) drop(s, rival);
  else if (isFull && own[0] !== undefined) drop(s, own[0]);
  s.buffer.push({ from: from.id, bytes, isProposal });
  s.bufferBytes += bytes.length;
  const most = limits.bufferFactor.value * s.epoch.n;
  while (s.buffer.length > most || s.bufferBytes > limits.bufferBytes.value) {
    const oldest = s.buffer[0];
    if (oldest === undefined) break;
    drop(s, oldest);
  }
}

function drop(s: RunningState, item: RunningState['buffer'][number]): void {
  s.buffer.splice(s.buffer.indexOf(item), 1);
  s.bufferBytes -= item.bytes.length;
  s.counters.bufferedDropped++;
}

/** The one edge: bytes become a typed message here or nowhere. */
export function* onMessage(s: RunningState, from: PeerId, bytes: Uint8Array): Steps<Outcome> {
  s.counters.messages++;
  const peer = s.peers.get(from);
  if (peer === undefined) return rejected('CONSENSUS_PEER_UNKNOWN');
  if (s.monoMs < peer.refusedUntilMs) return rejected('CONSENSUS_REFUSED');
  if (bytes[0] === messageType.vote) {
    const vote = voteCodec.tryDecode(bytes.subarray(1));
    if (vote.ok) return yield* onVoteMessage(s, peer, vote.value, bytes);
  }
  const decoded = messageCodec.tryDecode(bytes);
  if (!decoded.ok) {
    yield* fault(s, peer, 'CONSENSUS_MALFORMED');
    return rejected('CONSENSUS_MALFORMED');
  }
  const m = decoded.value;
  if (epochOf(m) === s.epoch.epoch + 1) {
    notePosition(peer, s.epoch.epoch + 1, 0);
    buffer(s, peer, bytes, m.type === messageType.proposal);
    return yield* otherEpoch(s, peer, s.epoch.epoch + 1);
  }
  return yield* dispatch(s, peer, m);
}

function* onVoteMessage(
  s: RunningState,
  peer: Peer,
  vote: Vote,
  bytes: Uint8Array,
): Steps<Outcome> {
  if (vote.epoch === s.epoch.epoch + 1) {
    notePosition(peer, vote.epoch, 0);
    buffer(s, peer, bytes, false);
  }
  return yield* onVote(s, peer, vote);
}

function* dispatch(s: RunningState, peer: Peer, m: ConsensusMessage): Steps<Outcome> {
  switch (m.type) {
    case messageType.proposal:
      return yield* onProposal(s, peer, m);
    case messageType.vote:
      return yield* onVote(s, peer, m.vote);
    case messageType.certificate:
      return yield* receiveCertificate(s, m.certificate, peer);
    case messageType.status:
      return yield* onStatus(s, peer, m);
    case messageType.certificateRequest:
      return yield* onCertificateRequest(s, peer, m);
    case messageType.certificateResponse:
      return yield* onCertificateResponse(s, peer, m);
    case messageType.blockRequest:
      return yield* onBlockRequest(s, peer, m);
    case messageType.blockResponse:
      return yield* onBlockResponse(s, peer, m);
    case messageType.transactionRequest:
      return yield* onTransactionRequest(s, peer, m);
    case messageType.transactionResponse:
      return yield* onTransactions(s, m);
    case messageType.epochProofRequest: {
      if (!takeRequest(s, peer)) return rejected('CONSENSUS_RATE');
      const { fromEpoch, count } = m;
      const request = { type: 'epochProofs', fromEpoch, count } as const;
      yield { type: 'serve', to: peer.id, request };
      return accepted;
    }
    case messageType.epochProof:
      return yield* onEpochProof(s, peer, m);
    case messageType.systemRecord:
      yield { type: 'systemRecord', record: m.record, from: peer.id };
      return accepted;
    case messageType.genesisAnnounce:
    case messageType.genesisDocument:
    case messageType.genesisSignature:
      return rejected('CONSENSUS_GENESIS_OVER');
    default: {
      const never: never = m;
      return never;
    }
  }
}

/**
 * Position, activity and latency of a vote on its signer's own connection, before any drop (C1).
 */
function noteVote(s: RunningState, peer: Peer, vote: Vote): void {
  const e = s.epoch;
  notePosition(peer, vote.epoch, vote.kind === F ? vote.view + 1 : vote.view);
  noteActive(e, vote.signerIndex, vote.view);
  if (vote.kind === F) return;
  const capMs = s.config.parameters.latencyCapMs;
  measureVote(e, vote.signerIndex, vote.view, vote.kind === N, s.monoMs, capMs);
}

/** A1 with grace: while a view is young its late votes are normal, and tGrace repairs the rest. */
function isLagging(s: RunningState, view: number): boolean {
  const e = s.epoch;
  return view < e.view - 1 || s.monoMs - e.enteredAtMs >= s.config.policy.graceMs;
}

/** A VOTE, as in the reference pseudocode. */
export function* onVote(s: RunningState, peer: Peer, vote: Vote): Steps<Outcome> {
  const e = s.epoch;
  if (vote.epoch !== e.epoch) return yield* otherEpoch(s, peer, vote.epoch);
  const { signerIndex: signer, view, kind } = vote;
  if (signer >= e.n) {
    yield* fault(s, peer, 'CONSENSUS_NOT_MEMBER');
    return rejected('CONSENSUS_NOT_MEMBER');
  }
  if (signer === e.selfIndex) return yield* onOwnVote(s, peer, vote);
  const isDirect = peer.index === signer;
  if (isDirect) noteVote(s, peer, vote);
  if (view <= e.lastFinalView) {
    if (isDirect) noteLate(e, vote);
    const isOld = kind === F ? view < e.lastFinalView - limits.voteAhead.value : isLagging(s, view);
    if (isDirect && isOld) yield* replyFinal(s, peer);
    return rejected('CONSENSUS_STALE');
  }
  if (view > e.view + limits.voteAhead.value) return rejected('CONSENSUS_AHEAD');
  if (isDirect && kind !== F && view < e.view && isLagging(s, view)) yield* replyEntry(s, peer);
  const slot = slotOf(e, view);
  if (slot.trimmed && kind !== F) {
    if (isDirect) noteLate(e, vote);
    return rejected('CONSENSUS_STALE');
  }
  const outcome = yield* addVote(s, slot, vote, peer);
  if (s.halted !== undefined) return outcome;
  if (kind === Z && view === e.view && signer === leaderOf(e.set, view)) yield* tryNullify(s);
  return outcome;
}

/** J9: votes of the own key come back as echoes; one that the journal lacks ends this node. */
function* onOwnVote(s: RunningState, peer: Peer, vote: Vote): Steps<Outcome> {
  const e = s.epoch;
  if (vote.view <= e.floor || !s.config.signing) return rejected('CONSENSUS_DUPLICATE');
  const mine = e.slots.get(vote.view)?.mine[vote.kind];
  if (mine !== undefined && isSame(mine, vote)) return rejected('CONSENSUS_DUPLICATE');
  if (!isValidVote(s, vote)) {
    yield* fault(s, peer, 'CONSENSUS_VOTE_SIGNATURE');
    return rejected('CONSENSUS_VOTE_SIGNATURE');
  }
  yield* addVerified(s, slotOf(e, vote.view), vote);
  return accepted;
}

function isSame(a: Vote, b: Vote): boolean {
  for (let i = 0; i < a.signature.length; i++) if (a.signature[i] !== b.signature[i]) return false;
  return true;
}
