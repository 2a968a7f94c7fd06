import { Writer } from '@mxd/codec';
import { addressOfKey } from '@mxd/crypto/address';
import { taggedHash } from '@mxd/crypto/hash';
import { type Header } from '@mxd/protocol/block';
import { keyOf, type BlockHash, type TxId } from '@mxd/protocol/primitives';
import { type Table } from '@mxd/protocol/table';

import { ValidatorStateError } from './errors.ts';
import { nextTable } from './next-table.ts';
import { mapDelete, mapFromSorted, mapGet, mapValues, type OrderedMap } from './ordered-map.ts';
import {
  type EvidenceKey,
  type Metrics,
  type NextTable,
  type Payout,
  type QueuedRecord,
  type ValidatorState,
} from './types.ts';
import { endEpochOfUpgrades } from './upgrades.ts';
import {
  activeParameters,
  epochOf,
  isBoundary,
  queueKey,
  registryEntry,
  tableIndex,
} from './views.ts';

/** The txid of the outputs that the end of an epoch pays. */
export function payoutTxid(boundaryParentHash: BlockHash, epoch: number): TxId {
  const writer = new Writer(4);
  writer.u32(epoch);
  return taggedHash('RSC1TIPS', boundaryParentHash, writer.finish());
}

function payOut(
  state: ValidatorState,
  parentHash: BlockHash,
): { readonly accruals: ValidatorState['accruals']; readonly payouts: readonly Payout[] } {
  const { dustLimit } = activeParameters(state);
  const due = [...mapValues(state.accruals)].filter(({ amount }) => amount >= dustLimit);
  let { accruals } = state;
  const txid = payoutTxid(parentHash, epochOf(state));
  const payouts = due.map(({ id, amount }, index): Payout => {
    const account = registryEntry(state, id);
    if (account === undefined) {
      throw new ValidatorStateError('STATE_INVARIANT', `${keyOf(id)} has tips but no account`);
    }
    accruals = mapDelete(accruals, keyOf(id));
    const owner = addressOfKey(account.accountSuite, account.accountKey);
    return { txid, index, id, owner, amount };
  });
  return { accruals, payouts };
}

function nextMetrics(state: ValidatorState, table: Table): OrderedMap<Metrics> {
  const ids = table.entries.map((entry) => entry.id);
  const entries = ids.map((id): readonly [string, Metrics] => {
    const key = keyOf(id);
    const consecutiveMisses = mapGet(state.metrics, key)?.consecutiveMisses ?? 0;
    return [key, { id, proposed: 0, missed: 0, consecutiveMisses }];
  });
  return mapFromSorted(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function nextQueue(state: ValidatorState, next: NextTable): readonly QueuedRecord[] {
  const index = tableIndex(next.table);
  const queue = state.queue.filter((record) => {
    if (next.consumed.has(queueKey(record))) return false;
    return record.type === 1 || index.has(keyOf(record.id));
  });
  return queue.length === state.queue.length ? state.queue : queue;
}

function nextEvidence(state: ValidatorState, firstEpoch: number): OrderedMap<EvidenceKey> {
  const { evidence } = state;
  const entries = evidence.chunks.flatMap(({ keys, values }) =>
    keys.map((key, i): readonly [string, EvidenceKey] => [key, values[i] as EvidenceKey]),
  );
  const kept = entries.filter(([, { epoch }]) => epoch >= firstEpoch);
  return kept.length === entries.length ? evidence : mapFromSorted(kept);
}

/** What the last block of an epoch does to the state, and the outputs that it pays. */
export interface EpochEnd {
  readonly state: ValidatorState;
  readonly payouts: readonly Payout[];
}

/**
 * Step X6: pays tips out and opens the next epoch. `parent` is the state before the boundary block,
 * from which the next table follows; `state` is the state after its tips.
 * @throws ValidatorStateError STATE_INVARIANT for a block that does not end the epoch.
 */
export function endEpoch(
  parent: ValidatorState,
  state: ValidatorState,
  header: Pick<Header, 'height' | 'parentHash'>,
  blockHash: BlockHash,
): EpochEnd {
  if (!isBoundary(state, header.height)) {
    throw new ValidatorStateError('STATE_INVARIANT', `height ${header.height} ends no epoch`);
  }
  const epoch = epochOf(state);
  const next = nextTable(parent);
  const { accruals, payouts } = payOut(state, header.parentHash);
  // Evidence of an epoch, its table and its key in section 9 go together.
  const firstEpoch = epoch + 1 - activeParameters(state).evidenceMaxEpochs;
  const opened = { epoch: epoch + 1, anchorHash: blockHash, table: next.table };
  return {
    payouts,
    state: {
      ...state,
      accruals,
      metrics: nextMetrics(state, next.table),
      latencyReports: state.latencyReports.length === 0 ? state.latencyReports : [],
      queue: nextQueue(state, next),
      evidence: nextEvidence(state, firstEpoch),
      epochs: [...state.epochs.filter((record) => record.epoch >= firstEpoch), opened],
      upgrades: endEpochOfUpgrades(state, epoch, next.table),
    },
  };
}
