import { equalBytes } from '@mxd/codec';
import { blockHashOf, headerCodec, type Header } from '@mxd/protocol/block';
import { certificateCodec, type Certificate } from '@mxd/protocol/certificate';
import {
  knownProtocolVersions,
  verifyFinalHeader,
  verifyTransactionInclusion,
  type InclusionProof,
  type ValidatorSet,
  type VerifySignature,
} from '@mxd/protocol/checks';
import { accepted, rejected, type Verdict } from '@mxd/protocol/errors';
import { type BlockHash } from '@mxd/protocol/primitives';
import {
  transactionCodec,
  txidOf,
  wtxidOfBytes,
  type Transaction,
} from '@mxd/protocol/transaction';

import { type Checkpoint } from './checkpoint.ts';
import { bytesOf, decodeHex, listOf, numberOf, objectOf } from './hex.ts';
import * as bounds from './bounds.ts';

/** A header and what proves it final: its own finalization, or that of a later block of the epoch. */
export interface HeaderEvidence {
  readonly header: Header;
  /** Headers after it, up to the one that is finalized. */
  readonly descendants: readonly Header[];
  readonly finalization: Certificate;
}

/** A block that is proven to be final. */
export interface FinalHeader {
  readonly verified: true;
  readonly header: Header;
  readonly hash: BlockHash;
  readonly evidence: HeaderEvidence;
}

/** A transaction with its place in a block. */
export interface TransactionEvidence {
  readonly bytes: Uint8Array;
  readonly inclusion: InclusionProof;
  readonly block: HeaderEvidence;
}

/** A transaction that is proven to be final. */
export interface FinalTransaction {
  readonly verified: true;
  readonly txid: Uint8Array;
  readonly transaction: Transaction;
  readonly bytes: Uint8Array;
  readonly inclusion: InclusionProof;
  readonly block: FinalHeader;
}

/** Evidence as nodes and receipts write it. @throws ClientError CLIENT_MALFORMED. */
export function parseHeaderEvidence(value: unknown): HeaderEvidence {
  const proof = objectOf(value, 'header proof');
  const descendants = listOf(proof['descendants'], 'descendants', bounds.descendants);
  return {
    header: decodeHex(headerCodec, proof['header'], 'header'),
    descendants: descendants.map((item) => decodeHex(headerCodec, item, 'descendant')),
    finalization: decodeHex(certificateCodec, proof['certificate'], 'certificate'),
  };
}

/** @throws ClientError CLIENT_MALFORMED. */
export function parseTransactionEvidence(value: unknown): TransactionEvidence {
  const proof = objectOf(value, 'transaction proof');
  return {
    bytes: bytesOf(proof['transaction'], 'transaction'),
    inclusion: {
      index: numberOf(proof['index'], 'index'),
      txCount: numberOf(proof['txCount'], 'txCount'),
      path: listOf(proof['path'], 'path', 64).map((item) => bytesOf(item, 'path', 64)),
    },
    block: parseHeaderEvidence(proof['header']),
  };
}

/** Whether headers follow each other in one epoch of this chain. */
function checkLinks(
  checkpoint: Pick<Checkpoint, 'networkId' | 'epochLength'>,
  set: ValidatorSet,
  headers: readonly Header[],
): Verdict {
  const { epoch } = set;
  const { epochLength, networkId } = checkpoint;
  let before: Header | undefined;
  for (const header of headers) {
    if (!knownProtocolVersions.has(header.version)) {
      return rejected('EPOCH_PROOF_VERSION', `protocol version ${header.version} is unknown`);
    }
    if (header.networkId !== networkId) {
      return rejected('EPOCH_PROOF_HASH', 'a header is of another network');
    }
    const inEpoch =
      header.height > (epoch - 1) * epochLength && header.height <= epoch * epochLength;
    if (header.epoch !== epoch || !inEpoch) {
      return rejected('CERT_EPOCH', `height ${header.height} is not of epoch ${epoch}`);
    }
    const follows =
      before === undefined ||
      (header.height === before.height + 1 && equalBytes(header.parentHash, blockHashOf(before)));
    if (!follows) return rejected('EPOCH_PROOF_HASH', 'the headers do not follow each other');
    before = header;
  }
  return accepted;
}

/** Whether evidence proves its header final under the validators of the header's epoch. */
export function checkHeader(
  checkpoint: Pick<Checkpoint, 'networkId' | 'epochLength'>,
  set: ValidatorSet,
  evidence: HeaderEvidence,
  verify: VerifySignature,
): Verdict {
  const headers = [evidence.header, ...evidence.descendants];
  const linked = checkLinks(checkpoint, set, headers);
  if (!linked.ok) return linked;
  const last = headers.at(-1) as Header;
  return verifyFinalHeader(set, last, evidence.finalization, verify);
}

/** Whether a transaction is in the block of its evidence; the block is checked elsewhere. */
export function checkInclusion(
  checkpoint: Pick<Checkpoint, 'networkId'>,
  evidence: TransactionEvidence,
): Verdict {
  const { bytes, inclusion, block } = evidence;
  if (inclusion.txCount !== block.header.txCount) {
    return rejected('INCLUSION_PROOF', 'the proof is for another number of transactions');
  }
  const decoded = transactionCodec.tryDecode(bytes);
  if (!decoded.ok) return rejected('INCLUSION_PROOF', decoded.error.message);
  if (decoded.value.body.chainId !== checkpoint.networkId) {
    return rejected('INCLUSION_PROOF', 'the transaction is of another network');
  }
  return verifyTransactionInclusion(block.header.txRoot, wtxidOfBytes(bytes), inclusion);
}

/** What checked evidence says. */
export function finalTransaction(evidence: TransactionEvidence): FinalTransaction {
  const transaction = transactionCodec.decode(evidence.bytes);
  return {
    verified: true,
    txid: txidOf(transaction.body),
    transaction,
    bytes: evidence.bytes,
    inclusion: evidence.inclusion,
    block: finalHeader(evidence.block),
  };
}

/** What checked evidence says. */
export const finalHeader = (evidence: HeaderEvidence): FinalHeader => ({
  verified: true,
  header: evidence.header,
  hash: blockHashOf(evidence.header),
  evidence,
});
