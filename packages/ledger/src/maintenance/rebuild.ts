import type { KeyValueStore, Operation } from '@mxd/storage';

import { buckets, heightCodec, metaKey, type StoredBody, type StoredEffects } from '../buckets.ts';
import { indexFlags } from '../chain-store.ts';
import { indexPayouts, indexTransaction, type IndexSet } from '../commit-batch.ts';
import { LedgerError } from '../errors.ts';
import { ownerText } from '../outputs.ts';
import { prepareTransaction } from '../transaction-rules.ts';
import type { ChainIdentity, Pace } from '../types.ts';
import { genesisOutputs } from '../validators/index.ts';

/** Entries that one page of a scan or one batch of operations holds, about. */
const pageEntries = 4_096;

export interface RebuildProgress {
  readonly index: keyof IndexSet;
  readonly done: number;
  /** Heights to go through; undefined for the index of owners, whose size is not known. */
  readonly total: number | undefined;
}

export interface RebuildRequest {
  readonly store: KeyValueStore;
  readonly missing: IndexSet;
  readonly wanted: IndexSet;
  /** First height whose body is kept, and the head's. */
  readonly range: { readonly first: number; readonly head: number };
  readonly chain: ChainIdentity;
  readonly pace: Pace;
  readonly progress: ((done: RebuildProgress) => void) | undefined;
}

async function clear(
  store: KeyValueStore,
  bucket: { readonly prefix: Uint8Array },
  pace: Pace,
): Promise<void> {
  const gte = bucket.prefix;
  const lt = gte.slice();
  lt[0] = (lt[0] ?? 0) + 1;
  await using scan = store.range({ gte, lt });
  for (;;) {
    const page = await scan.page(pageEntries);
    if (page.length === 0) return;
    await store.batch(page.map(([key]) => ({ type: 'del', key })));
    if (pace.due()) await pace.pause();
  }
}

/** Writes missing indexes; each is noted as complete with its last batch. */
export async function rebuildIndexes(request: RebuildRequest): Promise<void> {
  const { store, missing, wanted, pace } = request;
  if (missing.owners) await rebuildOwners(request);
  if (missing.transactions || missing.history) {
    if (request.range.first > 1) {
      const reason = `bodies below ${request.range.first} are gone`;
      throw new LedgerError('LEDGER_PRUNED', reason);
    }
    if (missing.transactions) await clear(store, buckets.transactions, pace);
    if (missing.history) await clear(store, buckets.history, pace);
    await rebuildFromBodies(request);
  }
  const note = buckets.meta.put(metaKey.indexes, Uint8Array.of(indexFlags(wanted)));
  await store.batch([note], { sync: true });
}

async function rebuildOwners({ store, pace, progress }: RebuildRequest): Promise<void> {
  await clear(store, buckets.owned, pace);
  await using scan = buckets.outputs.on(store).range();
  for (let done = 0; ;) {
    const page = await scan.page(pageEntries);
    if (page.length === 0) return;
    const operations = page.map(([key, output]) =>
      buckets.owned.put([ownerText(output.owner), key], true),
    );
    await store.batch(operations);
    done += page.length;
    progress?.({ index: 'owners', done, total: undefined });
    if (pace.due()) await pace.pause();
  }
}

async function rebuildFromBodies(request: RebuildRequest): Promise<void> {
  const { store, missing, chain, range, pace, progress } = request;
  const only = { ...missing, owners: false };
  const index = missing.transactions ? 'transactions' : 'history';
  let operations: Operation[] = [];
  const genesis = genesisOutputs(chain.genesis);
  const txid = genesis[0]?.txid ?? new Uint8Array(64);
  indexPayouts(operations, txid, genesis, { height: 0, position: 0 }, only);
  for (let height = 1; height <= range.head; height++) {
    const [body, effects] = await Promise.all([
      buckets.bodies.on(store).get(height),
      buckets.effects.on(store).get(height),
    ]);
    if (body === undefined || effects === undefined) {
      throw new LedgerError('LEDGER_CORRUPT', `the body of height ${height} is missing`);
    }
    await indexBlock(operations, height, body, effects, only, pace);
    if (operations.length >= pageEntries) {
      await store.batch(operations);
      operations = [];
    }
    progress?.({ index, done: height, total: range.head });
  }
  await store.batch(operations, { sync: true });
}

async function indexBlock(
  operations: Operation[],
  height: number,
  body: StoredBody,
  effects: StoredEffects,
  indexes: IndexSet,
  pace: Pace,
): Promise<void> {
  let first = 0;
  for (const [position, bytes] of body.transactions.entries()) {
    const prepared = prepareTransaction(bytes);
    if (!prepared.ok) {
      throw new LedgerError('LEDGER_CORRUPT', `a final transaction: ${prepared.reason}`);
    }
    const { txid, body: decoded, inputKeys } = prepared.value;
    const end = first + inputKeys.length;
    const spent = effects.spent.slice(first, end);
    const moved = { txid, made: decoded.outputs, spent };
    indexTransaction(operations, moved, { height, position }, indexes);
    first = end;
    if (pace.due()) await pace.pause();
  }
  const { payouts, payoutTxid } = effects;
  const position = body.transactions.length;
  indexPayouts(operations, payoutTxid, payouts, { height, position }, indexes);
}

/** Drops bodies from `first` up to `end`, not included; answers how many there were. */
export async function pruneBodies(
  store: KeyValueStore,
  first: number,
  end: number,
  pace: Pace,
): Promise<number> {
  let dropped = 0;
  for (let start = first; start < end; start += pageEntries) {
    const stop = Math.min(end, start + pageEntries);
    const operations: Operation[] = [buckets.meta.put(metaKey.firstBody, heightCodec.encode(stop))];
    for (let height = start; height < stop; height++) {
      operations.push(buckets.bodies.delete(height), buckets.effects.delete(height));
      dropped++;
    }
    await store.batch(operations, { sync: true });
    if (pace.due()) await pace.pause();
  }
  return dropped;
}
