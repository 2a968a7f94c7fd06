/**
 * The boundary of the consensus core: what goes in, what comes out, what the host promises.
 *
 * The core is a pure machine (docs/protocol/rsc.md, "Node state, inputs, effects"): `step` takes
 * one input to completion and yields effects. All but one kind are resumed with `undefined` at
 * once; what takes time (building, verifying, resolving, syncing) comes back later as an input with
 * the same `reqId`.
 */
import {
  type Block,
  type BlockHash,
  type Certificate,
  type ChainParameters,
  type ChainTag,
  type Header,
  type SystemRecord,
  type Table,
  type ValidatorId,
  type VerifySignature,
  type Vote,
  type VoteKind,
  type Wtxid,
} from '@mxd/protocol';

import { type ConsensusErrorCode } from './errors.ts';

/** The host's name for an authenticated connection: opaque, unique while it is connected. */
export type PeerId = string;

/** Local timing policy. May differ between nodes; never touches safety. All in milliseconds. */
export interface Policy {
  /** Expected one-way delay with verification, 99th percentile. */
  readonly deltaMs: number;
  /** tLeader before growth, and its cap. */
  readonly leaderTimeoutMs: number;
  readonly leaderTimeoutCapMs: number;
  /** tView before growth, and its cap. */
  readonly viewTimeoutMs: number;
  readonly viewTimeoutCapMs: number;
  readonly retryMs: number;
  readonly graceMs: number;
  readonly statusMs: number;
  /** Least time between the parent's proposal and the next one. */
  readonly minBlockMs: number;
  /** How long a leader with nothing to include waits in an idle view. */
  readonly emptyDelayMs: number;
  /** Views without a sign of life after which a leader is skipped. */
  readonly skipViews: number;
  /** Re-issue of a fetch to other peers. */
  readonly fetchRetryMs: number;
  /** Least time between two repair answers to one peer. */
  readonly replyIntervalMs: number;
  /** Transactions above which a proposal carries short ids instead of bodies. */
  readonly compactAbove: number;
}

export interface CoreConfig {
  readonly chainTag: ChainTag;
  readonly networkId: number;
  readonly parameters: ChainParameters;
  /** Nobody proposes or votes before this, by the own wall clock. */
  readonly genesisTimeMs: number;
  /** Public consensus keys that the sign guard holds (two around a rotation). Empty: observer. */
  readonly consensusKeys: readonly Uint8Array[];
  /** False for a key in J8 (journal lost): the node follows and never signs. */
  readonly signing: boolean;
  /**
   * J8, the operator's last way out after the loss of a journal: watches for 10 tStatus, writes a
   * FLOOR record at the highest own vote or certificate seen, and signs above it only.
   */
  readonly acceptEquivocationRisk?: boolean;
  readonly policy: Policy;
  /** Seed of the choice of peers to fetch from. Any number; fixes the machine's behaviour. */
  readonly seed: number;
  /** Checks a consensus signature; pure; never throws. About 52 us with libsodium. */
  readonly verify: VerifySignature;
  /**
   * Id with witness of an encoded transaction; a host may answer from what admission has hashed.
   */
  readonly wtxidOf?: (transaction: Uint8Array) => Wtxid;
  /** Header versions that this software understands at a height of an epoch (U3). */
  readonly versionOf?: (epoch: number) => number;
}

/** The last block of the epoch before, on which an epoch stands; genesis for epoch 1. */
export interface Anchor {
  readonly header: Header;
  /** Encoded finalization by the epoch before; empty for genesis. */
  readonly certificate: Uint8Array;
}

/** Where the chain store stands when the core starts, or after the host has synced by itself. */
export interface ChainState {
  readonly table: Table;
  readonly anchor: Anchor;
  /** Table and anchor hash of the epoch before; absent in epoch 1 and right after a checkpoint. */
  readonly previous?: { readonly table: Table; readonly anchorHash: BlockHash };
  /** Newest durably committed block: the anchor itself or a block of this epoch. */
  readonly head: {
    readonly header: Header;
    /** Encoded finalization that covers it, if the chain store has one. */
    readonly finalization: Uint8Array;
  };
}

