/**
 * Receipts: one file that proves a payment to anyone who holds a checkpoint or the genesis of the
 * chain, offline and years later.
 */
import { equalBytes, formatAmount, toHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import { headerCodec } from '@mxd/protocol/block';
import { certificateCodec } from '@mxd/protocol/certificate';
import { type VerifySignature } from '@mxd/protocol/checks';
import { type Transaction } from '@mxd/protocol/transaction';

import { verifyConsensus, type Checkpoint } from './checkpoint.ts';
import { EpochChain } from './epochs.ts';
import { ClientError } from './errors.ts';
import {
  checkHeader,
  checkInclusion,
  finalTransaction,
  parseTransactionEvidence,
  type FinalTransaction,
} from './header-proof.ts';
import { bytesOf, listOf, objectOf } from './hex.ts';
import { type LightClient } from './light.ts';
import * as bounds from './bounds.ts';

const format = 'mxd-receipt';
const version = 1;

/** What a receipt tells people; computed from the transaction that it proves. */
export interface ReceiptSummary {
  readonly txid: string;
  readonly height: number;
  /** Time of the block, as its proposer gave it: within a minute of the validators' clocks. */
  readonly time: string;
  readonly pays: readonly { readonly address: string; readonly amount: string }[];
  readonly tip: string;
  /** Hexadecimal; empty if there is none. */
  readonly commitment: string;
}

function summaryOf(proven: FinalTransaction, network: Checkpoint['network']): ReceiptSummary {
  const { body }: Transaction = proven.transaction;
  const { header } = proven.block;
  return {
    txid: toHex(proven.txid),
    height: header.height,
    time: new Date(header.timestampMs).toISOString(),
    pays: body.outputs.map(({ owner, amount }) => ({
      address: formatAddress(owner, network),
      amount: formatAmount(amount),
    })),
    tip: formatAmount(body.tip),
    commitment: toHex(body.commitment),
  };
}

/**
 * The receipt of a proven transaction as JSON, version 1. It holds the epoch proofs from the light
 * client's checkpoint on, so whoever shall verify it needs that checkpoint, an older one, or genesis
 * if it starts there.
 */
export function makeReceipt(light: Pick<LightClient, 'epochs'>, proven: FinalTransaction): string {
  const { checkpoint } = light.epochs;
  const { header, evidence } = proven.block;
  const file = {
    format,
    version,
    summary: summaryOf(proven, checkpoint.network),
    chain: {
      chainTag: toHex(checkpoint.chainTag),
      networkId: checkpoint.networkId,
      network: checkpoint.network,
    },
    transaction: toHex(proven.bytes),
    index: proven.inclusion.index,
    txCount: proven.inclusion.txCount,
    path: proven.inclusion.path.map(toHex),
    header: {
      header: toHex(headerCodec.encode(header)),
      descendants: evidence.descendants.map((one) => toHex(headerCodec.encode(one))),
      certificate: toHex(certificateCodec.encode(evidence.finalization)),
    },
    firstEpoch: checkpoint.table.epoch,
    epochProofs: light.epochs.proofsTo(header.epoch).map(toHex),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** A receipt that proves what it says. */
export interface VerifiedReceipt extends FinalTransaction {
  readonly summary: ReceiptSummary;
}

const invalid = (reason: string): ClientError =>
  new ClientError('CLIENT_RECEIPT_INVALID', `it proves nothing: ${reason}`, { reason });

function readFile(text: string): Readonly<Record<string, unknown>> {
  const damaged = (rule: string): ClientError =>
    new ClientError('CLIENT_RECEIPT', `no receipt: ${rule}`, { rule });
  if (text.length > bounds.receiptChars) throw damaged('it is too long');
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw damaged('it is no JSON');
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) throw damaged('no object');
  const object = file as Readonly<Record<string, unknown>>;
  if (object['format'] !== format) throw damaged(`its format is not "${format}"`);
  const told = object['version'];
  if (typeof told === 'number' && told > version) {
    throw new ClientError('CLIENT_RECEIPT_VERSION', `version ${told} is not known here`, {
      version: told,
    });
  }
  if (told !== version) throw damaged('it has no version');
  return object;
}

/** Follows the receipt's epoch proofs from the verifier's checkpoint to the epoch of the block. */
function follow(
  file: Readonly<Record<string, unknown>>,
  checkpoint: Checkpoint,
  epoch: number,
  verify: VerifySignature,
): EpochChain {
  const start = checkpoint.table.epoch;
  const first = file['firstEpoch'];
  if (typeof first !== 'number' || !Number.isSafeInteger(first)) throw invalid('no first epoch');
  if (epoch < start || first > start) {
    throw new ClientError(
      'CLIENT_CHECKPOINT',
      `it leads from epoch ${first} to ${epoch}; the checkpoint is of epoch ${start}`,
      { firstEpoch: first, epoch, checkpointEpoch: start },
    );
  }
  const proofs = listOf(file['epochProofs'], 'epochProofs', bounds.epochProofs);
  const chain = new EpochChain(checkpoint, verify);
  for (const proof of proofs.slice(start - first, epoch - first)) {
    const verdict = chain.append(bytesOf(proof, 'epoch proof'));
    if (!verdict.ok) throw invalid(`epoch ${chain.epoch}: ${verdict.reason}`);
  }
  return chain;
}

function sameJson(a: unknown, b: unknown): boolean {
  const order = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(order);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1));
    return Object.fromEntries(entries.map(([key, inner]) => [key, order(inner)]));
  };
  return JSON.stringify(order(a)) === JSON.stringify(order(b));
}

function verifyFile(
  file: Readonly<Record<string, unknown>>,
  checkpoint: Checkpoint,
  verify: VerifySignature,
): VerifiedReceipt {
  const chain = objectOf(file['chain'], 'chain');
  if (!equalBytes(bytesOf(chain['chainTag'], 'chainTag', 32), checkpoint.chainTag)) {
    throw new ClientError('CLIENT_CHECKPOINT', 'the receipt is of another chain', {
      chainTag: String(chain['chainTag']),
    });
  }
  const evidence = parseTransactionEvidence(file);
  const included = checkInclusion(checkpoint, evidence);
  if (!included.ok) throw invalid(included.reason);
  const { epoch } = evidence.block.header;
  const set = follow(file, checkpoint, epoch, verify).set(epoch);
  if (set === undefined) throw invalid(`its proofs do not reach epoch ${epoch}`);
  const verdict = checkHeader(checkpoint, set, evidence.block, verify);
  if (!verdict.ok) throw invalid(verdict.reason);
  const proven = finalTransaction(evidence);
  const summary = summaryOf(proven, checkpoint.network);
  if (!sameJson(file['summary'], summary)) {
    throw invalid('its summary is of another transaction');
  }
  return { ...proven, summary };
}

/**
 * Verifies a receipt: no network, no clock, no trust but the checkpoint's.
 * @throws ClientError CLIENT_RECEIPT, CLIENT_RECEIPT_VERSION, CLIENT_RECEIPT_INVALID,
 *   CLIENT_CHECKPOINT.
 */
export function verifyReceipt(
  text: string,
  checkpoint: Checkpoint,
  verify: VerifySignature = verifyConsensus,
): VerifiedReceipt {
  const file = readFile(text);
  try {
    return verifyFile(file, checkpoint, verify);
  } catch (error) {
    if (error instanceof ClientError && error.code === 'CLIENT_MALFORMED') {
      throw new ClientError('CLIENT_RECEIPT', error.message, error.details, { cause: error });
    }
    throw error;
  }
}
