import { compareBytes } from '@mxd/codec';
import { powerMode, type ChainParameters } from '@mxd/protocol/parameters';
import { keyOf, type Amount, type ValidatorId } from '@mxd/protocol/primitives';
import { type LatencySample } from '@mxd/protocol/system-records';
import { tableHash, type TableEntry } from '@mxd/protocol/table';

import { aggregateLatency } from './latency.ts';
import { mapGet } from './ordered-map.ts';
import { leaderWeightOf, powersOf, scoreOf, unmeasured } from './scores.ts';
import { type Metrics, type NextTable, type QueuedRecord, type ValidatorState } from './types.ts';
import {
  activeParameters,
  bondedOf,
  boundaryHeight,
  currentTable,
  epochOf,
  isBlacklisted,
  meetsMinimumStake,
  queueKey,
  registryEntry,
} from './views.ts';

/** A member of the table in force, with what decides about its seat. */
interface Member {
  readonly key: string;
  readonly entry: TableEntry;
  readonly measured: LatencySample;
  readonly metrics: Metrics;
  /** What it counts against the churn caps: its table stake, or 1 under EQUAL. */
  readonly weight: Amount;
}

/** A seat of the next table while it is being filled. */
interface Seat {
  readonly id: ValidatorId;
  readonly consensusKey: Uint8Array;
  readonly stake: Amount;
  /** Undefined for a new member. */
  readonly member: Member | undefined;
}

interface Round {
  readonly state: ValidatorState;
  readonly parameters: ChainParameters;
  readonly isEqual: boolean;
  /** f: first height of the next epoch. */
  readonly firstHeight: number;
  readonly members: readonly Member[];
  readonly consumed: Set<string>;
}

const noMetrics = { proposed: 0, missed: 0, consecutiveMisses: 0 } as const;

function openRound(state: ValidatorState): Round {
  const parameters = activeParameters(state);
  const isEqual = parameters.powerMode === powerMode.equal;
  const table = currentTable(state);
  const measured = aggregateLatency(table, state.latencyReports);
  const members = table.entries.map((entry, index) => {
    const key = keyOf(entry.id);
    return {
      key,
      entry,
      measured: measured[index] as LatencySample,
      metrics: mapGet(state.metrics, key) ?? { id: entry.id, ...noMetrics },
      weight: isEqual ? 1n : entry.stake,
    };
  });
  const firstHeight = boundaryHeight(state) + 1;
  return { state, parameters, isEqual, firstHeight, members, consumed: new Set() };
}

const sumOf = (amounts: readonly Amount[]): Amount => amounts.reduce((sum, one) => sum + one, 0n);

const hasMinimumStake = ({ state, parameters }: Round, id: ValidatorId): boolean =>
  meetsMinimumStake(bondedOf(state, id), state.totals.totalSupply, parameters);

const queued = <Type extends QueuedRecord['type']>(
  round: Round,
  type: Type,
): readonly Extract<QueuedRecord, { type: Type }>[] =>
  round.state.queue.filter(
    (record): record is Extract<QueuedRecord, { type: Type }> => record.type === type,
  );

/** Step 1: members that may not stay, without cap. */
function isExpelled(round: Round, member: Member): boolean {
  const { state, parameters, firstHeight } = round;
  const { id } = member.entry;
  const convictedAt = registryEntry(state, id)?.lastEvidenceHeight ?? 0;
  const boundaryBefore = (epochOf(state) - 1) * parameters.epochLength;
  return (
    isBlacklisted(state, id, firstHeight) ||
    (convictedAt > 0 && convictedAt >= boundaryBefore) ||
    !hasMinimumStake(round, id)
  );
}

const worstFirst = (a: Member, b: Member): number =>
  a.measured.participationBp - b.measured.participationBp ||
  b.metrics.consecutiveMisses - a.metrics.consecutiveMisses ||
  compareBytes(a.entry.id, b.entry.id);

/**
 * Step 2: queued LEAVEs, then inactivity, under one cap. The first that does not fit ends its pass
 * (decision 0061). Consumes the LEAVEs it grants.
 */
function departed(round: Round, rest: readonly Member[]): ReadonlySet<string> {
  const { parameters, members, consumed } = round;
  const cap = sumOf(members.map((m) => m.weight)) / BigInt(parameters.churnOutDivisor);
  const byKey = new Map(rest.map((member) => [member.key, member]));
  const gone = new Set<string>();
  let removed = 0n;
  for (const record of queued(round, 2)) {
    const member = byKey.get(keyOf(record.id));
    if (member === undefined) continue;
    if (gone.size > 0 && removed + member.weight > cap) break;
    gone.add(member.key);
    removed += member.weight;
    consumed.add(queueKey(record));
  }
  const inactive = rest
    .filter(
      (member) =>
        !gone.has(member.key) &&
        member.metrics.consecutiveMisses >= parameters.evictMisses &&
        member.measured.participationBp < parameters.evictParticipationBp,
    )
    .toSorted(worstFirst);
  for (const member of inactive) {
    const isFloor = rest.length - gone.size <= parameters.minValidators;
    if (isFloor || removed + member.weight > cap) break;
    gone.add(member.key);
    removed += member.weight;
  }
  return gone;
}

interface Kept {
  readonly member: Member;
  /** Table stake before increases. */
  readonly stake: Amount;
  /** Bonded beyond that: may be added while churn lasts. */
  readonly excess: Amount;
}

