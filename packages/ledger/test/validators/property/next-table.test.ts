import { keyOf } from '@mxd/protocol/primitives';
import { noSample, type LatencyRecord } from '@mxd/protocol/system-records';
import { tableCodec, totalPower } from '@mxd/protocol/table';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  activeParameters,
  bondedOf,
  currentTable,
  nextTable,
  type QueuedRecord,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { joinOf, keyNamed, leaveOf, people, person, rotateOf } from '../fixture.ts';
import { made, type Made } from '../made-state.ts';
import { referenceNextTable } from '../reference.ts';

const inside = people(12);
const outsiders = Array.from({ length: 5 }, (_, i) => person(`outsider ${i}`));
const any = made({ everybody: [{ who: inside[0]!, seat: { stake: 1n } }] });

// Signatures cost time and nextTable reads none: the records are made once and varied.
const joins = outsiders.map((who) => joinOf(any, who));
const leaves = inside.map((who) => leaveOf(any, who));
const rotations = inside.map((who) => rotateOf(any, who, keyNamed(`next ${who.name}`)));

const stake = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 300n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 60n }) },
);
const sometimes = <T>(arbitrary: fc.Arbitrary<T>, fallback: T) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(fallback) }, { weight: 1, arbitrary });

const epoch = 4;
const member = fc.record({
  stake,
  bonded: fc.option(stake, { nil: undefined }),
  power: fc.integer({ min: 1, max: 50 }),
  blacklistedUntil: sometimes(fc.integer({ min: 60, max: 70 }), 0),
  lastEvidenceHeight: sometimes(fc.integer({ min: 46, max: 50 }), 0),
  proposed: fc.integer({ min: 0, max: 9 }),
  missed: fc.integer({ min: 0, max: 9 }),
  consecutiveMisses: sometimes(fc.integer({ min: 8, max: 12 }), 0),
  latencyMs: fc.integer({ min: 0, max: 5_200 }),
  participationBp: fc.oneof(
    fc.integer({ min: 4_998, max: 5_002 }),
    fc.integer({ min: 0, max: 10_000 }),
  ),
});
const newcomer = fc.record({
  bonded: stake,
  blacklistedUntil: sometimes(fc.integer({ min: 63, max: 66 }), 0),
  expiryEpoch: fc.integer({ min: 4, max: 6 }),
});
const value = sometimes(fc.constant(noSample), 0).chain((none) =>
  none === noSample ? fc.constant(noSample) : fc.integer({ min: 0, max: 5_000 }),
);
const sample = fc.record({ latencyMs: value, participationBp: value });

const states: fc.Arbitrary<ValidatorState> = fc
  .record({
    members: fc.array(member, { minLength: 1, maxLength: inside.length }),
    newcomers: fc.array(newcomer, { maxLength: outsiders.length }),
    isEqual: fc.boolean(),
    supply: fc.constantFrom(0n, 1_000n, 100_000n, 2n ** 63n),
    minStakePpm: fc.constantFrom(0, 1_000, 100_000),
    maxValidators: fc.integer({ min: 1, max: 14 }),
    minValidators: fc.integer({ min: 1, max: 5 }),
    churnOutDivisor: fc.constantFrom(1, 3, 7),
    churnInDivisor: fc.constantFrom(1, 6, 9),
    order: fc.shuffledSubarray([...Array(29).keys()]),
    reports: fc.array(fc.array(sample, { minLength: 12, maxLength: 12 }), { maxLength: 12 }),
  })
  .map((given) => {
    const { members, newcomers, isEqual, supply, order, reports } = given;
    const everybody: Made[] = [
      ...members.map(({ stake: seatStake, power, bonded, ...rest }, i) => ({
        who: inside[i]!,
        seat: { stake: seatStake, power },
        bonded: bonded ?? seatStake,
        ...rest,
      })),
      ...newcomers.map(({ bonded, blacklistedUntil }, i) => ({
        who: outsiders[i]!,
        bonded,
        blacklistedUntil,
      })),
    ];
    const queue = order.flatMap((n): QueuedRecord[] => {
      const isThere = n < 24 ? n % 12 < members.length : n - 24 < newcomers.length;
      if (!isThere) return [];
      if (n < 12) return [leaves[n]!];
      if (n < 24) return [rotations[n - 12]!];
      return [{ ...joins[n - 24]!, expiryEpoch: newcomers[n - 24]!.expiryEpoch }];
    });
    const kept: LatencyRecord[] = reports.slice(0, members.length).map((samples, i) => ({
      type: 5,
      epoch,
      reporterIndex: i,
      samples: samples
        .slice(0, members.length)
        .map((one, j) => (i === j ? { latencyMs: noSample, participationBp: noSample } : one)),
      signature: new Uint8Array(64),
    }));
    return made({
      epoch,
      supply,
      everybody,
      queue,
      reports: kept,
      parameters: {
        powerMode: isEqual ? 0 : 1,
        joinPolicy: 1,
        minStakePpm: given.minStakePpm,
        maxValidators: given.maxValidators,
        minValidators: Math.min(given.minValidators, given.maxValidators),
        churnOutDivisor: given.churnOutDivisor,
        churnInDivisor: given.churnInDivisor,
      },
    });
  });

