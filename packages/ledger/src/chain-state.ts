/** The state after one block, as execution carries it. Nothing in it is ever changed. */
import type { Block, BlockHash, Digest, Header, Table } from '@mxd/protocol';

import type { LatticeHash } from './lattice-hash.ts';
import type { OutputDiff } from './layers.ts';
import type { PreparedTransaction } from './transaction-rules.ts';
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

/** An executed block that is not final. */
export interface Candidate {
  readonly state: ChainState;
  readonly parentKey: string;
  readonly block: Block;
  readonly diff: OutputDiff;
  readonly transactions: readonly PreparedTransaction[];
  readonly payouts: readonly Payout[];
  readonly nextTable: Table | undefined;
  readonly bodyBytes: number;
}