/** Steps 1 and 2: who stays, with what. */
function keep(round: Round): readonly Kept[] {
  const { state, members, consumed, isEqual } = round;
  const rest = members.filter((member) => !isExpelled(round, member));
  const gone = departed(round, rest);
  const staying = rest.filter((member) => !gone.has(member.key));
  if (staying.length === 0) {
    // A table is never empty: all stay as they are, and their LEAVEs wait.
    consumed.clear();
    return members.map((member) => ({ member, stake: member.entry.stake, excess: 0n }));
  }
  return staying.map((member) => {
    const bonded = bondedOf(state, member.entry.id);
    const old = member.entry.stake;
    const stake = isEqual || bonded < old ? bonded : old;
    return { member, stake, excess: bonded - stake };
  });
}

/** Step 3: admits queued JOINs while `churn` lasts; gives the seats and what is left of it. */
function admit(round: Round, churn: Amount): { seats: readonly Seat[]; left: Amount } {
  const { state, firstHeight, isEqual, consumed } = round;
  const seats: Seat[] = [];
  let left = churn;
  for (const record of queued(round, 1)) {
    const { id, consensusKey } = record;
    const isRefused =
      record.expiryEpoch < epochOf(state) + 1 ||
      isBlacklisted(state, id, firstHeight) ||
      !hasMinimumStake(round, id);
    if (!isRefused && left === 0n) continue;
    consumed.add(queueKey(record));
    if (isRefused) continue;
    const bonded = bondedOf(state, id);
    const stake = isEqual || bonded < left ? bonded : left;
    // A seat without stake has power too, so it costs a unit of churn (decision 0061).
    left -= isEqual || stake === 0n ? 1n : stake;
    seats.push({ id, consensusKey, stake, member: undefined });
  }
  return { seats, left };
}

/** Step 4: adds the excess of staying members, in ascending order of ids, while `churn` lasts. */
function topUp(kept: readonly Kept[], churn: Amount): readonly Seat[] {
  let left = churn;
  return kept
    .toSorted((a, b) => compareBytes(a.member.entry.id, b.member.entry.id))
    .map(({ member, stake, excess }) => {
      const added = excess < left ? excess : left;
      left -= added;
      const { id, consensusKey } = member.entry;
      return { id, consensusKey, stake: stake + added, member };
    });
}

const byStake = (a: { stake: Amount; id: Uint8Array }, b: { stake: Amount; id: Uint8Array }) =>
  a.stake === b.stake ? compareBytes(a.id, b.id) : a.stake > b.stake ? -1 : 1;

/** Step 6: the key of each seat, replaced where a ROTATE is queued. */
function rotated(round: Round, seats: readonly Seat[]): readonly Seat[] {
  const rotations = new Map(queued(round, 3).map((record) => [keyOf(record.id), record]));
  return seats.map((seat) => {
    const rotation = rotations.get(keyOf(seat.id));
    if (rotation === undefined) return seat;
    round.consumed.add(queueKey(rotation));
    return { ...seat, consensusKey: rotation.newConsensusKey };
  });
}

/** What a ranked table is made from. */
export interface Candidate extends LatencySample {
  readonly id: ValidatorId;
  readonly consensusKey: Uint8Array;
  readonly stake: Amount;
  readonly proposed: number;
  readonly missed: number;
  readonly consecutiveMisses: number;
  readonly newMember: boolean;
}

const tipFloorBp = 5_000;

/** Step 7: scores, order, power and leader weights. */
export function rank(
  candidates: readonly Candidate[],
  parameters: Pick<ChainParameters, 'powerMode'>,
): readonly TableEntry[] {
  const maxStake = candidates.reduce((max, one) => (one.stake > max ? one.stake : max), 0n);
  const powers = powersOf(
    parameters.powerMode,
    candidates.map((candidate) => candidate.stake),
  );
  const entries = candidates.map((candidate, index): TableEntry => {
    const { id, consensusKey, stake, latencyMs, participationBp, newMember } = candidate;
    const score = scoreOf(candidate, maxStake);
    return {
      id,
      consensusKey,
      power: powers[index] as number,
      stake,
      score,
      latencyMs,
      participationBp,
      tipEligible: newMember || participationBp >= tipFloorBp,
      newMember,
      leaderWeight: leaderWeightOf(score),
      consecutiveMisses: candidate.consecutiveMisses,
    };
  });
  return entries.toSorted((a, b) => b.score - a.score || byStake(a, b));
}

function candidateOf(seat: Seat): Candidate {
  const { id, consensusKey, stake, member } = seat;
  const past = member === undefined ? unmeasured : member.measured;
  const { proposed, missed, consecutiveMisses } = member?.metrics ?? noMetrics;
  const { latencyMs, participationBp } = past;
  const measured = { latencyMs, participationBp };
  const counts = { proposed, missed, consecutiveMisses };
  return { id, consensusKey, stake, ...measured, ...counts, newMember: member === undefined };
}

function compute(state: ValidatorState): NextTable {
  const round = openRound(state);
  const { parameters, isEqual, consumed } = round;
  const kept = keep(round);
  const base = isEqual ? BigInt(kept.length) : sumOf(kept.map((one) => one.stake));
  const share = base / BigInt(parameters.churnInDivisor);
  const { seats, left } = admit(round, share > 1n ? share : 1n);
  const all = [...topUp(kept, isEqual ? 0n : left), ...seats];
  const seated = all.toSorted(byStake).slice(0, parameters.maxValidators);
  const candidates = rotated(round, seated).map(candidateOf);
  const table = { epoch: epochOf(state) + 1, entries: rank(candidates, parameters) };
  return { table, hash: tableHash(table), consumed };
}

const computed = new WeakMap<ValidatorState, NextTable>();

/**
 * The table of the next epoch, from the state after the height before the boundary
 * (docs/protocol/rsc.md, "Epochs and membership"). Computed once per state object.
 */
export function nextTable(state: ValidatorState): NextTable {
  const known = computed.get(state);
  if (known !== undefined) return known;
  const result = compute(state);
  computed.set(state, result);
  return result;
}
