import type * as api from '@mxd/api';
import { ApiError } from '@mxd/api';
import { equalBytes, toHex } from '@mxd/codec';
import { formatAddress, type AddressNetwork } from '@mxd/crypto/address';
import type { ChainPoint, FinalTransaction } from '@mxd/ledger';
import type { PeerInspection } from '@mxd/network';
import { blockCodec, headerCodec, type Block, type Table } from '@mxd/protocol';
import { tableHash, totalPower } from '@mxd/protocol/table';
import {
  transactionCodec,
  txidOfBytes,
  wtxidOfBytes,
  type Owner,
  type TransactionOutput,
} from '@mxd/protocol/transaction';

import { limits } from '../limits.ts';
import type { NodeView } from '../view.ts';

export const addressText = (owner: Owner, network: AddressNetwork): string =>
  formatAddress(owner, network);

export function blockSummary(point: ChainPoint, block: Block | undefined): api.BlockSummary {
  const { header, hash, height } = point;
  return {
    height,
    hash: toHex(hash),
    epoch: header.epoch,
    view: header.view,
    timeMs: header.timestampMs,
    proposer: toHex(header.proposerId),
    txCount: header.txCount,
    tipTotal: header.tipTotal.toString(),
    bytes: block === undefined ? 0 : blockCodec.size(block),
  };
}

/** @throws ApiError API_PRUNED if the body is gone. */
export function blockDetail(point: ChainPoint, block: Block | undefined): api.BlockDetail {
  const { header } = point;
  if (block === undefined && point.height > 0) {
    throw new ApiError('API_PRUNED', `the body of block ${point.height} has been pruned here`);
  }
  const records = block?.systemRecords ?? new Uint8Array(2);
  return {
    ...blockSummary(point, block),
    parentHash: toHex(header.parentHash),
    parentView: header.parentView,
    validationRoot: toHex(header.validationRoot),
    txRoot: toHex(header.txRoot),
    sysRoot: toHex(header.sysRoot),
    appRoot: toHex(header.appRoot),
    nextTableHash: toHex(header.nextTableHash),
    totalSupply: header.totalSupply.toString(),
    systemRecords: (records[0] ?? 0) * 256 + (records[1] ?? 0),
    transactions: (block?.transactions ?? []).map((bytes) => {
      const tx = transactionCodec.decode(bytes);
      return toHex(txidOfBytes(bytes, tx.body));
    }),
  };
}

/** A header with the nearest finalization at or above it, and the headers that link them. */
export async function headerProof(view: NodeView, point: ChainPoint): Promise<api.HeaderProof> {
  const { reader } = view.ledger;
  const descendants: string[] = [];
  const base = {
    height: point.height,
    hash: toHex(point.hash),
    header: toHex(headerCodec.encode(point.header)),
  };
  if (point.height === 0) return { ...base, certificate: '', descendants };
  const end = Math.min(view.ledger.head.height, point.height + limits.headerDescendants.value);
  for (let height = point.height; height <= end; height++) {
    if (height > point.height) {
      const next = await reader.header(height);
      if (next === undefined) break;
      descendants.push(toHex(headerCodec.encode(next.header)));
    }
    const certificate = await reader.finalization(height);
    if (certificate !== undefined) return { ...base, certificate: toHex(certificate), descendants };
  }
  throw new ApiError('API_NOT_FOUND', `no finalization near block ${point.height} is stored here`);
}

/** The view of a transaction from its bytes. `spent` are the outputs of its inputs, where known. */
export function transactionView(
  bytes: Uint8Array,
  spent: readonly (TransactionOutput | undefined)[],
  state: api.TransactionState,
  network: AddressNetwork,
): api.TransactionView {
  const { body } = transactionCodec.decode(bytes);
  return {
    txid: toHex(txidOfBytes(bytes, body)),
    wtxid: toHex(wtxidOfBytes(bytes)),
    state,
    kind: body.kind,
    validFrom: body.validFrom,
    expiresAt: body.expiresAt,
    inputs: body.inputs.map((input, i) => {
      const from = spent[i];
      const base = { txid: toHex(input.txid), index: input.index };
      if (from === undefined) return base;
      return { ...base, address: addressText(from.owner, network), amount: from.amount.toString() };
    }),
    outputs: body.outputs.map(({ owner, amount }) => ({
      address: addressText(owner, network),
      amount: amount.toString(),
    })),
    tip: body.tip.toString(),
    commitment: toHex(body.commitment),
    bytes: bytes.length,
  };
}

/** A final transaction; payouts and allocations, which have no bytes, show their outputs alone. */
export async function finalTransactionView(
  view: NodeView,
  found: FinalTransaction,
): Promise<api.TransactionView> {
  const point = await view.ledger.reader.header(found.height);
  const place = {
    state: 'final' as const,
    height: found.height,
    blockHash: toHex(found.blockHash),
    position: found.position,
    ...(point === undefined ? {} : { timeMs: point.header.timestampMs }),
  };
  if (found.bytes !== undefined) {
    const spent = found.spent.map((output) => output as TransactionOutput);
    return { ...transactionView(found.bytes, spent, 'final', view.addressNetwork), ...place };
  }
  if (found.origin === 'transaction') {
    throw new ApiError('API_PRUNED', 'the body of the block has been pruned here');
  }
  const empty = { kind: 0, validFrom: 0, expiresAt: 0, inputs: [], outputs: [], tip: '0' };
  const txid = toHex(found.txid);
  return { txid, wtxid: txid, ...empty, commitment: '', bytes: 0, ...place };
}

export function epochView(
  view: NodeView,
  table: Table,
  anchorHash: Uint8Array,
  metrics: (id: Uint8Array) => { readonly proposed: number; readonly missed: number },
): api.EpochView {
  const { epochLength } = view.parameters();
  const head = view.ledger.state(view.ledger.head.hash);
  const connected = new Set(view.peers().map((peer) => peer.validatorId as string | undefined));
  const status = view.status();
  return {
    epoch: table.epoch,
    firstHeight: (table.epoch - 1) * epochLength + 1,
    lastHeight: table.epoch * epochLength,
    anchorHash: toHex(anchorHash),
    tableHash: toHex(tableHash(table)),
    totalPower: totalPower(table),
    validators: table.entries.map((entry, index) => {
      const id = toHex(entry.id);
      return {
        id,
        rank: index + 1,
        consensusKey: toHex(entry.consensusKey),
        power: entry.power,
        stake: entry.stake.toString(),
        score: entry.score,
        latencyMs: entry.latencyMs,
        participationBp: entry.participationBp,
        tipEligible: entry.tipEligible,
        newMember: entry.newMember,
        leaderWeight: entry.leaderWeight,
        consecutiveMisses: entry.consecutiveMisses,
        blacklistedUntil: head?.blacklistedUntil(entry.id) ?? 0,
        ...metrics(entry.id),
        connected: connected.has(id) || status.validatorId === id,
      };
    }),
  };
}

export function peerView(peer: PeerInspection): api.PeerView {
  return {
    peerId: peer.peerId,
    validatorId: peer.validatorId,
    addresses: [peer.address],
    direction: peer.direction,
    connectedMs: Math.max(0, Date.now() - peer.connectedAtMs),
    roundTripMs: peer.roundTripMs ?? null,
    score: peer.score,
    bytesIn: peer.bytesIn,
    bytesOut: peer.bytesOut,
  };
}

/** Whether two ids are the same bytes; for lists that are not keyed. */
export const sameId = (a: Uint8Array, b: Uint8Array): boolean => equalBytes(a, b);
