import { blockHashOf, leaderOf, type Header, type Vote } from '@mxd/protocol';
import { validationRootOf } from '@mxd/protocol/block';
import { shortIdOf, type ProposalContent } from '@mxd/protocol/messages';

import { measureHeader } from './activity.ts';
import { setHeader, takeNextTable } from './blocks.ts';
import { encoded, timer, toValidators } from './effects.ts';
import { fetchBlock, fetchCertificates, signersOf } from './fetch.ts';
import { limits } from './limits.ts';
import { appendBlock, maySign, signVote } from './signing.ts';
import {
  blockCertificate,
  certificateOf,
  entryOf,
  headerOf,
  isExecuted,
  N,
  slotOf,
  Z,
  type BlockEntry,
  type RunningState,
} from './state.ts';
import { type Input, type PeerId, type Steps } from './types.ts';
import { relayOnce } from './relay.ts';
import { leaderTimeoutMs } from './views.ts';
import { retainJustification, tryNullify } from './voting.ts';

/** Where a proposal stands: on the anchor (view 0) or on a certified block. */
interface Parent {
  readonly view: number;
  readonly key: string;
  readonly header: Header;
  /** Encoded; empty for genesis. */
  readonly certificate: Uint8Array;
}

/** P1, P2: the newest certified block that is executed, over nullified views only. */
function* selectParent(s: RunningState): Steps<Parent | undefined> {
  const e = s.epoch;
  for (let w = e.view - 1; w >= 1; w--) {
    const held = blockCertificate(e, w);
    if (held !== undefined) {
      const header = headerOf(s, held.key);
      if (header !== undefined && isExecuted(s, held.key)) {
        return { view: w, key: held.key, header, certificate: held.bytes };
      }
      const state = s.tree.get(held.key)?.state ?? 'partial';
      if (state === 'partial') {
        yield* fetchBlock(s, held.certificate.blockHash, held.key, signersOf(s, held));
      }
      if (certificateOf(e, w, Z) === undefined) return undefined;
    } else if (certificateOf(e, w, Z) === undefined) {
      yield* fetchCertificates(s, w, w, []);
      return undefined;
    }
  }
  const { anchor } = e;
  if (!isExecuted(s, anchor.key)) return undefined;
  return { view: 0, key: anchor.key, header: anchor.header, certificate: anchor.certificate };
}

/**
 * P3, pacing: not before MIN_BLOCK_MS after the parent was seen, at most MIN_BLOCK_MS after entry.
 */
function paceMs(s: RunningState, parent: Parent): number {
  const { minBlockMs } = s.config.policy;
  const seenAtMs = s.tree.get(parent.key)?.knownAtMs ?? s.headKnownAtMs;
  const dueAtMs = Math.min(seenAtMs, s.epoch.enteredAtMs) + minBlockMs;
  return Math.ceil(dueAtMs - s.monoMs);
}

/** P1 to P5, as far as they go now. */
export function* tryPropose(s: RunningState): Steps {
  const e = s.epoch;
  if (leaderOf(e.set, e.view) !== e.selfIndex || !maySign(s) || e.view <= e.floor) return;
  const slot = slotOf(e, e.view);
  if (slot.mine[N] !== undefined || slot.mine[Z] !== undefined || e.phase !== 'idle') return;
  const parent = yield* selectParent(s);
  if (parent === undefined) return;
  if (parent.header.height === e.lastHeight && parent.view > 0) {
    yield* awaitBoundary(s, parent);
    return;
  }
  const waitMs = paceMs(s, parent);
  if (waitMs > 0) {
    yield timer(e, 'pace', waitMs);
    return;
  }
  yield* requestBlock(s, parent);
}

/** P4: a third of tLeader for its finalization, then the last block is proposed again. */
function* awaitBoundary(s: RunningState, parent: Parent): Steps {
  const e = s.epoch;
  const waitMs = e.enteredAtMs + Math.floor(leaderTimeoutMs(s) / 3) - s.monoMs;
  if (e.boundaryExpired || waitMs <= 0) yield* repropose(s, parent);
  else yield timer(e, 'boundary', waitMs);
}

/** P3: what the core gives of the new header; the application fills the rest. */
function* requestBlock(s: RunningState, parent: Parent): Steps {
  const e = s.epoch;
  const entry = e.set.table.entries[e.selfIndex];
  if (entry === undefined) return;
  const reqId = s.nextReqId++;
  s.requests.set(reqId, { type: 'build', epoch: e.epoch, view: e.view });
  e.phase = 'building';
  e.buildId = reqId;
  const parentHash = blockHashOf(parent.header);
  yield {
    type: 'build',
    reqId,
    parent: parentHash,
    allowEmpty: !e.idle || e.emptyExpired,
    parentCertificate: parent.certificate,
    header: {
      networkId: s.config.networkId,
      epoch: e.epoch,
      view: e.view,
      parentView: parent.view,
      height: parent.header.height + 1,
      timestampMs: Math.max(s.wallMs, parent.header.timestampMs + 1),
      proposerId: entry.id,
      parentHash,
      validationRoot: validationRootOf(parent.certificate),
    },
  };
}

