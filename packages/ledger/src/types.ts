/**
 * The types of this package's main entry. Bytes are never changed after they have been handed over;
 * heights are blocks, amounts are base units.
 */
import type {
  Amount,
  Block,
  BlockHash,
  ChainTag,
  Digest,
  GenesisDocument,
  Header,
  SystemRecord,
  Table,
  TxId,
  ValidatorId,
  VerifySignature,
} from '@mxd/protocol';
import type { SuiteId } from '@mxd/crypto/suites';
import type { ChainParameters } from '@mxd/protocol/parameters';
import type { Outpoint, Owner, TransactionOutput } from '@mxd/protocol/transaction';
import type { KeyValueStore } from '@mxd/storage';

import type { BlockCode } from './errors.ts';
import type { Mempool } from './mempool/mempool.ts';
import type { ValidatorState } from './validators/types.ts';

/** Why an output cannot simply be spent. `spendableFrom` is the first height at which it can. */
export type OutputLock =
  | { readonly kind: 'plain' }
  | { readonly kind: 'bonded'; readonly validatorId: ValidatorId }
  | {
      readonly kind: 'unbonding';
      readonly validatorId: ValidatorId;
      readonly spendableFrom: number;
    };

/** An output as the chain stores it. */
export interface UnspentOutput {
  readonly owner: Owner;
  readonly amount: Amount;
  /** Height of the block that made it; 0 for genesis. */
  readonly createdHeight: number;
  readonly lock: OutputLock;
}