const runs = { numRuns: 700 };
/** Far above what it takes alone: the machines of a pipeline are shared. */
const timeoutMs = 120_000;

describe('next table', () => {
  test(
    'equals a naive second reading of the rules',
    () => {
      fc.assert(
        fc.property(states, (state) => {
          const { table, consumed } = nextTable(state);
          const reference = referenceNextTable(state, activeParameters(state));
          expect(
            table.entries.map((entry) => ({
              id: keyOf(entry.id),
              key: keyOf(entry.consensusKey),
              power: BigInt(entry.power),
              stake: entry.stake,
              score: BigInt(entry.score),
              latency: BigInt(entry.latencyMs),
              participation: BigInt(entry.participationBp),
              tips: entry.tipEligible,
              fresh: entry.newMember,
              weight: BigInt(entry.leaderWeight),
              misses: BigInt(entry.consecutiveMisses),
            })),
          ).toStrictEqual(reference.lines);
          expect([...consumed].toSorted()).toStrictEqual([...reference.gone].toSorted());
        }),
        runs,
      );
    },
    timeoutMs,
  );

  test(
    'is never empty, encodes, and stays within its ranges',
    () => {
      fc.assert(
        fc.property(states, (state) => {
          const { table } = nextTable(state);
          const { entries } = table;
          expect(entries.length).toBeGreaterThan(0);
          expect(entries.length).toBeLessThanOrEqual(activeParameters(state).maxValidators);
          expect(tableCodec.decode(tableCodec.encode(table))).toStrictEqual(table);
          expect(totalPower(table)).toBeLessThanOrEqual(1_000_000 + entries.length);
          for (const entry of entries) {
            expect(entry.score).toBeGreaterThanOrEqual(0);
            expect(entry.score).toBeLessThanOrEqual(10_000);
            expect([2, 3, 4]).toContain(entry.leaderWeight);
            expect(entry.power).toBeGreaterThanOrEqual(1);
          }
        }),
        runs,
      );
    },
    timeoutMs,
  );

  test(
    'churn: new weight is bounded by what stays, departures by the old table',
    () => {
      fc.assert(
        fc.property(states, (state) => {
          const parameters = activeParameters(state);
          const isEqual = parameters.powerMode === 0;
          const old = new Map(currentTable(state).entries.map((entry) => [keyOf(entry.id), entry]));
          let fresh = 0n;
          let stays = 0n;
          for (const entry of nextTable(state).table.entries) {
            const before = old.get(keyOf(entry.id))?.stake;
            if (isEqual) {
              if (before === undefined) fresh += 1n;
              else stays += 1n;
            } else if (before === undefined) fresh += entry.stake;
            else {
              const kept = entry.stake < before ? entry.stake : before;
              stays += kept;
              fresh += entry.stake - kept;
              // Never more than is bonded, unless nobody could stay and all do.
              const bonded = bondedOf(state, entry.id);
              if (entry.stake > bonded) expect(entry.stake).toBe(before);
            }
          }
          // A seat that the cap on seats took back only lowers what stays; leave those cases out.
          if (nextTable(state).table.entries.length === parameters.maxValidators) return;
          const cap = stays / BigInt(parameters.churnInDivisor);
          expect(fresh).toBeLessThanOrEqual(cap > 1n ? cap : 1n);
        }),
        runs,
      );
    },
    timeoutMs,
  );

  test(
    'departures by LEAVE and inactivity keep to the cap',
    () => {
      fc.assert(
        fc.property(states, (state) => {
          const parameters = activeParameters(state);
          const isEqual = parameters.powerMode === 0;
          const entries = currentTable(state).entries;
          const weight = (one: { readonly stake: bigint }) => (isEqual ? 1n : one.stake);
          const total = entries.reduce((sum, entry) => sum + weight(entry), 0n);
          const seated = new Set(nextTable(state).table.entries.map((entry) => keyOf(entry.id)));
          if (seated.size === parameters.maxValidators) return;
          const departed = entries.filter((entry) => {
            const key = keyOf(entry.id);
            const account = state.registry.chunks
              .flatMap((chunk) => chunk.values)
              .find((one) => keyOf(one.id) === key)!;
            const isExpelled =
              account.blacklistedUntil > 64 ||
              account.lastEvidenceHeight >= 48 ||
              bondedOf(state, entry.id) * 1_000_000n <
                state.totals.totalSupply * BigInt(parameters.minStakePpm);
            return !seated.has(key) && !isExpelled;
          });
          const gone = departed.reduce((sum, entry) => sum + weight(entry), 0n);
          const cap = total / BigInt(parameters.churnOutDivisor);
          if (departed.length > 1) {
            // The first LEAVE may be larger than the cap; whatever follows it has to fit.
            const largest = departed.reduce(
              (max, one) => (weight(one) > max ? weight(one) : max),
              0n,
            );
            expect(gone <= cap || gone === largest).toBe(true);
          }
        }),
        runs,
      );
    },
    timeoutMs,
  );

  test('depends on nothing but its input', () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(nextTable({ ...state })).toStrictEqual(nextTable(state));
      }),
      { numRuns: 100 },
    );
  });
});
