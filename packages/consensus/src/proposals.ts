import { equalBytes } from '@mxd/codec';
import { blockHashOf, leaderOf, voteCodec, type Vote } from '@mxd/protocol';
import { type ProposalContent, type ProposalMessage } from '@mxd/protocol/messages';
import { keyOf } from '@mxd/protocol/primitives';

import { measureHeader, noteActive, notePosition } from './activity.ts';
import { absorb, setHeader } from './blocks.ts';
import { receiveCertificate } from './certified.ts';
import { startDraft } from './compact.ts';
import { append, fault } from './effects.ts';
import { limits } from './limits.ts';
import { otherEpoch } from './resync.ts';
import {
  accepted,
  entryOf,
  N,
  rejected,
  slotOf,
  type BlockEntry,
  type Peer,
  type RunningState,
  type Slot,
} from './state.ts';
import { recordType, type Outcome, type Steps } from './types.ts';
import { addVerified, isValidVote } from './votes.ts';
import { tryNotarize } from './voting.ts';
import { onBody } from './bodies.ts';

/** V0: the leader's own signature over (epoch, view, hash); all that is the leader's (V0a). */
function checkLeaderVote(s: RunningState, m: ProposalMessage): Outcome {
  const e = s.epoch;
  const { leaderVote: vote } = m;
  const isShaped =
    vote.epoch === m.epoch &&
    vote.view === m.view &&
    vote.kind === N &&
    vote.signerIndex === leaderOf(e.set, m.view) &&
    equalBytes(vote.blockHash, m.blockHash);
  if (!isShaped) return rejected('CONSENSUS_LEADER_VOTE');
  const held = e.slots.get(m.view)?.tallies[N].votes[vote.signerIndex];
  if (held !== undefined && equalBytes(held.signature, vote.signature)) return accepted;
  return isValidVote(s, vote) ? accepted : rejected('CONSENSUS_LEADER_VOTE');
}

/** A PROPOSAL: rules V0 to V5. */
export function* onProposal(s: RunningState, peer: Peer, m: ProposalMessage): Steps<Outcome> {
  const e = s.epoch;
  if (m.epoch !== e.epoch) return yield* otherEpoch(s, peer, m.epoch);
  const leader = leaderOf(e.set, m.view);
  if (peer.index === leader) {
    notePosition(peer, m.epoch, m.view);
    noteActive(e, leader, m.view);
  }
  // V2 first where nothing inside could matter any more: no signature is checked for it.
  if (m.view <= e.lastFinalView) return rejected('CONSENSUS_STALE');
  const outcome = checkLeaderVote(s, m);
  if (!outcome.ok) {
    yield* fault(s, peer, 'CONSENSUS_LEADER_VOTE');
    return outcome;
  }
  noteActive(e, leader, m.view);
  // V1: certificates first; they may move the view or the epoch.
  for (const bytes of [...m.nullifications.toReversed(), m.parentCertificate]) {
    if (bytes.length === 0) continue;
    const result = yield* receiveCertificate(s, bytes, peer);
    if (s.halted !== undefined || s.epoch !== e) return accepted;
    if (!result.ok && result.code === 'CONSENSUS_CERTIFICATE') break;
  }
  // V2
  if (m.view <= e.lastFinalView) return rejected('CONSENSUS_STALE');
  if (m.view > e.view + limits.voteAhead.value) return rejected('CONSENSUS_AHEAD');
  const slot = slotOf(e, m.view);
  const entry = yield* register(s, slot, m.leaderVote);
  if (s.halted !== undefined) return accepted;
  if (entry === undefined) return rejected('CONSENSUS_FULL');
  if (m.content !== undefined && entry.state === 'partial') {
    yield* takeContent(s, peer, entry, m, m.content);
  }
  if (entry.header !== undefined) measureHeader(e, m.view, s.monoMs);
  // V5
  if (m.view === e.view) yield* tryNotarize(s);
  return accepted;
}

/** V3, V4: at most two hashes per view; the leader's vote counts as its NOTARIZE. */
export function* register(
  s: RunningState,
  slot: Slot,
  leaderVote: Vote,
): Steps<BlockEntry | undefined> {
  const key = keyOf(leaderVote.blockHash);
  if (!slot.proposals.some((p) => p.key === key)) {
    if (slot.proposals.length >= limits.proposalsPerView.value) return undefined;
    slot.proposals.push({ hash: leaderVote.blockHash, key, leaderVote });
    yield append(recordType.proposalSeen, voteCodec.encode(leaderVote));
    const height = s.tree.get(key)?.header?.height;
    const hash = leaderVote.blockHash;
    yield { type: 'notify', status: 'PROPOSED', hash, height, view: slot.view };
  }
  yield* addVerified(s, slot, leaderVote);
  return entryOf(s, leaderVote.blockHash, slot.view);
}

/** V0a: each part on its own; what does not match costs the sender and nobody else. */
function* takeContent(
  s: RunningState,
  peer: Peer,
  entry: BlockEntry,
  m: ProposalMessage,
  content: ProposalContent,
): Steps {
  const { header, systemRecords, body } = content;
  if (entry.header === undefined) {
    if (!equalBytes(blockHashOf(header), entry.hash)) {
      yield* fault(s, peer, 'CONSENSUS_PART');
      return;
    }
    setHeader(s, entry, header);
  }
  const known = entry.header;
  if (known === undefined) return;
  let isClean = header.view !== m.view || m.parentView === known.parentView;
  const isWhole = body.form === 'full' ? { transactions: body.transactions } : {};
  const { parentCertificate } = m;
  if (!absorb(s, entry, { parentCertificate, systemRecords, ...isWhole })) isClean = false;
  if (!isClean) yield* fault(s, peer, 'CONSENSUS_PART');
  if (entry.state !== 'partial') yield* onBody(s, entry);
  else if (body.form === 'compact') yield* startDraft(s, entry, body, peer);
}
