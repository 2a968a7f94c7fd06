import { type CompactBody, type TransactionResponse } from '@mxd/protocol/messages';
import { leaderOf } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { absorb } from './blocks.ts';
import { onBody } from './bodies.ts';
import { fault } from './effects.ts';
import { fetchBlock, fetchTransactions } from './fetch.ts';
import { peersOf } from './peers.ts';
import { accepted, rejected, type BlockEntry, type Peer, type RunningState } from './state.ts';
import { type Input, type Outcome, type PeerId, type Steps } from './types.ts';

/** Starts to rebuild a body from short ids: first from what the host's mempool holds. */
export function* startDraft(
  s: RunningState,
  entry: BlockEntry,
  body: CompactBody,
  from: Peer,
): Steps {
  const { header } = entry;
  if (header === undefined || entry.transactions !== undefined || entry.draft !== undefined) return;
  const count = body.shortIds.length / 8;
  if (count !== header.txCount) {
    yield* fault(s, from, 'CONSENSUS_PART');
    return;
  }
  const reqId = s.nextReqId++;
  entry.draft = {
    transactions: Array.from<Uint8Array | undefined>({ length: count }),
    missing: count,
    whole: false,
    resolveId: reqId,
    from: from.id,
  };
  s.requests.set(reqId, { type: 'resolve', key: entry.key });
  yield { type: 'resolve', reqId, salt: body.salt, shortIds: body.shortIds };
}

/** Who is asked first: the sender of the short ids, then the leader of the block's view. */
function preferredFor(s: RunningState, entry: BlockEntry): readonly PeerId[] {
  const leader = entry.header === undefined ? [] : [leaderOf(s.epoch.set, entry.header.view)];
  const from = entry.draft?.from;
  const peers = peersOf(s, leader);
  return from === undefined || !s.peers.has(from) ? peers : [from, ...peers];
}

/** The host's answer to `resolve`. */
export function* onResolved(
  s: RunningState,
  key: string,
  input: Extract<Input, { type: 'resolved' }>,
): Steps {
  const entry = s.tree.get(key);
  const draft = entry?.draft;
  if (entry === undefined || draft === undefined || draft.resolveId !== input.reqId) return;
  draft.resolveId = 0;
  for (const [i, transaction] of input.transactions.entries()) fill(draft, i, transaction);
  yield* advance(s, entry);
}

function fill(
  draft: NonNullable<BlockEntry['draft']>,
  index: number,
  transaction: Uint8Array | undefined,
): void {
  if (index >= draft.transactions.length || draft.transactions[index] !== undefined) return;
  if (transaction === undefined) return;
  draft.transactions[index] = transaction;
  draft.missing--;
}

/**
 * A complete list that hashes to txRoot is the body. One that does not proves nothing about
 * anybody: all are asked for, then the block itself. Never INVALID (COMPACT).
 */
function* advance(s: RunningState, entry: BlockEntry): Steps {
  const { draft } = entry;
  if (draft === undefined) return;
  if (draft.missing > 0) {
    yield* fetchTransactions(s, entry, preferredFor(s, entry));
    return;
  }
  const transactions = draft.transactions.filter((tx) => tx !== undefined);
  if (absorb(s, entry, { transactions })) {
    s.fetches.delete(`t:${entry.key}`);
    if (entry.state !== 'partial') yield* onBody(s, entry);
    return;
  }
  s.fetches.delete(`t:${entry.key}`);
  const preferred = preferredFor(s, entry);
  if (draft.whole) {
    entry.draft = undefined;
    yield* fetchBlock(s, entry.hash, entry.key, preferred);
    return;
  }
  draft.whole = true;
  draft.transactions.fill(undefined);
  draft.missing = draft.transactions.length;
  yield* fetchTransactions(s, entry, preferred);
}

/** TX_RESP: only for a draft that waits for it. */
export function* onTransactions(s: RunningState, m: TransactionResponse): Steps<Outcome> {
  const key = keyOf(m.blockHash);
  const entry = s.tree.get(key);
  const draft = entry?.draft;
  if (entry === undefined || draft === undefined || !s.fetches.has(`t:${key}`)) {
    return rejected('CONSENSUS_UNREQUESTED');
  }
  for (const { index, transaction } of m.items) fill(draft, index, transaction);
  if (draft.missing === 0) yield* advance(s, entry);
  return accepted;
}
