import type { SnapshotView, Status, SubmissionResult, TransactionState } from '@mxd/api';
import type { AddressNetwork } from '@mxd/crypto/address';
import type { Ledger } from '@mxd/ledger';
import type { PeerInspection } from '@mxd/network';
import type { ChainParameters, Genesis, SystemRecord } from '@mxd/protocol';
import type { Owner } from '@mxd/protocol/transaction';

/** A transaction that is not final yet, as interfaces need it. */
export interface PendingTransaction {
  readonly bytes: Uint8Array;
  readonly state: Exclude<TransactionState, 'final'>;
}

/** Sums of what unconfirmed transactions would change for an owner. */
export interface PendingDelta {
  readonly delta: bigint;
  /** Key of a spent outpoint (`outpointKeyOf`) to the txid that spends it, hexadecimal. */
  readonly spentBy: ReadonlyMap<string, string>;
}

export interface MempoolView {
  readonly transactions: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly tipLane: number;
  readonly freeLane: number;
  readonly orphans: number;
  readonly admissionFloor: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** Why a submission was not taken. `rejected` is for ever, `deferred` is this node's wish now. */
export interface SubmissionRefusal {
  readonly ok: false;
  readonly kind: 'malformed' | 'rejected' | 'deferred';
  readonly code: string;
  readonly reason: string;
}

export type SubmissionOutcome = ({ readonly ok: true } & SubmissionResult) | SubmissionRefusal;

/** Everything that HTTP handlers may see and do. The node implements it; tests may too. */
export interface NodeView {
  readonly ledger: Ledger;
  readonly genesis: Genesis;
  readonly addressNetwork: AddressNetwork;
  status(): Status;
  parameters(): ChainParameters;
  submit(bytes: Uint8Array, source: string): Promise<SubmissionOutcome>;
  /** Several in their order, judged together; one outcome each. */
  submitAll(
    transactions: readonly Uint8Array[],
    source: string,
  ): Promise<readonly SubmissionOutcome[]>;
  submitRecord(
    record: SystemRecord,
  ): Promise<{ readonly ok: true; readonly fresh: boolean } | SubmissionRefusal>;
  pending(txid: Uint8Array): PendingTransaction | undefined;
  pendingOf(owner: Owner): Promise<PendingDelta>;
  mempool(): MempoolView;
  peers(): readonly PeerInspection[];
  snapshots(): readonly SnapshotView[];
}
