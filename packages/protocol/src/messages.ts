import {
  bytes,
  bytesU32,
  CodecError,
  list,
  makeCodec,
  mapped,
  refine,
  sized,
  struct,
  u16,
  u32,
  u53,
  u64,
  u8,
  union,
  type Codec,
  type Reader,
  type Writer,
} from '@mxd/codec';
import { sha256 } from '@mxd/crypto/hash';

import { blockListCodec, headerCodec, transactionListCodec, type Header } from './block.ts';
import { certificateCodec } from './certificate.ts';
import {
  genesisDocumentCodec,
  genesisMemberCodec,
  type GenesisDocument,
  type GenesisMember,
} from './genesis.ts';
import * as bounds from './bounds.ts';
import {
  blockHashCodec,
  digestCodec,
  validatorIdCodec,
  type BlockHash,
  type Digest,
  type ValidatorId,
  type Wtxid,
} from './primitives.ts';
import { voteSignatureBytes } from './suite-sizes.ts';
import { systemRecordCodec, type SystemRecord } from './system-records.ts';
import { tableCodec, type Table } from './table.ts';
import { viewCodec, voteCodec, voteKind, type Vote } from './vote.ts';

/** Types of consensus messages. */
export const messageType = {
  proposal: 0x10,
  vote: 0x11,
  certificate: 0x12,
  status: 0x13,
  certificateRequest: 0x14,
  certificateResponse: 0x15,
  blockRequest: 0x16,
  blockResponse: 0x17,
  transactionRequest: 0x18,
  transactionResponse: 0x19,
  epochProofRequest: 0x1a,
  epochProof: 0x1b,
  systemRecord: 0x1c,
  genesisAnnounce: 0x1d,
  genesisDocument: 0x1e,
  genesisSignature: 0x1f,
} as const;
export type MessageType = (typeof messageType)[keyof typeof messageType];

/** Transactions of a proposal in full. */
export interface FullBody {
  readonly form: 'full';
  readonly transactions: readonly Uint8Array[];
}

/** Transactions of a proposal as short ids: 8 bytes each, one after the other. */
export interface CompactBody {
  readonly form: 'compact';
  readonly salt: bigint;
  readonly shortIds: Uint8Array;
}

/** Header and content of a first proposal; a re-proposal carries none. */
export interface ProposalContent {
  readonly header: Header;
  /** Encoded system record list. */
  readonly systemRecords: Uint8Array;
  readonly body: FullBody | CompactBody;
}

/** A leader's proposal. Only `leaderVote` is signed: every other part is checked by itself. */
export interface ProposalMessage {
  readonly type: 0x10;
  readonly epoch: number;
  readonly view: number;
  readonly parentView: number;
  readonly blockHash: BlockHash;
  readonly leaderVote: Vote;
  /** Encoded; empty iff the parent is genesis. */
  readonly parentCertificate: Uint8Array;
  /** Encoded, most recent view first. */
  readonly nullifications: readonly Uint8Array[];
  /** Absent in a re-proposal. */
  readonly content: ProposalContent | undefined;
}

