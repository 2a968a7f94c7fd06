import type { ChainTag, TxId, Wtxid } from '@mxd/protocol';
import type { ChainParameters } from '@mxd/protocol/parameters';
import type { TransactionBody } from '@mxd/protocol/transaction';

import type { AdmissionCode } from '../errors.ts';
import type { KnownNames } from '../known-names.ts';
import type { OutpointKey } from '../outputs.ts';
import type { UnspentOutput, VerifySignatures } from '../types.ts';
import type { VerifiedCache } from '../verified-cache.ts';

/** Block space comes in two lanes: ordered by tip per byte, and by coin age per byte. */
export type LaneName = 'tip' | 'free';

/** The final state that the pool judges transactions by. */
export interface PoolChain {
  readonly networkId: number;
  readonly chainTag: ChainTag;
  /** Height of the final head. */
  height(): number;
  parameters(): ChainParameters;
  outputs(keys: Iterable<OutpointKey>): Promise<Map<OutpointKey, UnspentOutput>>;
  /** Whether a transaction is final; always false if that is not known. */
  isFinal(txid: TxId): Promise<boolean>;
  readonly verified: VerifiedCache;
  readonly names: KnownNames;
}

/** What a policy is asked: in batches, after everything else has been found good. */
export interface PolicyQuestion {
  readonly txid: TxId;
  readonly bytes: Uint8Array;
  readonly body: TransactionBody;
  /** Outputs that its inputs spend, in order. */
  readonly spent: readonly UnspentOutput[];
  /** As the submission said; undefined for this node's own. */
  readonly peer: string | undefined;
}

export type PolicyAnswer =
  | { readonly decision: 'accept' }
  | { readonly decision: 'refuse'; readonly reason: string };

export interface MempoolOptions {
  readonly chain: PoolChain;
  readonly verifySignatures: VerifySignatures;
  /** One answer per question, in order. */
  readonly policy?: (questions: readonly PolicyQuestion[]) => Promise<readonly PolicyAnswer[]>;
  readonly maxBytes?: number;
  readonly maxTransactions?: number;
  /** Share of block and pool that the free lane is guaranteed, in percent; 50 unless given. */
  readonly freeSharePercent?: number;
  /** Fill in percent above which the admission floor rises; 75 unless given. */
  readonly highWaterPercent?: number;
  readonly expiryMs?: number;
  readonly rates?: Partial<RateOptions>;
}

/** Token buckets of bytes. Coins that rested `restedBlocks` cost nothing; fresh ones their size. */
export interface RateOptions {
  readonly addressBurstBytes: number;
  /** What an address that was not seen lately starts with. */
  readonly addressStartBytes: number;
  readonly addressBytesPerSecond: number;
  readonly peerBurstBytes: number;
  readonly peerBytesPerSecond: number;
  readonly restedBlocks: number;
}

export interface Submission {
  readonly bytes: Uint8Array;
  /** The bytes' own, if the caller has computed it already. */
  readonly wtxid?: Wtxid;
  /** Who sent it: a peer's or client's name. Undefined: this node itself, which no rate limits. */
  readonly peer?: string;
}

/** What became of a submission. Submitting again what is waiting or final changes nothing. */
export type AdmissionVerdict =
  | { readonly status: 'accepted'; readonly txid: TxId; readonly replaced: readonly TxId[] }
  | { readonly status: 'known'; readonly txid: TxId; readonly final: boolean }
  | {
      readonly status: 'orphan';
      readonly txid: TxId;
      readonly missing: readonly TxId[];
    }
  | {
      readonly status: 'refused';
      readonly code: AdmissionCode;
      readonly reason: string;
      /** Undefined if the bytes are no transaction. */
      readonly txid: TxId | undefined;
      /** Whether the same bytes may be accepted later. */
      readonly mayRetry: boolean;
    };

/** A waiting transaction as interfaces and block building see it. */
export interface PooledTransaction {
  /** Whom it spends from and pays to, each once: version and hash, one character per byte. */
  readonly owners: readonly string[];
  readonly txid: TxId;
  /** The ids as `binaryText`. */
  readonly txidText: string;
  readonly wtxidText: string;
  txidHex(): string;
  readonly bytes: Uint8Array;
  readonly tip: bigint;
  readonly lane: LaneName;
  readonly arrivedMs: number;
  /** Transactions in the pool that it builds on directly. */
  readonly parents: readonly TxId[];
}

export interface SelectionRequest {
  /** Height of the block that is being built. */
  readonly height: number;
  readonly maxBytes: number;
  readonly maxTransactions: number;
  readonly maxSignatures: number;
  /** Transactions (`binaryText` of the txid) that the chain under the block holds already. */
  readonly exclude?: (txidText: string) => boolean;
}

/** Plain numbers for metrics and interfaces. */
export interface MempoolCounters {
  readonly transactions: number;
  readonly bytes: number;
  readonly tipBytes: number;
  readonly freeBytes: number;
  readonly orphans: number;
  readonly orphanBytes: number;
  readonly accepted: number;
  readonly known: number;
  readonly replaced: number;
  readonly evicted: number;
  readonly expired: number;
  readonly confirmed: number;
  readonly conflicted: number;
  readonly orphansDropped: number;
  /** Refusals by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** The lowest position that each lane takes; 0 while there is room. */
  readonly floor: Readonly<Record<LaneName, number>>;
  readonly addressBuckets: number;
  readonly peerBuckets: number;
}
