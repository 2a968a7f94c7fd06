import {
  bytes,
  bytesU16,
  compareBytes,
  list,
  refine,
  sized,
  struct,
  u16,
  u32,
  u53,
  union,
  Writer,
  type Codec,
} from '@mxd/codec';
import { tagBytes, type DomainTag } from '@mxd/crypto/hash';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';

import * as bounds from './bounds.ts';
import {
  blockHashCodec,
  validatorIdCodec,
  type BlockHash,
  type ChainTag,
  type ValidatorId,
} from './primitives.ts';
import { consensusKeyBytes, isSuiteId, suiteIdCodec, voteSignatureBytes } from './suite-sizes.ts';
import { voteCodec, type Vote } from './vote.ts';

/** Types of system records. */
export const systemRecordType = {
  join: 1,
  leave: 2,
  rotate: 3,
  evidence: 4,
  latency: 5,
  signal: 6,
} as const;

/** Asks for a seat from the next epoch on. */
export interface JoinRecord {
  readonly type: 1;
  readonly id: ValidatorId;
  readonly accountSuite: SuiteId;
  readonly accountKey: Uint8Array;
  readonly consensusKey: Uint8Array;
  readonly seq: number;
  readonly expiryEpoch: number;
  readonly recentHeight: number;
  readonly recentHash: BlockHash;
  /** By the consensus key. */
  readonly possessionSignature: Uint8Array;
  readonly accountSignature: Uint8Array;
}

/** Gives the seat up from the next epoch on. */
export interface LeaveRecord {
  readonly type: 2;
  readonly id: ValidatorId;
  readonly seq: number;
  readonly expiryEpoch: number;
  readonly accountSignature: Uint8Array;
}

/** Replaces the consensus key from the next epoch on. */
export interface RotateRecord {
  readonly type: 3;
  readonly id: ValidatorId;
  readonly newConsensusKey: Uint8Array;
  readonly seq: number;
  readonly expiryEpoch: number;
  /** By the new consensus key. */
  readonly possessionSignature: Uint8Array;
  readonly accountSignature: Uint8Array;
}

/** Two conflicting votes of one validator. */
export interface EvidenceRecord {
  readonly type: 4;
  readonly voteA: Vote;
  readonly voteB: Vote;
  readonly signerId: ValidatorId;
}

/** What one validator measured of another; 0xffff where it has too few samples. */
export interface LatencySample {
  readonly latencyMs: number;
  readonly participationBp: number;
}

/** One validator's measurements of all others in this epoch. */
export interface LatencyRecord {
  readonly type: 5;
  readonly epoch: number;
  readonly reporterIndex: number;
  readonly samples: readonly LatencySample[];
  /** By the reporter's consensus key. */
  readonly signature: Uint8Array;
}

/** A validator's wish for a protocol version and parameter changes. */
export interface SignalRecord {
  readonly type: 6;
  readonly id: ValidatorId;
  readonly seq: number;
  readonly expiryEpoch: number;
  readonly protocolVersion: number;
  /** Encoded change document. */
  readonly change: Uint8Array;
  readonly accountSignature: Uint8Array;
}

export type SystemRecord =
  | JoinRecord
  | LeaveRecord
  | RotateRecord
  | EvidenceRecord
  | LatencyRecord
  | SignalRecord;

/** A latency report's value for "too few samples". */
export const noSample = 0xffff;

const largest = suiteInfo[3];
const accountSignature = bytesU16(largest.signatureBytes, suiteInfo[1].signatureBytes);
const voteSignature = bytes(voteSignatureBytes);

const join = refine(
  struct({
    id: validatorIdCodec,
    accountSuite: suiteIdCodec,
    accountKey: bytesU16(largest.publicKeyBytes),
    consensusKey: bytes(consensusKeyBytes),
    seq: u32,
    expiryEpoch: u32,
    recentHeight: u53,
    recentHash: blockHashCodec,
    possessionSignature: voteSignature,
    accountSignature,
  }),
  (record) => {
    if (!isSuiteId(record.accountSuite)) return undefined; // refused by its own field
    const sizes = suiteInfo[record.accountSuite];
    if (record.accountKey.length !== sizes.publicKeyBytes)
      return 'the account key has a wrong length';
    return record.accountSignature.length === sizes.signatureBytes
      ? undefined
      : 'the account signature has a wrong length';
  },
);