export interface VoteMessage {
  readonly type: 0x11;
  readonly vote: Vote;
}
export interface CertificateMessage {
  readonly type: 0x12;
  /** Encoded certificate. */
  readonly certificate: Uint8Array;
}
export interface StatusMessage {
  readonly type: 0x13;
  readonly epoch: number;
  readonly view: number;
  readonly finalView: number;
  readonly finalHeight: number;
}
export interface CertificateRequest {
  readonly type: 0x14;
  readonly epoch: number;
  readonly fromView: number;
  readonly toView: number;
}
export interface CertificateResponse {
  readonly type: 0x15;
  /** Encoded certificates. */
  readonly certificates: readonly Uint8Array[];
}
export interface BlockRequest {
  readonly type: 0x16;
  readonly blockHash: BlockHash;
  readonly maxAncestors: number;
}
export interface BlockResponse {
  readonly type: 0x17;
  /** Encoded blocks, child first. */
  readonly blocks: readonly Uint8Array[];
}
export interface TransactionRequest {
  readonly type: 0x18;
  readonly blockHash: BlockHash;
  /** Strictly increasing positions in the block. */
  readonly indices: readonly number[];
}
export interface IndexedTransaction {
  readonly index: number;
  readonly transaction: Uint8Array;
}
export interface TransactionResponse {
  readonly type: 0x19;
  readonly blockHash: BlockHash;
  readonly items: readonly IndexedTransaction[];
}
export interface EpochProofRequest {
  readonly type: 0x1a;
  readonly fromEpoch: number;
  readonly count: number;
}
/** Proof of the last block of an epoch and of the table that follows. */
export interface EpochProof {
  readonly epoch: number;
  readonly header: Header;
  /** Encoded finalization. */
  readonly finalization: Uint8Array;
  readonly nextTable: Table;
}
export interface EpochProofMessage extends EpochProof {
  readonly type: 0x1b;
}
export interface SystemRecordMessage {
  readonly type: 0x1c;
  readonly record: SystemRecord;
}
export interface GenesisAnnounceMessage {
  readonly type: 0x1d;
  readonly member: GenesisMember;
}
export interface GenesisDocumentMessage {
  readonly type: 0x1e;
  readonly document: GenesisDocument;
}
export interface GenesisSignatureMessage {
  readonly type: 0x1f;
  readonly documentHash: Digest;
  readonly id: ValidatorId;
  readonly signature: Uint8Array;
}

export type ConsensusMessage =
  | ProposalMessage
  | VoteMessage
  | CertificateMessage
  | StatusMessage
  | CertificateRequest
  | CertificateResponse
  | BlockRequest
  | BlockResponse
  | TransactionRequest
  | TransactionResponse
  | EpochProofRequest
  | EpochProofMessage
  | SystemRecordMessage
  | GenesisAnnounceMessage
  | GenesisDocumentMessage
  | GenesisSignatureMessage;

const flagRepropose = 1;
const flagCompact = 2;
const certificateBytes = bytesU32(certificateCodec.maxBytes);

const proposalHead = struct({
  epoch: u32,
  view: viewCodec,
  parentView: u32,
  flags: refine(u8, (flags) =>
    flags <= flagCompact ? undefined : `proposal flags ${flags} are unknown or contradictory`,
  ),
  blockHash: blockHashCodec,
  leaderVote: refine(voteCodec, (vote) =>
    vote.kind === voteKind.notarize ? undefined : 'the vote of a proposal is a NOTARIZE',
  ),
  parentCertificate: certificateBytes,
  nullifications: list(certificateBytes, { count: 'u8', max: bounds.inlineNullifications }),
});

const contentHead = struct({
  header: headerCodec,
  systemRecords: bytesU32(bounds.systemBytes, 2),
});

/** u64 salt, u32 count, count x 8 bytes. */
const compactBody: Codec<CompactBody> = mapped(
  struct({
    salt: u64,
    shortIds: makeCodec<Uint8Array>({
      minBytes: 4,
      maxBytes: 4 + 8 * bounds.blockTransactions,
      size: (ids) => 4 + ids.length,
      encodeInto(writer, ids) {
        const count = ids.length / 8;
        if (!Number.isInteger(count) || count > bounds.blockTransactions) {
          throw new CodecError('CODEC_LENGTH', `${ids.length} bytes are no list of short ids`);
        }
        writer.u32(count);
        writer.bytes(ids);
      },
      decodeFrom(reader) {
        const count = reader.u32();
        if (count > bounds.blockTransactions) {
          reader.fail('CODEC_LENGTH', `${count} short ids are too many`);
        }
        return reader.take(8 * count);
      },
    }),
  }),
  ({ salt, shortIds }) => ({ form: 'compact', salt, shortIds }),
  ({ salt, shortIds }) => ({ salt, shortIds }),
);

function flagsOf(content: ProposalContent | undefined): number {
  if (content === undefined) return flagRepropose;
  return content.body.form === 'compact' ? flagCompact : 0;
}

function encodeProposal(writer: Writer, message: Omit<ProposalMessage, 'type'>): void {
  const { content } = message;
  proposalHead.encodeInto(writer, { ...message, flags: flagsOf(content) });
  if (content === undefined) return;
  contentHead.encodeInto(writer, content);
  if (content.body.form === 'compact') compactBody.encodeInto(writer, content.body);
  else transactionListCodec.encodeInto(writer, content.body.transactions);
}

