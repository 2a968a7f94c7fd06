/** The state after one block, as execution carries it. Nothing in it is ever changed. */
import type { Block, BlockHash, Digest, Header, Table, TxId } from '@mxd/protocol';

import type { LatticeHash } from './lattice-hash.ts';
import type { OutputDiff } from './layers.ts';
import type { OutpointKey } from './outputs.ts';
import type { Payout, ValidatorState } from './validators/types.ts';

export interface ChainState {
  readonly hash: BlockHash;
  /** `binaryText` of the hash. */
  readonly key: string;
  readonly header: Header;
  readonly validators: ValidatorState;
  readonly lattice: LatticeHash;
  readonly outputsDigest: Digest;
  /** Application root after the block. */
  readonly root: Digest;
}

/** What is kept of a transaction until it is final; its bytes are in the block. */
export interface AppliedTransaction {
  readonly txid: TxId;
  readonly txidText: string;
  readonly inputKeys: readonly OutpointKey[];
  readonly outputs: number;
}

/** An executed block that is not final. */
export interface Candidate {
  readonly state: ChainState;
  readonly parentKey: string;
  readonly block: Block;
  readonly diff: OutputDiff;
  readonly transactions: readonly AppliedTransaction[];
  readonly payouts: readonly Payout[];
  readonly nextTable: Table | undefined;
  readonly bodyBytes: number;
}
