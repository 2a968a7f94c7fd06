import { type Block, type BlockHash, type SystemRecord, type Table } from '@mxd/protocol';
import { type Effect } from '@mxd/consensus';
import { type ValidatorState } from '@mxd/ledger/validators';

export type BuildRequest = Extract<Effect, { type: 'build' }>;

export type Built =
  | { readonly block: Block; readonly salt: bigint; readonly nextTable?: Table }
  | 'empty'
  | 'failed';

export interface Verdict {
  readonly verdict: 'valid' | 'invalid' | 'missing';
  readonly nextTable?: Table;
  /** Why not, for the trace. */
  readonly reason?: string;
}

/** What a node executes. Answers are promises where a store is asked; virtual time stands still. */
export interface Application {
  build(
    request: BuildRequest,
    mempool: readonly Uint8Array[],
    records: readonly SystemRecord[],
  ): Built | Promise<Built>;
  verify(block: Block): Verdict | Promise<Verdict>;
  commit(hash: BlockHash, finalization: Uint8Array): void | Promise<void>;
  /** Consensus state after a block that was executed here. */
  stateAfter(hash: BlockHash): ValidatorState | undefined;
  /** Application root after a block; undefined if it was not executed here. */
  rootAfter(hash: BlockHash): Uint8Array | undefined;
  /** Unspent outputs, bonded ones included; undefined where the application does not count them. */
  unspentAfter(hash: BlockHash): bigint | undefined;
  /** A process that starts again: what is above the durable head is forgotten. */
  restart(head: BlockHash): void;
  /** Answers a wrong root from now on: a non-deterministic application. */
  broken: boolean;
}
