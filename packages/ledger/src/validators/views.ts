import { knownProtocolVersions, validatorSet, type ValidatorSet } from '@mxd/protocol/checks';
import { applyChanges, changeDocumentCodec, type Governance } from '@mxd/protocol/changes';
import { type ChainParameters } from '@mxd/protocol/parameters';
import { keyOf, type Amount, type ValidatorId } from '@mxd/protocol/primitives';
import { type Table } from '@mxd/protocol/table';

import { failed, ValidatorStateError } from './errors.ts';
import { mapGet, mapValues, type OrderedMap } from './ordered-map.ts';
import {
  type ChainConstants,
  type EpochRecord,
  type IdAmount,
  type QueuedRecord,
  type RegistryEntry,
  type ScheduledUpgrade,
  type Upgrades,
  type ValidatorResult,
  type ValidatorState,
} from './types.ts';

/** The epoch whose blocks execute on this state. */
export function currentRecord(state: ValidatorState): EpochRecord {
  const record = state.epochs.at(-1);
  if (record === undefined) {
    throw new ValidatorStateError('STATE_INVARIANT', 'the state has no epoch record');
  }
  return record;
}

/** Number of the epoch whose blocks execute on this state. */
export const epochOf = (state: ValidatorState): number => currentRecord(state).epoch;

/** The Rapid Table in force. */
export const currentTable = (state: ValidatorState): Table => currentRecord(state).table;

const genesisParameters = (state: ValidatorState): ChainParameters =>
  state.chain.genesisGovernance.parameters;

/** Last height of the epoch in force: e * E. */
export const boundaryHeight = (state: ValidatorState): number =>
  epochOf(state) * genesisParameters(state).epochLength;

/** Whether a block at this height ends the epoch in force. */
export const isBoundary = (state: ValidatorState, height: number): boolean =>
  height === boundaryHeight(state);

const indices = new WeakMap<Table, ReadonlyMap<string, number>>();

/** Position of each id (by `keyOf`) in a table. */
export function tableIndex(table: Table): ReadonlyMap<string, number> {
  const known = indices.get(table);
  if (known !== undefined) return known;
  const index = new Map(table.entries.map((entry, i) => [keyOf(entry.id), i]));
  indices.set(table, index);
  return index;
}

/** Whether an id has a seat in the table in force. */
export const isMember = (state: ValidatorState, id: ValidatorId): boolean =>
  tableIndex(currentTable(state)).has(keyOf(id));

const sets = new WeakMap<EpochRecord, { chain: ChainConstants; set: ValidatorSet }>();

function setOf(state: ValidatorState, record: EpochRecord): ValidatorSet {
  const known = sets.get(record);
  if (known?.chain === state.chain) return known.set;
  const { chain } = state;
  // Epoch 1's anchor is genesis, whose hash commits to the state that holds its record.
  const anchor = record.epoch === 1 ? chain.genesisHash : record.anchorHash;
  const set = validatorSet(chain.chainTag, record.table, genesisParameters(state), anchor);
  sets.set(record, { chain, set });
  return set;
}

/** Validator sets of the epochs that the state remembers, oldest first; the last is in force. */
export const validatorSets = (state: ValidatorState): readonly ValidatorSet[] =>
  state.epochs.map((record) => setOf(state, record));

/** The validator set in force. */
export const currentSet = (state: ValidatorState): ValidatorSet =>
  setOf(state, currentRecord(state));

/** The validator set of one remembered epoch. */
export function validatorSetOf(state: ValidatorState, epoch: number): ValidatorSet | undefined {
  const record = state.epochs.find((candidate) => candidate.epoch === epoch);
  return record === undefined ? undefined : setOf(state, record);
}

const governances = new WeakMap<Upgrades, { chain: ChainConstants; governance: Governance }>();

/** The parameters and LISTED ids by which blocks on this state are judged (rule U3). */
export function governance(state: ValidatorState): Governance {
  const known = governances.get(state.upgrades);
  if (known?.chain === state.chain) return known.governance;
  let result = state.chain.genesisGovernance;
  for (const change of state.upgrades.changes) {
    const decoded = changeDocumentCodec.tryDecode(change);
    if (!decoded.ok) throw new ValidatorStateError('STATE_INVARIANT', decoded.error.message);
    const applied = applyChanges(result, decoded.value);
    if (!applied.ok) throw new ValidatorStateError('STATE_INVARIANT', applied.reason);
    result = applied.value;
  }
  governances.set(state.upgrades, { chain: state.chain, governance: result });
  return result;
}

/** The parameters by which blocks on this state are judged. */
export const activeParameters = (state: ValidatorState): ChainParameters =>
  governance(state).parameters;

/** Header version of blocks on this state. */
export const protocolVersion = (state: ValidatorState): number => state.upgrades.protocolVersion;

/** The upgrade that a quorum has asked for and that is not in force yet. */
export const scheduledUpgrade = (state: ValidatorState): ScheduledUpgrade | undefined =>
  state.upgrades.scheduled;

/**
 * Whether this software may execute blocks on this state (rule U4): false from the first block of
 * an epoch with a version it does not know. `scheduledUpgrade` tells earlier.
 */
export function checkKnownVersion(
  state: ValidatorState,
  known: ReadonlySet<number> = knownProtocolVersions,
): ValidatorResult<undefined> {
  const version = protocolVersion(state);
  return known.has(version)
    ? { ok: true, value: undefined }
    : failed('UPGRADE_UNKNOWN_VERSION', `protocol version ${version} is in force`);
}

/** What genesis or a JOIN registered under an id. */
export const registryEntry = (state: ValidatorState, id: ValidatorId): RegistryEntry | undefined =>
  mapGet(state.registry, keyOf(id));

/** Whether an id is blacklisted at a height; `state` is the post-state of the block before it. */
export function isBlacklisted(state: ValidatorState, id: ValidatorId, height: number): boolean {
  return (registryEntry(state, id)?.blacklistedUntil ?? 0) >= height;
}

/** Sum of the unspent bonded outputs that name an id. */
export const bondedOf = (state: ValidatorState, id: ValidatorId): Amount =>
  mapGet(state.bonded, keyOf(id))?.amount ?? 0n;

/** Tips credited to an id and not yet paid out. */
export const accruedTo = (state: ValidatorState, id: ValidatorId): Amount =>
  mapGet(state.accruals, keyOf(id))?.amount ?? 0n;

function sum(amounts: OrderedMap<IdAmount>): Amount {
  let total = 0n;
  for (const { amount } of mapValues(amounts)) total += amount;
  return total;
}

/** Tips credited to anybody and not yet paid out: a part of the supply outside of outputs. */
export const accrualTotal = (state: ValidatorState): Amount => sum(state.accruals);

/** Sum of all bonded totals. */
export const bondedTotal = (state: ValidatorState): Amount => sum(state.bonded);

/** Whether a bonded amount suffices for a seat. */
export function meetsMinimumStake(
  bonded: Amount,
  totalSupply: Amount,
  parameters: Pick<ChainParameters, 'minStakePpm'>,
): boolean {
  return bonded * 1_000_000n >= totalSupply * BigInt(parameters.minStakePpm);
}

/** Names a queue entry: a queue never holds two of one type and id. */
export const queueKey = (record: Pick<QueuedRecord, 'type' | 'id'>): string =>
  `${record.type}:${keyOf(record.id)}`;
