/** The parts of a block against its header, and the transactions by themselves. */
import { equalBytes } from '@mxd/codec';
import { MerkleFrontier } from '@mxd/crypto/merkle';
import type { Block, Digest, VerifySignature } from '@mxd/protocol';
import { sysRootOf, validationRootOf } from '@mxd/protocol/block';
import { certificateCodec } from '@mxd/protocol/certificate';
import { verifyCertificate } from '@mxd/protocol/checks';
import type { ChainParameters } from '@mxd/protocol/parameters';
import { voteKind } from '@mxd/protocol/vote';

import type { ChainState } from './chain-state.ts';
import type { BlockCode } from './errors.ts';
import type { KnownNames } from './known-names.ts';
import { checkStateless, type PreparedTransaction } from './transaction-rules.ts';
import type { BlockRejection, Pace } from './types.ts';
import { validatorSetOf } from './validators/index.ts';

export function rejection(
  verdict: BlockRejection['verdict'],
  code: BlockCode,
  reason: string,
  position?: number,
): BlockRejection {
  const base = { ok: false, verdict, code, reason } as const;
  return position === undefined ? base : { ...base, position };
}

export const invalid = (code: BlockCode, reason: string, position?: number): BlockRejection =>
  rejection('invalid', code, reason, position);

const mismatch = (code: BlockCode, reason: string): BlockRejection =>
  rejection('mismatch', code, reason);

/** Root over wtxids in order; about 3 us per transaction, so it pauses. */
async function transactionRoot(
  transactions: readonly Uint8Array[],
  names: KnownNames,
  pace: Pace,
): Promise<Digest> {
  const frontier = new MerkleFrontier();
  for (const transaction of transactions) {
    frontier.append(names.wtxidOf(transaction));
    if (pace.due()) await pace.pause();
  }
  return frontier.root();
}

/** Whether every part is the one that the header commits to. */
export async function checkParts(
  block: Block,
  names: KnownNames,
  pace: Pace,
): Promise<BlockRejection | undefined> {
  const { header } = block;
  if (!equalBytes(validationRootOf(block.parentCertificate), header.validationRoot)) {
    return mismatch('BLOCK_VALIDATION_ROOT', 'another parent certificate');
  }
  if (!equalBytes(sysRootOf(block.systemRecords), header.sysRoot)) {
    return mismatch('BLOCK_SYS_ROOT', 'other system records');
  }
  if (!equalBytes(await transactionRoot(block.transactions, names, pace), header.txRoot)) {
    return mismatch('BLOCK_TX_ROOT', 'other transactions');
  }
  // The root is bound to their number, so now it is the header that is wrong.
  if (header.txCount === block.transactions.length) return undefined;
  const counts = `${header.txCount} in the header, ${block.transactions.length} in the body`;
  return invalid('BLOCK_TX_COUNT', counts);
}

/** The bounds on a body that are known before anything of it is decoded. */
export function checkBounds(
  transactions: readonly Uint8Array[],
  parameters: ChainParameters,
): BlockRejection | undefined {
  if (transactions.length > parameters.maxTransactions) {
    const counts = `${transactions.length} transactions; ${parameters.maxTransactions} at most`;
    return invalid('BLOCK_TX_LIMIT', counts);
  }
  const bytes = bodyBytes(transactions);
  if (bytes <= parameters.maxBodyBytes) return undefined;
  return invalid('BLOCK_BODY_BYTES', `${bytes} bytes; ${parameters.maxBodyBytes} at most`);
}

/** What `maxBodyBytes` bounds. */
export function bodyBytes(transactions: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const transaction of transactions) bytes += transaction.length;
  return bytes;
}

/** Rule B1: the certificate of the parent, as every node sees it in the block's own bytes. */
export function checkParentCertificate(
  block: Block,
  parent: ChainState,
  verify: VerifySignature,
): BlockRejection | undefined {
  const { header, parentCertificate } = block;
  const bad = (reason: string): BlockRejection => invalid('BLOCK_CERTIFICATE', reason);
  if (parent.header.height === 0) {
    return parentCertificate.length === 0 ? undefined : bad('genesis has no certificate');
  }
  const decoded = certificateCodec.tryDecode(parentCertificate);
  if (!decoded.ok) return bad(decoded.error.message);
  const certificate = decoded.value;
  // The first block of an epoch stands on the finalization of the last block of the one before.
  const isFirst = header.parentView === 0;
  const epoch = isFirst ? header.epoch - 1 : header.epoch;
  const set = validatorSetOf(parent.validators, epoch);
  if (set === undefined) return bad(`no table of epoch ${epoch} in the state`);
  if (certificate.epoch !== epoch) return bad(`epoch ${certificate.epoch}, not ${epoch}`);
  if (certificate.kind === voteKind.nullify) return bad('a nullification certifies no block');
  if (isFirst && certificate.kind !== voteKind.finalize) return bad('an anchor is finalized');
  if (!isFirst && certificate.view !== header.parentView) {
    return bad(`view ${certificate.view}, not ${header.parentView}`);
  }
  if (!equalBytes(certificate.blockHash, header.parentHash)) return bad('another block');
  const verdict = verifyCertificate(set, certificate, verify);
  return verdict.ok ? undefined : bad(`${verdict.code}: ${verdict.reason}`);
}

export type DecodedBody =
  | { readonly ok: true; readonly transactions: readonly PreparedTransaction[] }
  | BlockRejection;

/** Decodes all transactions and checks each by itself, and their signatures' number. */
export async function decodeBody(
  block: Block,
  parameters: ChainParameters,
  networkId: number,
  { names, pace }: { readonly names: KnownNames; readonly pace: Pace },
): Promise<DecodedBody> {
  const transactions: PreparedTransaction[] = [];
  let signatures = 0;
  let tips = 0n;
  for (const [position, bytes] of block.transactions.entries()) {
    const prepared = names.prepare(bytes);
    if (!prepared.ok) return invalid(prepared.code, prepared.reason, position);
    const verdict = checkStateless(prepared.value, parameters, networkId);
    if (!verdict.ok) return invalid(verdict.code, verdict.reason, position);
    signatures += prepared.value.signatureWeight;
    tips += prepared.value.body.tip;
    transactions.push(prepared.value);
    if (pace.due()) await pace.pause();
  }
  if (signatures > parameters.maxSignatures) {
    const counts = `a weight of ${signatures}; ${parameters.maxSignatures} at most`;
    return invalid('BLOCK_SIGNATURES', counts);
  }
  if (tips !== block.header.tipTotal) {
    return invalid('BLOCK_TIP_TOTAL', `${block.header.tipTotal}, where the sum is ${tips}`);
  }
  return { ok: true, transactions };
}
