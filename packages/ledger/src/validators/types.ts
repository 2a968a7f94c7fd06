import { type Governance } from '@mxd/protocol/changes';
import {
  type Amount,
  type BlockHash,
  type ChainTag,
  type Digest,
  type TxId,
  type ValidatorId,
} from '@mxd/protocol/primitives';
import {
  type JoinRecord,
  type LatencyRecord,
  type LeaveRecord,
  type RotateRecord,
} from '@mxd/protocol/system-records';
import { type Table } from '@mxd/protocol/table';
import { type Owner } from '@mxd/protocol/transaction';
import { type SuiteId } from '@mxd/crypto/suites';

import { type ValidatorErrorCode } from './errors.ts';
import { type OrderedMap } from './ordered-map.ts';

/** What never changes on a chain: known from its genesis document and block. */
export interface ChainConstants {
  readonly networkId: number;
  readonly chainTag: ChainTag;
  /** Hash of the genesis block: the anchor of epoch 1, which the state itself cannot hold. */
  readonly genesisHash: BlockHash;
  /** Parameters and LISTED ids (members included) before any change document. */
  readonly genesisGovernance: Governance;
}

/** Section 2. */
export interface Totals {
  readonly totalSupply: Amount;
  /** Tips of blocks that had nobody to credit. */
  readonly tipCarry: Amount;
}

/** Section 3: one per id that genesis or a JOIN ever named. */
export interface RegistryEntry {
  readonly id: ValidatorId;
  readonly accountSuite: SuiteId;
  readonly accountKey: Uint8Array;
  /** 0 before the first record: sequence numbers start at 1. */
  readonly lastSeq: number;
  /** Epoch of the last JOIN, LEAVE or ROTATE; 0 for none. */
  readonly lastRecordEpoch: number;
  /** Blacklisted at height h iff this is >= h; 0 for never. */
  readonly blacklistedUntil: number;
  /** 0 for never. */
  readonly lastEvidenceHeight: number;
}

/** A consensus key that was accepted once and so can never be accepted again. */
export interface RegisteredKey {
  readonly key: Uint8Array;
  /** 0 for the first key of the chain. */
  readonly position: number;
}

/** Section 4. The root covers `chain`; the keys behind it travel in snapshots and are checked by it. */
export interface RegisteredKeys {
  readonly chain: Digest;
  readonly keys: OrderedMap<RegisteredKey>;
}

/** Sections 5 and 12: an amount above 0 per id. */
export interface IdAmount {
  readonly id: ValidatorId;
  readonly amount: Amount;
}

/** Section 6, in inclusion order. */
export type QueuedRecord = JoinRecord | LeaveRecord | RotateRecord;

/** Section 7: one per member of the table in force. */
export interface Metrics {
  readonly id: ValidatorId;
  readonly proposed: number;
  readonly missed: number;
  readonly consecutiveMisses: number;
}

/** Section 9: one punishment per validator and epoch. */
export interface EvidenceKey {
  readonly id: ValidatorId;
  readonly epoch: number;
}

/** Section 10. */
export interface EpochRecord {
  readonly epoch: number;
  /** Hash of the last block of the epoch before; zeros for epoch 1 (see `ChainConstants`). */
  readonly anchorHash: BlockHash;
  readonly table: Table;
}

/** The latest SIGNAL of a member. */
export interface Signal {
  readonly id: ValidatorId;
  /** Epoch of the block that included it. */
  readonly epoch: number;
  readonly protocolVersion: number;
  readonly expiryEpoch: number;
  /** Encoded change document. */
  readonly change: Uint8Array;
}

/** An upgrade that a quorum asked for. */
export interface ScheduledUpgrade {
  readonly activationEpoch: number;
  readonly protocolVersion: number;
  /** Encoded change document. */
  readonly change: Uint8Array;
}