/** A record of the journal, in the order of J1's types. `payload` is already encoded. */
export interface JournalRecord {
  readonly type: JournalRecordType;
  readonly payload: Uint8Array;
}

/** J1: types of journal records. SYNC is written by the journal itself. */
export const recordType = {
  vote: 1,
  block: 2,
  certificate: 3,
  commit: 4,
  epoch: 5,
  proposalSeen: 6,
  floor: 7,
  sync: 8,
} as const;
export type JournalRecordType = (typeof recordType)[keyof typeof recordType];

/** What a journal held, as plain records by epoch in the order written (J7). */
export interface RecoveredJournal {
  readonly epochs: ReadonlyMap<number, readonly JournalRecord[]>;
  readonly newestEpoch: number;
  /** Highest floor per epoch, of segment headers and FLOOR records. */
  readonly floors: ReadonlyMap<number, number>;
}

export type TimerName =
  | 'leader'
  | 'view'
  | 'retry'
  | 'grace'
  | 'status'
  | 'pace'
  | 'empty'
  | 'boundary'
  | 'fetch'
  | 'epochGrace'
  | 'observe';

export type VerifyVerdict = 'valid' | 'invalid' | 'missing';

/** Everything that can happen to the core. `step` also takes both clocks. */
export type Input =
  /**
   * First input. `journal` absent: an observer, or a validator that has none (then never signs).
   */
  | {
      readonly type: 'start';
      readonly chain: ChainState;
      readonly journal?: RecoveredJournal;
    }
  /** A connection; `consensusKey` is what the peer has proven to hold (tag RSC1PEER), if any. */
  | { readonly type: 'connected'; readonly peer: PeerId; readonly consensusKey?: Uint8Array }
  | { readonly type: 'disconnected'; readonly peer: PeerId }
  /** One consensus message as it travelled. The core keeps views of `bytes`: never reuse them. */
  | { readonly type: 'message'; readonly from: PeerId; readonly bytes: Uint8Array }
  | {
      readonly type: 'timer';
      readonly name: TimerName;
      readonly epoch: number;
      readonly view: number;
    }
  /**
   * Answer to `build`. `empty`: nothing to include and `allowEmpty` was false. `failed`: NULLIFY.
   * A block counts as executed: the host keeps its post-state under its hash. `nextTable` belongs
   * to a block at the end of its epoch.
   */
  | {
      readonly type: 'built';
      readonly reqId: number;
      readonly result:
        | {
            readonly block: Block;
            readonly salt: bigint;
            readonly nextTable?: Table;
          }
        | 'empty'
        | 'failed';
    }
  /** Answer to `verify`. `missing`: try again later; never counted against anyone. */
  | {
      readonly type: 'verified';
      readonly reqId: number;
      readonly verdict: VerifyVerdict;
      /** With `valid` for a block at the end of its epoch: the table that it leads to. */
      readonly nextTable?: Table;
    }
  /** Answer to `resolve`: a transaction per short id, undefined for none or several matches. */
  | {
      readonly type: 'resolved';
      readonly reqId: number;
      readonly transactions: readonly (Uint8Array | undefined)[];
    }
  /** Something to include has arrived: ends the wait of a leader in an idle view. */
  | { readonly type: 'workArrived' }
  /** Members that are blacklisted in the finalized state; sent when that changes. */
  | { readonly type: 'blacklist'; readonly ids: readonly ValidatorId[] }
  /** The host's own sync has moved the chain store beyond the core's committed head. */
  | { readonly type: 'synced'; readonly chain: ChainState };

/** A signature over a vote, asked of the sign guard. */
export interface VoteRequest {
  readonly kind: VoteKind;
  readonly epoch: number;
  readonly view: number;
  readonly signerIndex: number;
  readonly timestampMs: number;
  readonly blockHash: BlockHash;
  /** previousValidatorId of the signer in the view. */
  readonly previous: ValidatorId;
}

