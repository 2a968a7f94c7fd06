/**
 * What the HTTP API sends and takes, as JSON. Amounts are decimal strings of base units
 * (0.00000001 MXD), hashes and bytes are lower-case hexadecimal, addresses are text, times are
 * milliseconds since 1970.
 */

/** A problem document (RFC 9457). */
export interface Problem {
  /** Address of the code's documentation. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  /** The rule that was broken, where `code` names a class of rules. */
  readonly reason?: string | undefined;
  readonly issues?: readonly { readonly path: string; readonly message: string }[] | undefined;
}

export type NodeRole = 'validator' | 'full' | 'archive' | 'sentry';

/** One line that says everything. */
export interface Status {
  readonly network: {
    readonly id: number;
    readonly chainTag: string;
    readonly genesisHash: string;
    readonly test: boolean;
  };
  readonly software: string;
  readonly role: NodeRole;
  /** Present on a validator. */
  readonly validatorId?: string | undefined;
  readonly ready: boolean;
  readonly syncing: boolean;
  readonly height: number;
  readonly headHash: string;
  readonly headTimeMs: number;
  /** How long ago the last final block was committed here. */
  readonly finalityLagMs: number;
  readonly epoch: number;
  readonly view: number;
  readonly peers: number;
  readonly validatorsConnected: number;
  readonly mempoolTransactions: number;
  readonly mempoolBytes: number;
  /** Own clock minus the median of the peers'; null until measured. */
  readonly clockOffsetMs: number | null;
  readonly uptimeMs: number;
  readonly totalSupply: string;
}

export interface BlockSummary {
  readonly height: number;
  readonly hash: string;
  readonly epoch: number;
  readonly view: number;
  readonly timeMs: number;
  readonly proposer: string;
  readonly txCount: number;
  readonly tipTotal: string;
  readonly bytes: number;
}

export interface BlockDetail extends BlockSummary {
  readonly parentHash: string;
  readonly parentView: number;
  readonly validationRoot: string;
  readonly txRoot: string;
  readonly sysRoot: string;
  readonly appRoot: string;
  readonly nextTableHash: string;
  readonly totalSupply: string;
  readonly systemRecords: number;
  /** Transaction ids in block order. */
  readonly transactions: readonly string[];
}

/** A header with the finalization that proves it. */
export interface HeaderProof {
  readonly height: number;
  readonly hash: string;
  /** 458 bytes. */
  readonly header: string;
  /** Finalization of this block or of a descendant, whose headers follow in `descendants`. */
  readonly certificate: string;
  /** Headers from the next height up to the certified block; empty if the block itself is. */
  readonly descendants: readonly string[];
}

/** Where a transaction stands. */
export type TransactionState = 'pending' | 'proposed' | 'validated' | 'notarized' | 'final';

export interface TransactionInputView {
  readonly txid: string;
  readonly index: number;
  /** Present where this node still knows the output that was spent. */
  readonly address?: string | undefined;
  readonly amount?: string | undefined;
}

export interface TransactionOutputView {
  readonly address: string;
  readonly amount: string;
}

export interface TransactionView {
  readonly txid: string;
  readonly wtxid: string;
  readonly state: TransactionState;
  readonly kind: number;
  readonly validFrom: number;
  readonly expiresAt: number;
  readonly inputs: readonly TransactionInputView[];
  readonly outputs: readonly TransactionOutputView[];
  readonly tip: string;
  readonly commitment: string;
  readonly bytes: number;
  /** Present once final. */
  readonly height?: number | undefined;
  readonly blockHash?: string | undefined;
  readonly position?: number | undefined;
  readonly timeMs?: number | undefined;
}

export interface Submission {
  /** Hexadecimal of the encoded transaction. */
  readonly transaction: string;
}

/** The answer to a submission; sending the same transaction again gives its state. */
export interface SubmissionResult {
  readonly txid: string;
  readonly state: TransactionState;
  /** Whether this request was the first that brought it here. */
  readonly fresh: boolean;
}

/** Several transactions in one request, judged in order: a later one may build on an earlier one. */
export interface SubmissionBatch {
  /** Hexadecimal of encoded transactions, 1 to 256. */
  readonly transactions: readonly string[];
}

/** Why one transaction of a batch was not taken; codes as of a single submission. */
export interface SubmissionFailure {
  readonly code: 'TX_MALFORMED' | 'TX_REJECTED' | 'TX_DEFERRED';
  /** The rule that was broken. */
  readonly reason: string;
  readonly detail: string;
}

