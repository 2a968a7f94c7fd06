/**
 * What hooks carry: plain data that crosses threads. Ids and hashes are lower-case hexadecimal,
 * addresses their text form, amounts base units, times milliseconds since 1970.
 */

/** An output that a transaction spends. */
export interface InputFacts {
  readonly txid: string;
  readonly index: number;
  /** Who owned it. */
  readonly address: string;
  /** Undefined where the node does not hold the output any more. */
  readonly amount: bigint | undefined;
}

export interface OutputFacts {
  readonly address: string;
  readonly amount: bigint;
}

/** A transaction whose form, rules and signatures the node has checked. */
export interface TransactionFacts {
  readonly txid: string;
  readonly kind: number;
  readonly inputs: readonly InputFacts[];
  readonly outputs: readonly OutputFacts[];
  readonly tip: bigint;
  /** Empty, or 32 bytes in hexadecimal. */
  readonly commitment: string;
  /** Heights between which it may be included; 0 means open. */
  readonly validFrom: number;
  readonly expiresAt: number;
  /** The encoded transaction. */
  readonly bytes: Uint8Array;
}

/** The question of the gate `transaction:admit`. */
export interface AdmissionRequest extends TransactionFacts {
  /** Who sent it: a peer's id or a client's address; undefined for the node's own. */
  readonly source: string | undefined;
}

/** The answer: this node's alone, and never a judgement on a block. */
export type AdmissionDecision =
  | { readonly decision: 'accept' }
  | { readonly decision: 'refuse'; readonly reason: string };

/** The question of the gate `block:proposing`: what this node is about to propose. */
export interface ProposedBlock {
  /** In the order of the block. */
  readonly transactions: readonly TransactionFacts[];
}

/** Ids to leave out. Nothing can be added or reordered; unknown ids are passed over. */
export interface ProposalDecision {
  readonly leaveOut: readonly string[];
}

/** A final block. */
export interface FinalBlock {
  readonly height: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly epoch: number;
  readonly view: number;
  readonly timeMs: number;
  readonly proposer: string;
  readonly tipTotal: bigint;
  readonly totalSupply: bigint;
  readonly transactions: readonly TransactionFacts[];
  /** Blocks right before this one that could not be delivered, because they have been pruned. */
  readonly missedBefore: number;
}

export interface PeerConnected {
  readonly peerId: string;
  readonly validatorId: string | undefined;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
}

export interface PeerDisconnected {
  readonly peerId: string;
  readonly validatorId: string | undefined;
  readonly reason: string;
}

/** Proof that a validator signed two votes that exclude each other. */
export interface EvidenceFound {
  readonly validatorId: string;
  readonly epoch: number;
  readonly view: number;
}

/** Settings that a reload changed, by dotted path. Secret values are left out. */
export interface ConfigChanged {
  readonly changed: readonly { readonly path: string; readonly value: unknown }[];
}
