import type { Block } from '@mxd/protocol';
import { blockHashOf } from '@mxd/protocol/block';

import type { Ledger } from '../ledger.ts';
import type { BlockRejection, CommittedBlock } from '../types.ts';

/** A block that is final, with its finalization if it has one of its own. */
export interface FinalBlock {
  readonly block: Block;
  readonly finalization: Uint8Array | undefined;
}

export interface ReplayOptions {
  /** After each commit, in order. */
  readonly onCommit?: (committed: CommittedBlock) => unknown;
  readonly signal?: AbortSignal;
}

export type ReplayResult =
  | { readonly ok: true; readonly blocks: number }
  | { readonly ok: false; readonly blocks: number; readonly rejection: BlockRejection };

/**
 * Executes and commits final blocks in order, each in its own synced batch, while the next one is
 * already being executed. Certificates must have been verified. Stops at the first block that is
 * refused; everything before it stays committed.
 */
export async function replay(
  ledger: Ledger,
  source: AsyncIterable<FinalBlock> | Iterable<FinalBlock>,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  let committing: Promise<readonly CommittedBlock[]> = Promise.resolve([]);
  let blocks = 0;
  const settle = async (): Promise<void> => {
    for (const committed of await committing) {
      blocks++;
      await options.onCommit?.(committed);
    }
  };
  for await (const { block, finalization } of source) {
    options.signal?.throwIfAborted();
    const result = await ledger.executeBlock(block);
    await settle();
    committing = Promise.resolve([]);
    if (!result.ok) return { ok: false, blocks, rejection: result };
    // A block without a finalization becomes final with the next one that has it.
    if (finalization !== undefined) {
      committing = ledger.commit(blockHashOf(block.header), finalization);
      // A failure is thrown where it is awaited, after the next block was executed.
      committing.catch(() => undefined);
    }
  }
  await settle();
  return { ok: true, blocks };
}