const leave = struct({ id: validatorIdCodec, seq: u32, expiryEpoch: u32, accountSignature });

const rotate = struct({
  id: validatorIdCodec,
  newConsensusKey: bytes(consensusKeyBytes),
  seq: u32,
  expiryEpoch: u32,
  possessionSignature: voteSignature,
  accountSignature,
});

const evidence = struct({ voteA: voteCodec, voteB: voteCodec, signerId: validatorIdCodec });

const sample: Codec<LatencySample> = struct({
  latencyMs: refine(u16, (ms) =>
    ms <= 5_000 || ms === noSample ? undefined : `${ms} ms is over 5000`,
  ),
  participationBp: refine(u16, (bp) =>
    bp <= 10_000 || bp === noSample ? undefined : `${bp} bp is over 10000`,
  ),
});

const latency = struct({
  epoch: u32,
  reporterIndex: u16,
  samples: list(sample, { count: 'u16', min: 1, max: bounds.validators }),
  signature: voteSignature,
});

const signal = struct({
  id: validatorIdCodec,
  seq: u32,
  expiryEpoch: u32,
  protocolVersion: u16,
  change: bytesU16(bounds.changeBytes),
  accountSignature,
});

const most = bounds.systemRecordBytes;

/** type u8, length u32, payload. */
export const systemRecordCodec: Codec<SystemRecord> = union('type', 'u8', {
  1: sized('u32', join, most),
  2: sized('u32', leave, most),
  3: sized('u32', rotate, most),
  4: sized('u32', evidence, most),
  5: sized('u32', latency, most),
  6: sized('u32', signal, most),
}) as unknown as Codec<SystemRecord>;

/** Order of records in a block: by type, then by payload bytes. */
export function compareRecords(a: SystemRecord, b: SystemRecord): number {
  if (a.type !== b.type) return a.type - b.type;
  const headBytes = 5;
  return compareBytes(
    systemRecordCodec.encode(a).subarray(headBytes),
    systemRecordCodec.encode(b).subarray(headBytes),
  );
}

function orderProblem(records: readonly SystemRecord[]): string | undefined {
  for (let i = 1; i < records.length; i++) {
    const order = compareRecords(records[i - 1] as SystemRecord, records[i] as SystemRecord);
    if (order >= 0) return `records ${i - 1} and ${i} are equal or out of order`;
  }
  return undefined;
}

/** count u16, then records in ascending order without duplicates. */
export const systemRecordListCodec: Codec<readonly SystemRecord[]> = refine(
  list(systemRecordCodec, { count: 'u16', max: bounds.systemRecords }),
  orderProblem,
);

/** tag || chainTag || payload without its last `cut` bytes. */
function signedPart(
  tag: DomainTag,
  chainTag: ChainTag,
  record: SystemRecord,
  cut: number,
): Uint8Array {
  const encoded = systemRecordCodec.encode(record);
  const writer = new Writer(encoded.length + 40);
  writer.bytes(tagBytes(tag));
  writer.bytes(chainTag);
  writer.bytes(encoded.subarray(5, encoded.length - cut));
  return writer.finish();
}

const tags = { 1: 'RSC1JOIN', 2: 'RSC1LEAV', 3: 'RSC1ROTK', 5: 'RSC1LATR', 6: 'RSC1SIGL' } as const;

/** What `possessionSignature` of a JOIN or ROTATE covers. */
export function possessionMessage(
  chainTag: ChainTag,
  record: JoinRecord | RotateRecord,
): Uint8Array {
  const cut = voteSignatureBytes + 2 + record.accountSignature.length;
  return signedPart(tags[record.type], chainTag, record, cut);
}

/** What `accountSignature` covers; for JOIN and ROTATE that includes the possession signature. */
export function accountMessage(
  chainTag: ChainTag,
  record: JoinRecord | LeaveRecord | RotateRecord | SignalRecord,
): Uint8Array {
  return signedPart(tags[record.type], chainTag, record, 2 + record.accountSignature.length);
}

/** What the signature of a LATENCY record covers. */
export function latencyMessage(chainTag: ChainTag, record: LatencyRecord): Uint8Array {
  return signedPart(tags[record.type], chainTag, record, voteSignatureBytes);
}