/** What `sign` and `signLatency` are resumed with. */
export type SignAnswer =
  | { readonly ok: true; readonly vote: Vote; readonly signature: Uint8Array }
  | { readonly ok: false; readonly code: ConsensusErrorCode };

/** `validators`: every other member of the table of `epoch`, however the network reaches them. */
export type Target = { readonly validatorsOf: number } | { readonly peers: readonly PeerId[] };

export type BlockStatus = 'PROPOSED' | 'VALIDATED' | 'NOTARIZED' | 'FINAL';

/**
 * What the core wants done. Order matters: `send`, `commit`, `notify`, `relay`, `serve` may leave
 * the host only when every `append` yielded before them is durable (R0b); `Outbox` does that. All
 * are resumed with `undefined` except `sign` and `signLatency`.
 */
export type Effect =
  /** Journal record; the host numbers and syncs it (group commit allowed). */
  | { readonly type: 'append'; readonly record: JournalRecord }
  /** Encoded once, however many receivers. */
  | { readonly type: 'send'; readonly to: Target; readonly bytes: Uint8Array }
  /** A body may be gossiped beyond the sender's own fan-out (relay rule). */
  | { readonly type: 'relay'; readonly hash: BlockHash }
  /** Replaces a timer of the same name. Monotonic clock. Comes back as input `timer`. */
  | {
      readonly type: 'setTimer';
      readonly name: TimerName;
      readonly epoch: number;
      readonly view: number;
      readonly afterMs: number;
    }
  /**
   * Ask the application for a block on a parent it has executed. The host fills version, txRoot,
   * sysRoot, appRoot, nextTableHash, txCount, tipTotal, totalSupply; all else is given. Comes back
   * as `built`.
   */
  | {
      readonly type: 'build';
      readonly reqId: number;
      readonly parent: BlockHash;
      readonly allowEmpty: boolean;
      readonly parentCertificate: Uint8Array;
      readonly header: Pick<
        Header,
        | 'networkId'
        | 'epoch'
        | 'view'
        | 'parentView'
        | 'height'
        | 'timestampMs'
        | 'proposerId'
        | 'parentHash'
        | 'validationRoot'
      >;
    }
  /**
   * Execute a block on its parent's post-state; the parent was `valid`, `built` or committed
   * before. Checks everything that needs state: appRoot, totalSupply, tipTotal, nextTableHash,
   * records, transactions, sizes.
   */
  | {
      readonly type: 'verify';
      readonly reqId: number;
      readonly hash: BlockHash;
      readonly block: Block;
    }
  /** Find transactions by short id (`shortIdOf`, 8 bytes each). Comes back as `resolved`. */
  | {
      readonly type: 'resolve';
      readonly reqId: number;
      readonly salt: bigint;
      readonly shortIds: Uint8Array;
    }
  /**
   * Final: store it. In height order, each height once. `finalization` covers this block or a
   * descendant; it is the encoded certificate. `nextTable` for the last block of an epoch.
   */
  | {
      readonly type: 'commit';
      readonly hash: BlockHash;
      readonly block: Block;
      readonly finalization: Uint8Array;
      readonly nextTable?: Table;
    }
  /** A new epoch has been opened (after its anchor's `commit`). */
  | { readonly type: 'epoch'; readonly epoch: number; readonly table: Table }
  /** Views up to `view` will never be signed again: the guard's floor, and J6 for the journal. */
  | { readonly type: 'floor'; readonly epoch: number; readonly view: number }
  | {
      readonly type: 'notify';
      readonly status: BlockStatus;
      readonly hash: BlockHash;
      readonly height: number | undefined;
      readonly view: number;
    }
  /** Conflicting votes of one member: for the pool of system records. */
  | { readonly type: 'evidence'; readonly record: SystemRecord }
  /** A record that a peer gossiped, or the own LATENCY report: for the pool, after its checks. */
  | {
      readonly type: 'systemRecord';
      readonly record: SystemRecord;
      readonly from: PeerId | undefined;
    }
  /**
   * Certificates that justified an own NOTARIZE over skipped views: kept EVIDENCE_MAX_EPOCHS + 1
   * epochs.
   */
  | {
      readonly type: 'retain';
      readonly epoch: number;
      readonly view: number;
      readonly certificates: readonly Uint8Array[];
    }
  /**
   * A request that only the chain store can answer: encode and send the response, if it is there.
   */
  | {
      readonly type: 'serve';
      readonly to: PeerId;
      readonly request:
        | { readonly type: 'blocks'; readonly hash: BlockHash; readonly maxAncestors: number }
        | {
            readonly type: 'transactions';
            readonly hash: BlockHash;
            readonly indices: readonly number[];
          }
        | { readonly type: 'epochProofs'; readonly fromEpoch: number; readonly count: number };
    }
  /** Too far behind to catch up block by block: sync to this final block, then input `synced`. */
  | { readonly type: 'behind'; readonly header: Header; readonly finalization: Uint8Array }
  /**
   * A8: `slow`: handle the peer after everybody else for `forMs`; `disconnect`: and refuse it for
   * so long.
   */
  | {
      readonly type: 'penalize';
      readonly peer: PeerId;
      readonly action: 'slow' | 'disconnect';
      readonly forMs: number;
      readonly code: ConsensusErrorCode;
    }
  /** Warn the operator; the machine goes on. */
  | {
      readonly type: 'warn';
      readonly code: ConsensusErrorCode;
      readonly details: Readonly<Record<string, string | number>>;
    }
  /** Never goes on. `certificates` are the contradiction, where there is one. */
  | {
      readonly type: 'halt';
      readonly code: ConsensusErrorCode;
      readonly reason: string;
      readonly certificates: readonly Certificate[];
    }
  /** Resumed with `SignAnswer`: a vote by the sign guard, or its refusal. */
  | { readonly type: 'sign'; readonly key: Uint8Array; readonly request: VoteRequest }
  /** Resumed with `SignAnswer` (`vote` unused): signature of the own LATENCY record. */
  | { readonly type: 'signLatency'; readonly key: Uint8Array; readonly record: SystemRecord };