/** One signature to check: of an input of a transaction, or of a system record's account. */
export interface SignatureCheck {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Checks many signatures, off this thread if it can. Bit i of the answer (lowest first) is set iff
 * check i holds: `VerificationPool.verify` of `@mxd/crypto/pool` is one.
 */
export type VerifySignatures = (checks: readonly SignatureCheck[]) => Promise<Uint8Array>;

/**
 * Keeps slices of the calling thread short. `due` is asked between pieces of work of well under a
 * millisecond; when it says yes, `pause` is awaited (the host lets other work run meanwhile).
 */
export interface Pace {
  due(): boolean;
  pause(): Promise<void>;
}

/** Which indexes are kept. All are on by default; each can be switched and rebuilt later. */
export interface IndexOptions {
  /** Location by txid. */
  readonly transactions?: boolean;
  /** History by owner. */
  readonly history?: boolean;
  /** Unspent outputs by owner. */
  readonly owners?: boolean;
}

export interface LedgerOptions {
  readonly store: KeyValueStore;
  readonly genesis: GenesisDocument;
  readonly verifySignatures: VerifySignatures;
  /** Checks votes inside parent certificates and system records; `verifySignature` unless given. */
  readonly verifyConsensusSignature?: VerifySignature;
  /** Never pauses unless given. */
  readonly pace?: Pace;
  readonly indexes?: IndexOptions;
  /** Byte budget of the cache of hot outputs; `limits.outputCacheBytes` unless given. */
  readonly outputCacheBytes?: number;
  /** Bodies kept below the head; all unless given. Headers and certificates always stay. */
  readonly keepBodies?: number;
}

/** A block that is final here. */
export interface ChainPoint {
  readonly hash: BlockHash;
  readonly height: number;
  readonly header: Header;
}

/** The state after a block, final or candidate, as consensus and interfaces need it. */
export interface BlockState {
  readonly hash: BlockHash;
  readonly header: Header;
  readonly height: number;
  /** Epoch of a child of this block. */
  readonly childEpoch: number;
  readonly final: boolean;
  /** Application root after this block: what a child's header carries as `appRoot`. */
  readonly postRoot: Digest;
  readonly totalSupply: Amount;
  readonly tipCarry: Amount;
  /** Parameters that a child of this block is judged by. */
  readonly parameters: ChainParameters;
  /** Version that a child's header must have. */
  readonly protocolVersion: number;
  /** Everything else, for the functions of `@mxd/ledger/validators`. */
  readonly validators: ValidatorState;
  /** Table and anchor of an epoch that the state still holds. */
  table(epoch: number): { readonly table: Table; readonly anchorHash: BlockHash } | undefined;
  /** Height up to and including which a validator is blacklisted; 0 for never. */
  blacklistedUntil(id: ValidatorId): number;
  /** What the boundary block after this one must commit to (only if a child ends an epoch). */
  nextTable(): Table | undefined;
}

/**
 * Why a block was not accepted. `invalid`: its bytes break a rule, for ever. `mismatch`: a part does
 * not belong to the header, so another copy of the block may be valid. `missing`: the parent's
 * state is not here (unknown, or below finality).
 */
export interface BlockRejection {
  readonly ok: false;
  readonly verdict: 'invalid' | 'mismatch' | 'missing';
  readonly code: BlockCode;
  readonly reason: string;
  /** Position of the transaction or system record that broke the rule. */
  readonly position?: number;
}

export interface BlockAcceptance {
  readonly ok: true;
  readonly hash: BlockHash;
  readonly height: number;
  readonly postRoot: Digest;
  readonly totalSupply: Amount;
  /** Table of the next epoch, if this block is the last of its epoch. */
  readonly nextTable?: Table;
}

export type ExecutionResult = BlockAcceptance | BlockRejection;

/** What a proposer decides about its block. */
export interface BuildContext {
  readonly timestampMs: number;
  readonly epoch: number;
  readonly view: number;
  /** View of the parent's certificate; 0 if the parent is the epoch's anchor. */
  readonly parentView: number;
  readonly proposerId: ValidatorId;
  /** Encoded certificate of the parent; empty iff the parent is genesis. */
  readonly parentCertificate: Uint8Array;
}

export interface BuildRequest {
  readonly parent: BlockHash;
  readonly context: BuildContext;
  readonly mempool?: Mempool;
  /** Records from the pool, in any order; invalid ones are left out. */
  readonly systemRecords?: readonly SystemRecord[];
  /** May leave out, never add or reorder: answers the txids (hexadecimal) to leave out. */
  readonly leaveOut?: (txids: readonly TxId[]) => Promise<ReadonlySet<string>>;
  /** Bytes of transactions; the chain's `maxBodyBytes` unless smaller. */
  readonly maxBodyBytes?: number;
  readonly maxTransactions?: number;
}

/**
 * A block that this node may propose. It is complete when `buildBlock` answers; the state after it
 * follows in `executed`, which never rejects a block that was built here (a failure there is a
 * broken node, and rejects the promise). Children wait for it by themselves.
 */
export type BuildResult =
  | {
      readonly ok: true;
      readonly block: Block;
      readonly hash: BlockHash;
      readonly executed: Promise<BlockAcceptance>;
      readonly nextTable?: Table;
      /** Records of the request that were left out, with the rule that they break. */
      readonly refusedRecords: readonly { readonly record: SystemRecord; readonly code: string }[];
    }
  | BlockRejection;

/** One block that `commit` made final. */
export interface CommittedBlock {
  readonly hash: BlockHash;
  readonly height: number;
  readonly block: Block;
  readonly txids: readonly TxId[];
  /** Keys of outputs that the block spent; the mempool drops what conflicts with them. */
  readonly spent: readonly string[];
  /** Keys of outputs that exist since the block. */
  readonly createdKeys: readonly string[];
  /** Table of the next epoch if this block ended one. */
  readonly nextTable?: Table;
}

/** Where a final transaction is. */
export interface TransactionLocation {
  readonly height: number;
  readonly position: number;
}

export interface FinalTransaction extends TransactionLocation {
  readonly txid: TxId;
  readonly blockHash: BlockHash;
  /** Payouts of tips and genesis allocations have txids too, but no transaction. */
  readonly origin: 'transaction' | 'payout' | 'genesis';
  /** Encoded; undefined unless it is a transaction whose body has not been pruned. */
  readonly bytes: Uint8Array | undefined;
  /** What each of its inputs spent; empty where `bytes` is undefined. */
  readonly spent: readonly TransactionOutput[];
}

/** One line of an owner's history: what a transaction (or payout, or genesis) took and gave. */
export interface HistoryEntry extends TransactionLocation {
  readonly txid: TxId;
  readonly received: Amount;
  readonly spent: Amount;
}

/** An unspent output with its name. */
export interface OwnedOutput extends UnspentOutput {
  readonly outpoint: Outpoint;
}

/** Plain numbers for metrics. */
export interface LedgerCounters {
  readonly blocksExecuted: number;
  readonly blocksRejected: number;
  readonly blocksBuilt: number;
  readonly blocksCommitted: number;
  readonly transactionsCommitted: number;
  readonly signaturesChecked: number;
  /** Transactions whose signatures were known to be good. */
  readonly signatureCacheHits: number;
  readonly candidates: number;
  readonly candidatesDropped: number;
  readonly outputCacheBytes: number;
  readonly outputCacheHits: number;
  readonly outputCacheMisses: number;
  /** Rejections by code. */
  readonly rejections: Readonly<Record<string, number>>;
}

/** What the chain is: fixed at genesis. */
export interface ChainIdentity {
  readonly chainTag: ChainTag;
  readonly networkId: number;
  readonly genesis: GenesisDocument;
  readonly genesisHash: BlockHash;
  readonly genesisHeader: Header;
}

export type { Amount, Block, BlockHash, Header, TxId, ValidatorId };
