import { keyOf } from '@mxd/protocol/primitives';
import { type ChainParameters } from '@mxd/protocol/parameters';
import { type LatencyRecord } from '@mxd/protocol/system-records';
import { type TableEntry } from '@mxd/protocol/table';

import { type QueuedRecord, type ValidatorState } from '../../src/validators/index.ts';
import { mapFromSorted, type OrderedMap } from '../../src/validators/ordered-map.ts';
import { genesisOf, parametersOf, type Person } from './fixture.ts';

/** A member of the table in force, or an outsider who may be queued. */
export interface Made {
  readonly who: Person;
  /** Undefined: not in the table. */
  readonly seat?: { readonly stake: bigint; readonly power?: number };
  readonly bonded?: bigint;
  readonly blacklistedUntil?: number;
  readonly lastEvidenceHeight?: number;
  readonly proposed?: number;
  readonly missed?: number;
  readonly consecutiveMisses?: number;
  readonly latencyMs?: number;
  readonly participationBp?: number;
}

export interface MadeState {
  readonly epoch?: number;
  readonly parameters?: Partial<ChainParameters>;
  readonly supply?: bigint;
  readonly everybody: readonly Made[];
  readonly queue?: readonly QueuedRecord[];
  readonly reports?: readonly LatencyRecord[];
}

function byId<T extends { readonly who: Person }, V>(
  all: readonly T[],
  valueOf: (one: T) => V,
): OrderedMap<V> {
  const entries = all.map((one) => [keyOf(one.who.id), valueOf(one)] as const);
  return mapFromSorted(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Any state before a boundary, as plain data: no chain has to lead to it. */
export function made(given: MadeState): ValidatorState {
  const { epoch = 1, everybody, queue = [], reports = [], supply = 1_000_000n } = given;
  const parameters = parametersOf(given.parameters);
  const seated = everybody.filter((one) => one.seat !== undefined);
  const base = genesisOf(seated.map((one) => one.who)).state;
  const chain = { ...base.chain, genesisGovernance: { parameters, listed: [] } };
  const entries = seated.map((one): TableEntry => ({
    id: one.who.id,
    consensusKey: one.who.consensusKey,
    power: one.seat!.power ?? 1,
    stake: one.seat!.stake,
    score: 5_000,
    latencyMs: one.latencyMs ?? 500,
    participationBp: one.participationBp ?? 10_000,
    tipEligible: true,
    newMember: false,
    leaderWeight: 3,
    consecutiveMisses: 0,
  }));
  return {
    ...base,
    chain,
    totals: { totalSupply: supply, tipCarry: 0n },
    registry: byId(everybody, ({ who, blacklistedUntil = 0, lastEvidenceHeight = 0 }) => ({
      id: who.id,
      accountSuite: who.suite,
      accountKey: who.accountKey,
      lastSeq: 0,
      lastRecordEpoch: 0,
      blacklistedUntil,
      lastEvidenceHeight,
    })),
    bonded: byId(
      everybody.filter((one) => (one.bonded ?? one.seat?.stake ?? 0n) > 0n),
      ({ who, bonded, seat }) => ({ id: who.id, amount: bonded ?? seat?.stake ?? 0n }),
    ),
    queue,
    metrics: byId(seated, ({ who, proposed = 0, missed = 0, consecutiveMisses = 0 }) => ({
      id: who.id,
      proposed,
      missed,
      consecutiveMisses,
    })),
    latencyReports: reports,
    epochs: [{ epoch, anchorHash: new Uint8Array(64).fill(9), table: { epoch, entries } }],
  };
}