function decodeContent(reader: Reader, flags: number): ProposalContent | undefined {
  if (flags === flagRepropose) return undefined;
  const head = contentHead.decodeFrom(reader);
  const body: FullBody | CompactBody =
    flags === flagCompact
      ? compactBody.decodeFrom(reader)
      : { form: 'full', transactions: transactionListCodec.decodeFrom(reader) };
  return { ...head, body };
}

function contentSize(content: ProposalContent | undefined): number {
  if (content === undefined) return 0;
  const body =
    content.body.form === 'compact'
      ? compactBody.size(content.body)
      : transactionListCodec.size(content.body.transactions);
  return contentHead.size(content) + body;
}

const proposal = makeCodec<Omit<ProposalMessage, 'type'>>({
  minBytes: proposalHead.minBytes,
  maxBytes: bounds.messageBytes,
  size: (message) => proposalHead.size({ ...message, flags: 0 }) + contentSize(message.content),
  encodeInto: encodeProposal,
  decodeFrom(reader) {
    const { flags, ...head } = proposalHead.decodeFrom(reader);
    return { ...head, content: decodeContent(reader, flags) };
  },
});

const increasing = (indices: readonly number[]): string | undefined =>
  indices.every((index, i) => i === 0 || index > (indices[i - 1] as number))
    ? undefined
    : 'indices are not strictly increasing';

const certificateRequest = refine(
  struct({ epoch: u32, fromView: viewCodec, toView: viewCodec }),
  ({ fromView, toView }) =>
    toView >= fromView && toView - fromView < bounds.certificateSpan
      ? undefined
      : `a request spans 1 to ${bounds.certificateSpan} views`,
);

const indexed = struct({ index: u32, transaction: bytesU32(bounds.transactionBytes) });

/** epoch u32, header, u32 + finalization, u32 + next table. */
export const epochProofCodec: Codec<EpochProof> = struct({
  epoch: u32,
  header: headerCodec,
  finalization: certificateBytes,
  nextTable: sized('u32', tableCodec),
});

/** Every consensus message: type u8, then its fields (docs/protocol/rsc.md, "Messages"). */
export const messageCodec: Codec<ConsensusMessage> = union('type', 'u8', {
  0x10: proposal,
  0x11: struct({ vote: voteCodec }),
  0x12: struct({ certificate: certificateBytes }),
  0x13: struct({ epoch: u32, view: u32, finalView: u32, finalHeight: u53 }),
  0x14: certificateRequest,
  0x15: struct({
    certificates: list(certificateBytes, { count: 'u8', max: bounds.certificates }),
  }),
  0x16: struct({
    blockHash: blockHashCodec,
    maxAncestors: refine(u16, (count) =>
      count <= bounds.ancestors ? undefined : `${count} ancestors are too many`,
    ),
  }),
  0x17: struct({ blocks: blockListCodec }),
  0x18: struct({
    blockHash: blockHashCodec,
    indices: refine(list(u32, { count: 'u32', min: 1, max: bounds.blockTransactions }), increasing),
  }),
  0x19: struct({
    blockHash: blockHashCodec,
    items: refine(list(indexed, { count: 'u32', max: bounds.blockTransactions }), (items) =>
      increasing(items.map((item) => item.index)),
    ),
  }),
  0x1a: struct({
    fromEpoch: u32,
    count: refine(u8, (count) =>
      count >= 1 && count <= bounds.epochProofs
        ? undefined
        : `1 to ${bounds.epochProofs} proofs can be asked for`,
    ),
  }),
  0x1b: epochProofCodec,
  0x1c: struct({ record: systemRecordCodec }),
  0x1d: struct({ member: genesisMemberCodec }),
  0x1e: struct({ document: genesisDocumentCodec }),
  0x1f: struct({
    documentHash: digestCodec,
    id: validatorIdCodec,
    signature: bytes(voteSignatureBytes),
  }),
}) as unknown as Codec<ConsensusMessage>;

/** Short id of a transaction in a compact proposal: 8 bytes of SHA-256(salt || wtxid). */
export function shortIdOf(salt: bigint, wtxid: Wtxid): Uint8Array {
  const input = new Uint8Array(8 + 64);
  new DataView(input.buffer).setBigUint64(0, salt);
  input.set(wtxid, 8);
  return sha256(input).subarray(0, 8);
}
