import { blockCodec, type Block } from '@mxd/protocol';
import {
  type BlockRequest,
  type BlockResponse,
  type CertificateRequest,
  type CertificateResponse,
  type IndexedTransaction,
  type TransactionRequest,
} from '@mxd/protocol/messages';
import { limits as wire } from '@mxd/protocol/limits';
import { blockHashOf } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { absorb, setHeader } from './blocks.ts';
import { onBody } from './bodies.ts';
import { receiveCertificate } from './certified.ts';
import { tryCommit } from './committing.ts';
import { encoded, fault, toPeers } from './effects.ts';
import { takeRequest } from './peers.ts';
import { otherEpoch } from './resync.ts';
import {
  accepted,
  blockOf,
  entryOf,
  rejected,
  type CoreState,
  type Peer,
  type RunningState,
} from './state.ts';
import { type Outcome, type Steps } from './types.ts';

/** A3: what is final answers every older question; above it everything held of each view. */
export function* onCertificateRequest(
  s: RunningState,
  peer: Peer,
  m: CertificateRequest,
): Steps<Outcome> {
  const e = s.epoch;
  if (m.epoch !== e.epoch) return yield* otherEpoch(s, peer, m.epoch);
  if (!takeRequest(s, peer)) return rejected('CONSENSUS_RATE');
  const certificates: Uint8Array[] = [];
  if (m.fromView <= e.lastFinalView && e.lastFinal !== undefined) {
    certificates.push(e.lastFinal.bytes);
  }
  for (let view = Math.max(m.fromView, e.lastFinalView + 1); view <= m.toView; view++) {
    for (const held of e.slots.get(view)?.certificates ?? []) {
      if (held !== undefined) certificates.push(held.bytes);
    }
  }
  if (certificates.length === 0) return accepted;
  yield toPeers([peer.id], encoded({ type: 0x15, certificates }));
  return accepted;
}

/** CERT_RESP: each proves itself; the rest of the message is dropped at the first that does not. */
export function* onCertificateResponse(
  s: RunningState,
  peer: Peer,
  m: CertificateResponse,
): Steps<Outcome> {
  const e = s.epoch;
  for (const bytes of m.certificates) {
    const outcome = yield* receiveCertificate(s, bytes, peer);
    if (s.halted !== undefined || s.epoch !== e) return accepted;
    if (!outcome.ok && outcome.code === 'CONSENSUS_CERTIFICATE') return outcome;
  }
  return accepted;
}

function blockByKey(s: CoreState, key: string): Block | undefined {
  const entry = s.tree.get(key);
  return (entry === undefined ? undefined : blockOf(entry)) ?? s.recent.get(key);
}

/**
 * BLOCK_REQ: any block whose parts match its hash, voted or not; older ones from the chain store.
 */
export function* onBlockRequest(s: RunningState, peer: Peer, m: BlockRequest): Steps<Outcome> {
  if (!takeRequest(s, peer)) return rejected('CONSENSUS_RATE');
  const blocks: Uint8Array[] = [];
  let sizeBytes = 0;
  let block = blockByKey(s, keyOf(m.blockHash));
  while (block !== undefined && blocks.length <= m.maxAncestors) {
    sizeBytes += blockCodec.size(block);
    if (blocks.length > 0 && sizeBytes > wire.blockResponseBytes.value) break;
    blocks.push(blockCodec.encode(block));
    block = blockByKey(s, keyOf(block.header.parentHash));
  }
  if (blocks.length > 0) {
    yield toPeers([peer.id], encoded({ type: 0x17, blocks }));
  } else {
    const { blockHash: hash, maxAncestors } = m;
    yield { type: 'serve', to: peer.id, request: { type: 'blocks', hash, maxAncestors } };
  }
  return accepted;
}

/** BLOCK_RESP, A5: only the hash that was asked for, then its ancestors in a row. */
export function* onBlockResponse(s: RunningState, peer: Peer, m: BlockResponse): Steps<Outcome> {
  const e = s.epoch;
  let expected: string | undefined;
  for (const bytes of m.blocks) {
    const decoded = blockCodec.tryDecode(bytes);
    if (!decoded.ok) {
      yield* fault(s, peer, 'CONSENSUS_PART');
      return rejected('CONSENSUS_PART');
    }
    const block = decoded.value;
    const hash = blockHashOf(block.header);
    const key = keyOf(hash);
    const isAsked = expected === undefined ? s.fetches.has(`b:${key}`) : key === expected;
    if (!isAsked) return rejected('CONSENSUS_UNREQUESTED');
    expected = keyOf(block.header.parentHash);
    const entry = entryOf(s, hash, e.view);
    setHeader(s, entry, block.header);
    if (block.header.epoch !== e.epoch || block.header.height <= s.head.header.height) {
      // Of no use, unless a finalized chain leads here: then the walk finds the contradiction.
      s.fetches.delete(`b:${key}`);
      yield* tryCommit(s);
      return accepted;
    }
    if (!absorb(s, entry, block)) {
      yield* fault(s, peer, 'CONSENSUS_PART');
      return rejected('CONSENSUS_PART');
    }
    yield* onBody(s, entry);
    if (s.halted !== undefined || s.epoch !== e) return accepted;
  }
  return accepted;
}

/** TX_REQ: transactions of a block by position. */
export function* onTransactionRequest(
  s: RunningState,
  peer: Peer,
  m: TransactionRequest,
): Steps<Outcome> {
  if (!takeRequest(s, peer)) return rejected('CONSENSUS_RATE');
  const { blockHash, indices } = m;
  const block = blockByKey(s, keyOf(blockHash));
  if (block === undefined) {
    const request = { type: 'transactions', hash: blockHash, indices } as const;
    yield { type: 'serve', to: peer.id, request };
    return accepted;
  }
  const items: IndexedTransaction[] = [];
  for (const index of indices) {
    const transaction = block.transactions[index];
    if (transaction !== undefined) items.push({ index, transaction });
  }
  yield toPeers([peer.id], encoded({ type: 0x19, blockHash, items }));
  return accepted;
}
