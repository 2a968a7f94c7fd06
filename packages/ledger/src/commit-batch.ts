/** Everything that a final block changes in the store, as one batch. */
import type { Operation } from '@mxd/storage';

import { buckets, headCodec, heightCodec, metaKey } from './buckets.ts';
import type { Candidate, ChainState } from './chain-state.ts';
import { LedgerError } from './errors.ts';
import type { OutputDiff } from './layers.ts';
import { binaryText, outputKey, ownerText, type OutpointKey } from './outputs.ts';
import type { Pace, UnspentOutput } from './types.ts';
import { changedSections, exportSection, sectionIds } from './validators/index.ts';

/** Which indexes a commit writes. */
export interface IndexSet {
  readonly transactions: boolean;
  readonly history: boolean;
  readonly owners: boolean;
}

/** Received and spent amounts per owner (as `ownerText`). */
type Movements = Map<string, { received: bigint; spent: bigint }>;

function movement(movements: Movements, owner: string): { received: bigint; spent: bigint } {
  let entry = movements.get(owner);
  if (entry === undefined) {
    entry = { received: 0n, spent: 0n };
    movements.set(owner, entry);
  }
  return entry;
}

/** The output that an input of the block spent. */
function spentOutput(diff: OutputDiff, key: OutpointKey): UnspentOutput {
  const output = diff.transient.get(key) ?? diff.spent.get(key);
  if (output === undefined) {
    throw new LedgerError('LEDGER_INVARIANT', 'a block does not know what it spent');
  }
  return output;
}

/** An output that the block made, whether or not it spent it too. */
function madeOutput(diff: OutputDiff, key: OutpointKey): UnspentOutput {
  const output = diff.created.get(key) ?? diff.transient.get(key);
  if (output !== undefined) return output;
  throw new LedgerError('LEDGER_INVARIANT', 'a block does not know what it made');
}

/** Operations of one output that came to be. */
export function createOutput(
  operations: Operation[],
  key: OutpointKey,
  output: UnspentOutput,
  indexes: IndexSet,
): void {
  operations.push(buckets.outputs.put(key, output));
  if (indexes.owners) operations.push(buckets.owned.put([ownerText(output.owner), key], true));
  if (output.lock.kind !== 'plain') {
    operations.push(buckets.locked.put([binaryText(output.lock.validatorId), key], true));
  }
}

function removeOutput(
  operations: Operation[],
  key: OutpointKey,
  output: UnspentOutput,
  indexes: IndexSet,
): void {
  operations.push(buckets.outputs.delete(key));
  if (indexes.owners) operations.push(buckets.owned.delete([ownerText(output.owner), key]));
  if (output.lock.kind !== 'plain') {
    operations.push(buckets.locked.delete([binaryText(output.lock.validatorId), key]));
  }
}

/** An owner and an amount: a part of an output that history needs. */
type Moved = Pick<UnspentOutput, 'owner' | 'amount'>;

/** What a transaction did to its owners: made and spent outputs. */
export interface Movement {
  readonly txid: Uint8Array;
  readonly made: readonly Moved[];
  readonly spent: readonly Moved[];
}

/** Index entries of one transaction. */
export function indexTransaction(
  operations: Operation[],
  { txid, made, spent }: Movement,
  at: { readonly height: number; readonly position: number },
  indexes: IndexSet,
): void {
  if (indexes.transactions) operations.push(buckets.transactions.put(txid, at));
  if (!indexes.history) return;
  const movements: Movements = new Map();
  for (const { owner, amount } of spent) movement(movements, ownerText(owner)).spent += amount;
  for (const { owner, amount } of made) movement(movements, ownerText(owner)).received += amount;
  for (const [owner, amounts] of movements) {
    operations.push(buckets.history.put([owner, at.height, at.position], { txid, ...amounts }));
  }
}