/** Section 13. */
export interface Upgrades {
  readonly protocolVersion: number;
  /** Encoded change documents in force, oldest first. */
  readonly changes: readonly Uint8Array[];
  readonly signals: OrderedMap<Signal>;
  readonly scheduled: ScheduledUpgrade | undefined;
}

/**
 * The consensus state beside unspent outputs and contracts: sections 2-10, 12 and 13 of
 * docs/protocol/rsc.md, "Execution order and consensus state". Plain immutable data: a step returns
 * a new object that shares every section it did not touch, and the digest of a section is kept with
 * the section object, so a candidate block costs what it changes.
 */
export interface ValidatorState {
  readonly chain: ChainConstants;
  readonly totals: Totals;
  /** By id. */
  readonly registry: OrderedMap<RegistryEntry>;
  readonly keys: RegisteredKeys;
  /** By id: the sum of the unspent bonded outputs that name it. */
  readonly bonded: OrderedMap<IdAmount>;
  readonly queue: readonly QueuedRecord[];
  /** By id. */
  readonly metrics: OrderedMap<Metrics>;
  /** Ascending by reporter index. */
  readonly latencyReports: readonly LatencyRecord[];
  /** By id and epoch. */
  readonly evidence: OrderedMap<EvidenceKey>;
  /** Ascending and without gaps; the last one is the epoch in force. */
  readonly epochs: readonly EpochRecord[];
  /** By id: tips credited and not yet paid out. */
  readonly accruals: OrderedMap<IdAmount>;
  readonly upgrades: Upgrades;
}

/** A verdict on data from a block or a peer: never an exception. */
export type ValidatorResult<T> = { readonly ok: true; readonly value: T } | ValidatorFailure;

/** The rule that was broken, and the values that show it. */
export interface ValidatorFailure {
  readonly ok: false;
  readonly code: ValidatorErrorCode;
  readonly reason: string;
}

/** Checks one signature of any suite. Must never throw. Consensus keys have suite 1. */
export type VerifySuiteSignature = (
  suite: SuiteId,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** What the checks of system records read beside state and bytes. */
export interface RecordContext {
  /** Height of the block that holds the records. */
  readonly height: number;
  /** Hash of that block's ancestor at a height; asked for the last 128 heights only. */
  readonly ancestorHash: (height: number) => BlockHash | undefined;
  readonly verify: VerifySuiteSignature;
}

/** One signature of a record: lets a host verify in workers and answer `verify` from a cache. */
export interface SignatureClaim {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * A validator that evidence convicted in this block. The ledger takes `slashingBp` / 10,000 of each
 * of its bonded and still locked unbonding outputs before it runs the transactions, and reports the
 * loss in `StakeDeltas`.
 */
export interface Slash {
  readonly validatorId: ValidatorId;
  /** The parameter in force; never 0. */
  readonly slashingBp: number;
}

/** What the transactions of a block (and slashing) did to the sums of this state. */
export interface StakeDeltas {
  /** Change of the bonded total per id; an id may occur more than once. */
  readonly bonded: readonly { readonly id: ValidatorId; readonly delta: bigint }[];
  /** Change of the total supply: 0 while bridges and slashing are off. */
  readonly supply: bigint;
}

/** A plain output that the end of an epoch creates, paid from accrued tips. */
export interface Payout {
  readonly txid: TxId;
  readonly index: number;
  readonly id: ValidatorId;
  readonly owner: Owner;
  readonly amount: Amount;
}

/** An output that exists from the start. */
export interface GenesisOutput {
  readonly txid: TxId;
  readonly index: number;
  readonly owner: Owner;
  readonly amount: Amount;
  /** The member that the output is bonded to; undefined for a plain output. */
  readonly bondedTo: ValidatorId | undefined;
}

/** The next table and what computing it consumed; a pure function of the state before a boundary. */
export interface NextTable {
  readonly table: Table;
  /** Hash of the encoding, as the boundary header commits to it. */
  readonly hash: Digest;
  /** `queueKey`s of the entries that were used or removed. */
  readonly consumed: ReadonlySet<string>;
}