export type EffectType = Effect['type'];

/**
 * What the generator is resumed with: a `SignAnswer` after `sign` and `signLatency`, else nothing.
 */
export type Resume = SignAnswer | undefined;

/** A piece of the machine: yields effects, ends with a value. */
export type Steps<T = void> = Generator<Effect, T, Resume>;

/**
 * What became of an input. Rejections come from peers' bytes; the state did not change for them.
 */
export type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ConsensusErrorCode };

/** Where the core stands: plain data for the API, metrics and the simulator's invariants. */
export interface CoreStatus {
  readonly epoch: number;
  readonly view: number;
  readonly lastFinalView: number;
  readonly committedHeight: number;
  readonly committedHash: BlockHash;
  readonly leaderIndex: number;
  /** Own index in the table; -1 for an observer. */
  readonly selfIndex: number;
  readonly signing: boolean;
  readonly observing: boolean;
  readonly halted: ConsensusErrorCode | undefined;
}

/** The machine. */
export interface Core {
  /** Takes one input to completion. `drive` runs it against a handler. */
  step(input: Input, monoMs: number, wallMs: number): Steps<Outcome>;
  status(): CoreStatus;
  /** Plain numbers that only grow, or gauges of bounded collections. */
  readonly counters: Readonly<Counters>;
}

/** Counted work and sizes (style.md: every bound has a counter). */
export interface Counters {
  messages: number;
  rejected: number;
  signaturesChecked: number;
  signaturesSaved: number;
  votesDropped: number;
  bufferedDropped: number;
  fetches: number;
  evidence: number;
  nullifications: number;
  finalizations: number;
  slots: number;
  blocks: number;
  pendingVotes: number;
  bufferedMessages: number;
  outstandingFetches: number;
}