/** The host's answer to `build`. */
export function* onBuilt(s: RunningState, input: Extract<Input, { type: 'built' }>): Steps {
  const e = s.epoch;
  if (e.buildId !== input.reqId || e.phase !== 'building') return;
  e.phase = 'idle';
  const { result } = input;
  if (result === 'failed') {
    e.buildFailed = true;
    yield* tryNullify(s);
    return;
  }
  if (result === 'empty') {
    e.phase = 'waiting';
    yield timer(e, 'empty', e.enteredAtMs + s.config.policy.emptyDelayMs - s.monoMs);
    return;
  }
  const hash = blockHashOf(result.block.header);
  const entry = entryOf(s, hash, e.view);
  setHeader(s, entry, result.block.header);
  entry.parentCertificate = result.block.parentCertificate;
  entry.systemRecords = result.block.systemRecords;
  entry.transactions = result.block.transactions;
  entry.parentProven = true;
  entry.state = 'valid';
  entry.salt = result.salt;
  if (!(yield* takeNextTable(s, entry, result.nextTable))) return;
  yield* propose(s, entry);
}

/** P4: the last block of the epoch is proposed again, with its old header. */
function* repropose(s: RunningState, parent: Parent): Steps {
  const entry = s.tree.get(parent.key);
  if (entry !== undefined) yield* propose(s, entry);
}

/** P5: block, vote, then the proposal that carries the vote. */
function* propose(s: RunningState, entry: BlockEntry): Steps {
  const e = s.epoch;
  const view = e.view;
  yield* appendBlock(entry);
  const vote = yield* signVote(s, N, view, entry.hash);
  if (vote === undefined) return;
  e.phase = 'done';
  const slot = slotOf(e, view);
  slot.proposals.unshift({ hash: entry.hash, key: entry.key, leaderVote: vote });
  measureHeader(e, view, s.monoMs);
  yield* retainJustification(s, entry, view);
  const bytes = encodeProposal(s, entry, vote, false);
  if (bytes !== undefined) yield toValidators(e, bytes);
  yield* relayOnce(entry);
  s.queue.push({ epoch: e.epoch, vote });
}

function contentOf(
  s: RunningState,
  entry: BlockEntry,
  isResend: boolean,
): ProposalContent | undefined {
  const { header, systemRecords, transactions, salt } = entry;
  if (header === undefined || systemRecords === undefined || transactions === undefined) {
    return undefined;
  }
  const isCompact =
    salt !== undefined && (isResend || transactions.length > s.config.policy.compactAbove);
  if (!isCompact || transactions.length === 0) {
    return { header, systemRecords, body: { form: 'full', transactions } };
  }
  const shortIds = new Uint8Array(8 * transactions.length);
  for (const [i, transaction] of transactions.entries()) {
    shortIds.set(shortIdOf(salt, s.wtxidOf(transaction)), 8 * i);
  }
  return { header, systemRecords, body: { form: 'compact', salt, shortIds } };
}

/** The PROPOSAL of an own block, from what is held: made again for a resend (J7, tRetry). */
export function encodeProposal(
  s: RunningState,
  entry: BlockEntry,
  leaderVote: Vote,
  isResend: boolean,
): Uint8Array | undefined {
  const e = s.epoch;
  const { header } = entry;
  if (header === undefined) return undefined;
  const { view } = leaderVote;
  const isFirst = header.view === view;
  const content = isFirst ? contentOf(s, entry, isResend) : undefined;
  if (isFirst && content === undefined) return undefined;
  const nullifications: Uint8Array[] = [];
  let u = view - 1;
  for (; u >= 1; u--) {
    if (isFirst ? u === header.parentView : blockCertificate(e, u)?.key === entry.key) break;
    const held = certificateOf(e, u, Z);
    if (held !== undefined && nullifications.length < limits.inlineNullifications.value) {
      nullifications.push(held.bytes);
    }
  }
  const parentCertificate = isFirst ? entry.parentCertificate : blockCertificate(e, u)?.bytes;
  return encoded({
    type: 0x10,
    epoch: e.epoch,
    view,
    parentView: u,
    blockHash: entry.hash,
    leaderVote,
    parentCertificate: parentCertificate ?? new Uint8Array(0),
    nullifications,
    content,
  });
}

/** tRetry: the own proposal again, to those whose vote of the view is not held. */
export function proposalReceivers(s: RunningState): readonly PeerId[] {
  const e = s.epoch;
  const slot = e.slots.get(e.view);
  const ids: PeerId[] = [];
  for (let i = 0; i < e.n; i++) {
    const peer = s.peerOfIndex[i];
    if (peer === undefined || i === e.selfIndex) continue;
    const hasVoted = [N, Z].some((kind) =>
      slot?.tallies[kind as 1 | 2].choices.some((choice) => choice.seen[i] !== 0),
    );
    if (!hasVoted) ids.push(peer.id);
  }
  return ids;
}