/** Index entries of outputs that no transaction made: payouts of tips, genesis allocations. */
export function indexPayouts(
  operations: Operation[],
  txid: Uint8Array,
  outputs: readonly Moved[],
  at: { readonly height: number; readonly position: number },
  indexes: IndexSet,
): void {
  if (outputs.length === 0) return;
  if (indexes.transactions) operations.push(buckets.transactions.put(txid, at));
  if (!indexes.history) return;
  const movements: Movements = new Map();
  for (const { owner, amount } of outputs) {
    movement(movements, ownerText(owner)).received += amount;
  }
  for (const [owner, amounts] of movements) {
    operations.push(buckets.history.put([owner, at.height, at.position], { txid, ...amounts }));
  }
}

/** Sections that differ from the state before (all of them without one), and head and lattice. */
export function stateOperations(state: ChainState, before: ChainState | undefined): Operation[] {
  const { hash, root, header, validators } = state;
  const ids = before === undefined ? sectionIds : changedSections(before.validators, validators);
  const operations: Operation[] = ids.map((id) =>
    buckets.sections.put(id, exportSection(validators, id)),
  );
  operations.push(
    buckets.meta.put(metaKey.lattice, state.lattice.bytes()),
    buckets.meta.put(metaKey.head, headCodec.encode({ height: header.height, hash, root })),
  );
  return operations;
}

export interface CommitPlan {
  readonly candidate: Candidate;
  readonly parent: ChainState;
  /** Encoded; undefined for a block that only a descendant's finalization made final. */
  readonly finalization: Uint8Array | undefined;
  readonly indexes: IndexSet;
  /** Bodies to drop, and the lowest height that keeps one. */
  readonly prune: { readonly heights: readonly number[]; readonly firstBody: number };
}

/** The batch of a block. About 2 us per operation and 9 of them per simple payment. */
export async function commitOperations(plan: CommitPlan, pace: Pace): Promise<Operation[]> {
  const { candidate, parent, finalization, indexes } = plan;
  const { state, block, diff, payouts, transactions } = candidate;
  const { height } = state.header;
  const operations: Operation[] = [];
  for (const [key, output] of diff.spent) {
    removeOutput(operations, key, output, indexes);
    if (pace.due()) await pace.pause();
  }
  for (const [key, output] of diff.created) {
    createOutput(operations, key, output, indexes);
    if (pace.due()) await pace.pause();
  }
  const effects: UnspentOutput[] = [];
  for (const [position, { txid, txidText, inputKeys, outputs }] of transactions.entries()) {
    const spent = inputKeys.map((key) => spentOutput(diff, key));
    const made: UnspentOutput[] = [];
    for (let i = 0; i < outputs; i++) made.push(madeOutput(diff, outputKey(txidText, i)));
    for (const output of spent) effects.push(output);
    indexTransaction(operations, { txid, made, spent }, { height, position }, indexes);
    if (pace.due()) await pace.pause();
  }
  const payoutTxid = payouts[0]?.txid ?? new Uint8Array(0);
  const position = block.transactions.length;
  indexPayouts(operations, payoutTxid, payouts, { height, position }, indexes);
  operations.push(
    buckets.headers.put(height, { hash: state.hash, header: state.header }),
    buckets.heights.put(state.hash, height),
    buckets.bodies.put(height, block),
    buckets.effects.put(height, { spent: effects, payouts, payoutTxid }),
    ...stateOperations(state, parent),
  );
  if (finalization !== undefined) operations.push(buckets.certificates.put(height, finalization));
  const { nextTable } = candidate;
  // What proves the next epoch to newcomers.
  if (nextTable !== undefined) operations.push(buckets.tables.put(nextTable.epoch, nextTable));
  for (const old of plan.prune.heights) {
    operations.push(buckets.bodies.delete(old), buckets.effects.delete(old));
  }
  if (plan.prune.heights.length > 0) {
    const first = heightCodec.encode(plan.prune.firstBody);
    operations.push(buckets.meta.put(metaKey.firstBody, first));
  }
  return operations;
}
