import { Reader } from '@mxd/codec';
import { blockCodec, blockHashOf, leaderOf, voteCodec, type Vote } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { absorb, setHeader } from './blocks.ts';
import { decodeCertificate } from './certificates.ts';
import { entryOf, F, N, slotOf, tallyOf, Z, type EpochState, type RunningState } from './state.ts';
import { recordType, type JournalRecord } from './types.ts';

/** J7: `my`, certificates, blocks and proposals of the epoch from what the journal holds of it. */
export function restoreEpoch(s: RunningState): void {
  const e = s.epoch;
  const records = s.recovered?.epochs.get(e.epoch) ?? [];
  e.floor = Math.max(e.floor, s.recovered?.floors.get(e.epoch) ?? 0);
  for (const record of records) restoreCertificate(e, record);
  for (const record of records) restoreRecord(s, record);
  e.view = Math.max(e.view, restoredView(e));
  e.activeSince = e.view;
  e.floor = Math.max(e.floor, e.lastFinalView);
}

/** Finalizations first: they say which views still matter. */
function restoreCertificate(e: EpochState, record: JournalRecord): void {
  if (record.type !== recordType.certificate) return;
  const held = decodeCertificate(record.payload);
  if (held === undefined || held.certificate.epoch !== e.epoch) return;
  const { kind, view } = held.certificate;
  slotOf(e, view).certificates[kind] ??= held;
  if (kind !== F || view <= e.lastFinalView) return;
  e.lastFinalView = view;
  e.lastFinal = held;
  e.pendingFinal = held;
}

function restoreRecord(s: RunningState, record: JournalRecord): void {
  const e = s.epoch;
  switch (record.type) {
    case recordType.vote: {
      const vote = decodeVote(e, record.payload);
      if (vote === undefined || vote.signerIndex !== e.selfIndex) return;
      const slot = slotOf(e, vote.view);
      slot.mine[vote.kind] ??= vote;
      count(e, vote);
      return;
    }
    case recordType.proposalSeen: {
      const vote = decodeVote(e, record.payload);
      if (vote !== undefined && vote.view > e.lastFinalView) restoreProposal(s, vote);
      return;
    }
    case recordType.block:
      restoreBlock(s, record.payload);
      return;
    case recordType.floor: {
      const reader = new Reader(record.payload);
      if (reader.u32() === e.epoch) e.floor = Math.max(e.floor, reader.u32());
      return;
    }
    case recordType.certificate:
    case recordType.commit:
    case recordType.epoch:
    case recordType.sync:
      // Certificates were taken first; the chain store is the authority on commits (J7).
      return;
    default: {
      const never: never = record.type;
      return never;
    }
  }
}

function decodeVote(e: EpochState, payload: Uint8Array): Vote | undefined {
  const decoded = voteCodec.tryDecode(payload);
  return decoded.ok && decoded.value.epoch === e.epoch ? decoded.value : undefined;
}

/** A vote of the journal was verified before it was written. */
function count(e: EpochState, vote: Vote): void {
  const { kind, signerIndex: signer } = vote;
  const tally = tallyOf(slotOf(e, vote.view), kind);
  if (tally.votes[signer] !== undefined) return;
  tally.votes[signer] = vote;
  const power = e.powers[signer] as number;
  const key = kind === Z ? '' : keyOf(vote.blockHash);
  let choice = tally.choices.find((one) => one.key === key);
  if (choice === undefined) {
    choice = {
      hash: vote.blockHash,
      key,
      power: 0,
      count: 0,
      potential: 0,
      seen: new Uint8Array(e.n),
      pending: [],
    };
    tally.choices.push(choice);
  }
  choice.seen[signer] = 2;
  choice.power += power;
  choice.potential += power;
  choice.count++;
  const place = signer * 3 + kind - 1;
  const known = e.newest[place];
  if (known === undefined || known.view < vote.view) e.newest[place] = vote;
}

function restoreProposal(s: RunningState, leaderVote: Vote): void {
  const e = s.epoch;
  if (leaderVote.signerIndex !== leaderOf(e.set, leaderVote.view)) return;
  const slot = slotOf(e, leaderVote.view);
  const key = keyOf(leaderVote.blockHash);
  if (slot.proposals.some((p) => p.key === key) || slot.proposals.length >= 2) return;
  slot.proposals.push({ hash: leaderVote.blockHash, key, leaderVote });
  entryOf(s, leaderVote.blockHash, leaderVote.view);
  count(e, leaderVote);
}

function restoreBlock(s: RunningState, payload: Uint8Array): void {
  const decoded = blockCodec.tryDecode(payload);
  if (!decoded.ok) return;
  const block = decoded.value;
  if (block.header.epoch !== s.epoch.epoch || block.header.height <= s.head.header.height) return;
  const entry = entryOf(s, blockHashOf(block.header), block.header.view);
  setHeader(s, entry, block.header);
  absorb(s, entry, block);
  entry.appended = true;
}

/** J7: record order is not view order. Own leader votes make the own proposal known again. */
function restoredView(e: EpochState): number {
  let view = 1;
  for (const slot of e.slots.values()) {
    const hasCertificate = slot.certificates.some((held) => held !== undefined);
    if (hasCertificate || slot.mine[F] !== undefined) view = Math.max(view, slot.view + 1);
    if (slot.mine[N] !== undefined || slot.mine[Z] !== undefined) view = Math.max(view, slot.view);
    const own = slot.mine[N];
    if (own !== undefined && leaderOf(e.set, slot.view) === e.selfIndex) {
      const key = keyOf(own.blockHash);
      if (!slot.proposals.some((p) => p.key === key)) {
        slot.proposals.unshift({ hash: own.blockHash, key, leaderVote: own });
      }
    }
  }
  return view;
}