/** One entry for each transaction, in the order of the request. */
export interface SubmissionBatchResult {
  readonly items: readonly (SubmissionResult | SubmissionFailure)[];
}

/** What a light client needs to check a payment: see `@mxd/client`. */
export interface TransactionProof {
  readonly txid: string;
  readonly transaction: string;
  readonly index: number;
  readonly txCount: number;
  readonly path: readonly string[];
  readonly header: HeaderProof;
}

export interface AddressBalance {
  readonly address: string;
  /** Final and spendable. */
  readonly available: string;
  readonly bonded: string;
  readonly unbonding: string;
  /** Sum of unconfirmed outputs to the address less its outputs spent by unconfirmed ones. */
  readonly pending: string;
  readonly unspentCount: number;
  readonly height: number;
}

export interface UnspentOutput {
  readonly txid: string;
  readonly index: number;
  readonly amount: string;
  readonly createdHeight: number;
  readonly lock: 'plain' | 'bonded' | 'unbonding';
  readonly validatorId?: string | undefined;
  readonly spendableFrom?: number | undefined;
  /** An unconfirmed transaction spends it. */
  readonly spentBy?: string | undefined;
}

export interface HistoryEntry {
  readonly txid: string;
  readonly height: number;
  readonly position: number;
  readonly timeMs: number;
  readonly received: string;
  readonly sent: string;
}

/** A page of a list; `next` is absent on the last one. Pages neither skip nor repeat. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string | undefined;
}

export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface RecordSubmission {
  /** Hexadecimal of the encoded system record. */
  readonly record: string;
}

export interface RecordResult {
  readonly type: number;
  readonly fresh: boolean;
}

export interface MempoolSummary {
  readonly transactions: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly tipLane: number;
  readonly freeLane: number;
  readonly orphans: number;
  /** Lowest priority that is admitted now; 0 while there is room. */
  readonly admissionFloor: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface ValidatorView {
  readonly id: string;
  readonly rank: number;
  readonly consensusKey: string;
  readonly power: number;
  readonly stake: string;
  readonly score: number;
  readonly latencyMs: number;
  readonly participationBp: number;
  readonly tipEligible: boolean;
  readonly newMember: boolean;
  readonly leaderWeight: number;
  readonly consecutiveMisses: number;
  readonly blacklistedUntil: number;
  readonly proposed: number;
  readonly missed: number;
  readonly connected: boolean;
}

export interface EpochView {
  readonly epoch: number;
  readonly firstHeight: number;
  readonly lastHeight: number;
  readonly anchorHash: string;
  readonly tableHash: string;
  readonly totalPower: number;
  readonly validators: readonly ValidatorView[];
}

/** Hexadecimal of what `@mxd/protocol` encodes as an epoch proof. */
export interface EpochProofView {
  readonly epoch: number;
  readonly proof: string;
}

export interface EvidenceView {
  readonly validatorId: string;
  readonly epoch: number;
  readonly height?: number | undefined;
  readonly record?: string | undefined;
}

export interface PeerView {
  readonly peerId: string;
  readonly validatorId?: string | undefined;
  readonly addresses: readonly string[];
  readonly direction: 'inbound' | 'outbound';
  readonly connectedMs: number;
  readonly roundTripMs: number | null;
  readonly score: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface GenesisView {
  readonly document: string;
  readonly signatures: readonly string[];
}

export interface SnapshotView {
  readonly height: number;
  readonly hash: string;
  readonly chunks: number;
  readonly bytes: number;
  readonly root: string;
}

/** An event of the stream. `cursor` resumes right after it. */
export type StreamEvent =
  | { readonly topic: 'block'; readonly cursor: string; readonly data: BlockSummary }
  | {
      readonly topic: 'transaction';
      readonly cursor: string;
      readonly data: {
        readonly txid: string;
        readonly state: TransactionState;
        readonly height?: number | undefined;
        readonly addresses: readonly string[];
      };
    }
  | { readonly topic: 'status'; readonly cursor: string; readonly data: Status }
  | {
      readonly topic: 'evidence';
      readonly cursor: string;
      readonly data: EvidenceView;
    }
  | {
      readonly topic: 'missed';
      readonly cursor: string;
      /** How many events were dropped because the reader was slow. */
      readonly data: { readonly count: number; readonly fromHeight: number };
    };

export type StreamTopic = Exclude<StreamEvent['topic'], 'missed'>;

export interface StreamQuery {
  readonly topics: readonly StreamTopic[];
  readonly cursor?: string | undefined;
  /** Only transactions of this address. */
  readonly address?: string | undefined;
}
