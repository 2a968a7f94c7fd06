import {
  bytesU32,
  list,
  makeCodec,
  refine,
  struct,
  u16,
  u32,
  u53,
  u64,
  CodecError,
  equalBytes,
  type Codec,
} from '@mxd/codec';
import { taggedHash } from '@mxd/crypto/hash';
import { merkleRoot } from '@mxd/crypto/merkle';

import { certificateCodec } from './certificate.ts';
import * as bounds from './bounds.ts';
import {
  blockHashCodec,
  digestCodec,
  validatorIdCodec,
  zeroHash,
  type Amount,
  type BlockHash,
  type Digest,
  type ValidatorId,
} from './primitives.ts';
import { wtxidOfBytes } from './transaction.ts';

/** What a block's hash covers: 458 bytes. */
export interface Header {
  /** Protocol version; 1 at genesis, later ones by scheduled upgrade. */
  readonly version: number;
  readonly networkId: number;
  readonly epoch: number;
  /** The view in which the block was first proposed; 0 for genesis only. */
  readonly view: number;
  /** View of the parent's certificate; 0 if the parent is the epoch's anchor. */
  readonly parentView: number;
  readonly height: number;
  readonly timestampMs: number;
  readonly proposerId: ValidatorId;
  readonly parentHash: BlockHash;
  /** H(`RSC1CERT`, parent certificate); zeros iff the parent is genesis. */
  readonly validationRoot: Digest;
  readonly txRoot: Digest;
  readonly sysRoot: Digest;
  /** Application root after executing the parent. */
  readonly appRoot: Digest;
  /** At the last height of an epoch the hash of the next table, else zeros. */
  readonly nextTableHash: Digest;
  readonly txCount: number;
  readonly tipTotal: Amount;
  /** After executing the parent. */
  readonly totalSupply: Amount;
}

export const headerCodec: Codec<Header> = struct({
  version: u16,
  networkId: u32,
  epoch: u32,
  view: u32,
  parentView: u32,
  height: u53,
  timestampMs: u53,
  proposerId: validatorIdCodec,
  parentHash: blockHashCodec,
  validationRoot: digestCodec,
  txRoot: digestCodec,
  sysRoot: digestCodec,
  appRoot: digestCodec,
  nextTableHash: digestCodec,
  txCount: u32,
  tipTotal: u64,
  totalSupply: u64,
});

/**
 * A block as it is stored and sent. Its parts stay encoded: each is bound to the header by its own
 * root and is decoded once, by whoever executes it.
 */
export interface Block {
  readonly header: Header;
  /** Encoded certificate of the parent; empty iff the parent is genesis. */
  readonly parentCertificate: Uint8Array;
  /** Encoded system record list. */
  readonly systemRecords: Uint8Array;
  /** Encoded transactions. */
  readonly transactions: readonly Uint8Array[];
}

/** The encoding of an empty system record list. */
export const noSystemRecords: Uint8Array = new Uint8Array(2);

const txBytes = bytesU32(bounds.transactionBytes);

/** Encoded transactions: a u32 count, then a u32 length and the bytes of each. */
export const transactionListCodec: Codec<readonly Uint8Array[]> = refine(
  list(txBytes, { count: 'u32', max: bounds.blockTransactions }),
  (transactions) => {
    let sum = 0;
    for (const transaction of transactions) sum += transaction.length;
    return sum <= bounds.bodyBytes ? undefined : `${sum} bytes of transactions are too many`;
  },
);

const blockParts = {
  header: headerCodec,
  parentCertificate: bytesU32(certificateCodec.maxBytes),
  systemRecords: bytesU32(bounds.systemBytes, 2),
  transactions: transactionListCodec,
};

const unbounded = struct(blockParts);

/** header, u32 + parent certificate, u32 + system records, transactions. */
export const blockCodec: Codec<Block> = makeCodec<Block>({
  minBytes: unbounded.minBytes,
  maxBytes:
    headerCodec.maxBytes +
    blockParts.parentCertificate.maxBytes +
    blockParts.systemRecords.maxBytes +
    4 +
    4 * bounds.blockTransactions +
    bounds.bodyBytes,
  size: (block) => unbounded.size(block),
  encodeInto(writer, block) {
    if (block.header.txCount !== block.transactions.length) {
      throw new CodecError(
        'CODEC_LENGTH',
        'the header counts other transactions than the body has',
      );
    }
    unbounded.encodeInto(writer, block);
  },
  decodeFrom(reader) {
    const block = unbounded.decodeFrom(reader);
    if (block.header.txCount !== block.transactions.length) {
      reader.fail('CODEC_LENGTH', 'the header counts other transactions than the body has');
    }
    return block;
  },
});

/** The block's hash and identity. */
export function blockHashOf(header: Header): BlockHash {
  return taggedHash('RSC1BLCK', headerCodec.encode(header));
}

/** The header's commitment to the parent certificate; zeros for no bytes. */
export function validationRootOf(parentCertificate: Uint8Array): Digest {
  return parentCertificate.length === 0 ? zeroHash : taggedHash('RSC1CERT', parentCertificate);
}

/** The header's commitment to the system records. */
export function sysRootOf(systemRecords: Uint8Array): Digest {
  return taggedHash('RSC1SYSR', systemRecords);
}

/** The header's commitment to the transactions with their witnesses: RFC 6962 over wtxids. */
export function txRootOf(transactions: readonly Uint8Array[]): Digest {
  return merkleRoot(transactions.map((transaction) => wtxidOfBytes(transaction)));
}

/** Which parts of a block do not match its header; empty for an intact block. */
export function mismatchedParts(
  block: Block,
): readonly ('parentCertificate' | 'systemRecords' | 'transactions')[] {
  const { header } = block;
  const wrong: ('parentCertificate' | 'systemRecords' | 'transactions')[] = [];
  if (!equalBytes(validationRootOf(block.parentCertificate), header.validationRoot)) {
    wrong.push('parentCertificate');
  }
  if (!equalBytes(sysRootOf(block.systemRecords), header.sysRoot)) wrong.push('systemRecords');
  if (
    header.txCount !== block.transactions.length ||
    !equalBytes(txRootOf(block.transactions), header.txRoot)
  ) {
    wrong.push('transactions');
  }
  return wrong;
}

/** A u16 count used by lists of blocks. */
export const blockListCodec: Codec<readonly Uint8Array[]> = list(bytesU32(blockCodec.maxBytes), {
  count: 'u16',
  max: bounds.ancestors + 1,
});
