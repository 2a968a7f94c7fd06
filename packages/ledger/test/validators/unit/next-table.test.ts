import { keyOf } from '@mxd/protocol/primitives';
import { noSample, type LatencySample } from '@mxd/protocol/system-records';
import { tableHash, type TableEntry } from '@mxd/protocol/table';
import { describe, expect, test } from 'vitest';

import { nextTable, type ValidatorState } from '../../../src/validators/index.ts';
import { joinOf, keyNamed, leaveOf, people, person, rotateOf, type Person } from '../fixture.ts';
import { made, type Made } from '../made-state.ts';

const [a, b, c, d, e, f, g, h, i, j] = people(10) as unknown as [
  ...[Person, Person, Person, Person, Person, Person, Person, Person, Person, Person],
];
const newcomer = person('newcomer');
const another = person('another');
const any = made({ everybody: [{ who: a, seat: { stake: 1n } }] });

const seat = (who: Person, stake: bigint, more: Partial<Made> = {}): Made => ({
  who,
  seat: { stake },
  ...more,
});
const outside = (who: Person, bonded: bigint, more: Partial<Made> = {}): Made => ({
  who,
  bonded,
  ...more,
});
/** Ten thousandths of the supply per unit: a stake of 1 is far above the minimum. */
const rich = { supply: 1_000n };
const equal = { powerMode: 0, joinPolicy: 1 } as const;

/** Names of those in the next table with their stakes, by ascending id. */
function stakesOf(state: ValidatorState): Record<string, bigint> {
  const names = new Map(
    [...people(10), newcomer, another].map((who) => [keyOf(who.id), who.name] as const),
  );
  const entries = nextTable(state).table.entries.map(
    (entry) => [names.get(keyOf(entry.id))!, entry.stake] as const,
  );
  return Object.fromEntries(entries.toSorted(([x], [y]) => (x < y ? -1 : 1)));
}
const expected = (...list: readonly (readonly [Person, bigint])[]): Record<string, bigint> =>
  Object.fromEntries(list.map(([who, stake]) => [who.name, stake]));
const entryOf = (state: ValidatorState, who: Person): TableEntry =>
  nextTable(state).table.entries.find((entry) => keyOf(entry.id) === keyOf(who.id))!;
const consumedOf = (state: ValidatorState): string[] => [...nextTable(state).consumed].toSorted();
const key = (type: number, who: Person): string => `${type}:${keyOf(who.id)}`;

describe('step 1: expelled without cap', () => {
  // Epoch 3 of 16 blocks ends at 48; f = 49, and evidence counts from height 32 on.
  const epoch = 3;

  test('blacklisted at the first height of the next epoch', () => {
    const at = (blacklistedUntil: number) =>
      stakesOf(
        made({ epoch, ...rich, everybody: [seat(a, 50n, { blacklistedUntil }), seat(b, 5n)] }),
      );
    expect(at(48)).toStrictEqual(expected([a, 50n], [b, 5n]));
    expect(at(49)).toStrictEqual(expected([b, 5n]));
  });

  test('convicted since the snapshot before', () => {
    const at = (lastEvidenceHeight: number, inEpoch = epoch) =>
      stakesOf(
        made({
          epoch: inEpoch,
          ...rich,
          everybody: [seat(a, 50n, { lastEvidenceHeight }), seat(b, 5n)],
        }),
      );
    expect(at(31)).toStrictEqual(expected([a, 50n], [b, 5n]));
    expect(at(32)).toStrictEqual(expected([b, 5n]));
    expect(at(0, 1)).toStrictEqual(expected([a, 50n], [b, 5n]));
    expect(at(1, 1)).toStrictEqual(expected([b, 5n]));
  });

  test('bonded below the minimum, exact to the unit', () => {
    // 0.1 % of 1,000,000 is 1,000.
    const at = (bonded: bigint) =>
      stakesOf(
        made({ supply: 1_000_000n, everybody: [seat(a, 5_000n, { bonded }), seat(b, 5_000n)] }),
      );
    expect(at(1_000n)).toStrictEqual(expected([a, 1_000n], [b, 5_000n]));
    expect(at(999n)).toStrictEqual(expected([b, 5_000n]));
  });

  test('everybody may be expelled but one', () => {
    const everybody = [a, b, c, d].map((who, n) =>
      seat(who, 10n, n === 3 ? {} : { blacklistedUntil: 500 }),
    );
    expect(stakesOf(made({ ...rich, everybody }))).toStrictEqual(expected([d, 10n]));
  });

  test('if all are expelled, all stay with their old table stakes', () => {
    const everybody = [
      seat(a, 10n, { blacklistedUntil: 500 }),
      seat(b, 20n, { bonded: 0n }),
      seat(c, 30n, { lastEvidenceHeight: 3, bonded: 90n }),
    ];
    const state = made({ ...rich, everybody, queue: [leaveOf(any, a)] });
    expect(stakesOf(state)).toStrictEqual(expected([a, 10n], [b, 20n], [c, 30n]));
    expect(consumedOf(state)).toStrictEqual([]);
  });
});

describe('step 2: leaves and inactivity', () => {
  const nine = [a, b, c, d, e, f, g, h, i].map((who) => seat(who, 10n));

  test('a third of the weight may leave, in queue order', () => {
    // 90 div 3 = 30: three of ten each.
    const queue = [d, b, a, c].map((who) => leaveOf(any, who));
    const state = made({ ...rich, everybody: nine, queue });
    expect(Object.keys(stakesOf(state))).toStrictEqual(
      [c, e, f, g, h, i].map((who) => who.name).toSorted(),
    );
    expect(consumedOf(state)).toStrictEqual([key(2, d), key(2, b), key(2, a)].toSorted());
  });

  test('the first always fits, and the first that does not fit ends the pass', () => {
    // 100 div 3 = 33.
    const everybody = [seat(a, 60n), seat(b, 30n), seat(c, 10n)];
    const leaving = (...who: Person[]) =>
      made({ ...rich, everybody, queue: who.map((one) => leaveOf(any, one)) });
    expect(stakesOf(leaving(a, c))).toStrictEqual(expected([b, 30n], [c, 10n]));
    expect(stakesOf(leaving(c, a, b))).toStrictEqual(expected([a, 60n], [b, 30n]));
    expect(stakesOf(leaving(b, c))).toStrictEqual(expected([a, 60n], [c, 10n]));
  });

  test('EQUAL counts heads', () => {
    const everybody = [a, b, c, d, e, f].map((who, n) => seat(who, BigInt(n)));
    const queue = [a, b, c].map((who) => leaveOf(any, who));
    const state = made({ parameters: { ...equal, minStakePpm: 0 }, everybody, queue });
    expect(Object.keys(stakesOf(state)).length).toBe(4);
    expect(consumedOf(state)).toStrictEqual([key(2, a), key(2, b)].toSorted());
  });

  test('a LEAVE of an expelled member takes nothing of the cap', () => {
    const everybody = nine.map((one) => (one.who === a ? { ...one, blacklistedUntil: 99 } : one));
    const queue = [a, b, c, d].map((who) => leaveOf(any, who));
    expect(Object.keys(stakesOf(made({ ...rich, everybody, queue }))).length).toBe(5);
  });

  test('a sole member stays, and hands over after a JOIN', () => {
    const queue = [leaveOf(any, a)];
    const alone = made({ ...rich, everybody: [seat(a, 60n)], queue });
    expect(stakesOf(alone)).toStrictEqual(expected([a, 60n]));
    expect(consumedOf(alone)).toStrictEqual([]);
    const joined = made({
      ...rich,
      everybody: [seat(a, 60n), outside(newcomer, 60n)],
      queue: [leaveOf(any, a), joinOf(any, newcomer)],
    });
    // 60 div 6 = 10.
    expect(stakesOf(joined)).toStrictEqual(expected([a, 60n], [newcomer, 10n]));
    expect(consumedOf(joined)).toStrictEqual([key(1, newcomer)]);
    const two = made({ ...rich, everybody: [seat(a, 60n), seat(newcomer, 10n)], queue });
    expect(stakesOf(two)).toStrictEqual(expected([newcomer, 10n]));
  });

  const idle = { consecutiveMisses: 10, participationBp: 4_999 };

  test('inactive members are evicted by both marks, exact to the unit', () => {
    const at = (more: Partial<Made>) =>
      Object.keys(
        stakesOf(
          made({ ...rich, everybody: nine.map((x) => (x.who === a ? { ...x, ...more } : x)) }),
        ),
      ).length;
    expect(at(idle)).toBe(8);
    expect(at({ ...idle, consecutiveMisses: 9 })).toBe(9);
    expect(at({ ...idle, participationBp: 5_000 })).toBe(9);
  });

  test('worst first: participation, then misses, then id; under the cap', () => {
    const worst: readonly [Person, Partial<Made>][] = [
      [a, { consecutiveMisses: 10, participationBp: 300 }],
      [b, { consecutiveMisses: 11, participationBp: 200 }],
      [c, { consecutiveMisses: 12, participationBp: 200 }],
      [d, { consecutiveMisses: 12, participationBp: 200 }],
      [e, { consecutiveMisses: 99, participationBp: 301 }],
    ];
    const left = (queue: Person[]) => {
      const everybody = nine.map((one) => ({
        ...one,
        ...worst.find(([who]) => who === one.who)?.[1],
      }));
      const state = made({
        ...rich,
        everybody,
        queue: queue.map((who) => leaveOf(any, who)),
      });
      return Object.keys(stakesOf(state));
    };
    // Order c, d, b, a, e; three fit.
    const without = (...gone: Person[]) =>
      nine
        .filter(({ who }) => !gone.includes(who))
        .map(({ who }) => who.name)
        .toSorted();
    expect(left([])).toStrictEqual(without(c, d, b));
    // One LEAVE uses ten of thirty.
    expect(left([i])).toStrictEqual(without(i, c, d));
    // One of the inactive leaves by itself.
    expect(left([c])).toStrictEqual(without(c, d, b));
  });

  test('an eviction has no exception for the first, and the first that does not fit ends them', () => {
    // 100 div 3 = 33 < 40.
    const everybody = [
      seat(a, 40n, { ...idle, participationBp: 0 }),
      seat(b, 10n, idle),
      ...[c, d, e, f, g].map((who) => seat(who, 10n)),
    ];
    expect(Object.keys(stakesOf(made({ ...rich, everybody }))).length).toBe(7);
  });

  test('not below MIN_VALIDATORS', () => {
    const everybody = [a, b, c, d, e].map((who) => seat(who, 10n, idle));
    expect(Object.keys(stakesOf(made({ ...rich, everybody }))).length).toBe(4);
    const parameters = { minValidators: 3, churnOutDivisor: 1 };
    expect(Object.keys(stakesOf(made({ ...rich, everybody, parameters }))).length).toBe(3);
  });
});

describe('step 3: joins', () => {
  test('at most a sixth of what stays, in queue order; the rest of a bond follows later', () => {
    const state = made({
      ...rich,
      everybody: [seat(a, 600n), outside(newcomer, 70n), outside(another, 900n)],
      queue: [joinOf(any, newcomer), joinOf(any, another)],
    });
    expect(stakesOf(state)).toStrictEqual(expected([a, 600n], [newcomer, 70n], [another, 30n]));
    expect(consumedOf(state)).toStrictEqual([key(1, newcomer), key(1, another)].toSorted());
  });

  test('when nothing is left the others stay queued, but what is invalid goes', () => {
    const refused = person('refused');
    const state = made({
      ...rich,
      everybody: [
        seat(a, 600n),
        outside(newcomer, 500n),
        outside(another, 900n),
        outside(refused, 0n),
      ],
      queue: [joinOf(any, newcomer), joinOf(any, another), joinOf(any, refused)],
    });
    expect(stakesOf(state)).toStrictEqual(expected([a, 600n], [newcomer, 100n]));
    expect(consumedOf(state)).toStrictEqual([key(1, newcomer), key(1, refused)].toSorted());
  });

  test('removed: expired, blacklisted, below the minimum', () => {
    const at = (more: Partial<Made>, expiryEpoch = 2) => {
      const state = made({
        supply: 1_000_000n,
        everybody: [seat(a, 600_000n), outside(newcomer, 1_000n, more)],
        queue: [joinOf(any, newcomer, { expiryEpoch })],
      });
      expect(consumedOf(state)).toStrictEqual([key(1, newcomer)]);
      return stakesOf(state)[newcomer.name];
    };
    expect(at({})).toBe(1_000n);
    expect(at({}, 1)).toBeUndefined();
    expect(at({ blacklistedUntil: 16 })).toBe(1_000n);
    expect(at({ blacklistedUntil: 17 })).toBeUndefined();
    expect(at({ bonded: 999n })).toBeUndefined();
  });

  test('the cap counts what stays, at the stake with which it stays', () => {
    // a's bond fell from 600 to 60: a sixth of 60, not of 600, or the new one had most of the power.
    const state = made({
      ...rich,
      everybody: [seat(a, 600n, { bonded: 60n }), outside(newcomer, 500n)],
      queue: [joinOf(any, newcomer)],
    });
    expect(stakesOf(state)).toStrictEqual(expected([a, 60n], [newcomer, 10n]));
  });

  test('EQUAL admits a sixth of the heads, at least one, with all of their bonds', () => {
    const joins = [newcomer, another];
    const at = (members: readonly Person[]) =>
      stakesOf(
        made({
          parameters: { ...equal, minStakePpm: 0 },
          everybody: [
            ...members.map((who) => seat(who, 0n)),
            outside(newcomer, 500n),
            outside(another, 0n),
          ],
          queue: joins.map((who) => joinOf(any, who)),
        }),
      );
    expect(Object.keys(at([a])).toSorted()).toStrictEqual([a.name, newcomer.name].toSorted());
    expect(at([a])[newcomer.name]).toBe(500n);
    expect(Object.keys(at([a, b, c, d, e, f, g, h, i, j])).length).toBe(11);
    const twelve = Array.from({ length: 12 }, (_, n) => person(`twelve ${n}`));
    const state = made({
      parameters: { ...equal, minStakePpm: 0 },
      everybody: [
        ...twelve.map((who) => seat(who, 0n)),
        outside(newcomer, 500n),
        outside(another, 0n),
      ],
      queue: joins.map((who) => joinOf(any, who)),
    });
    expect(nextTable(state).table.entries.length).toBe(14);
  });

  test('seats without stake cost churn too', () => {
    const state = made({
      parameters: { joinPolicy: 1, minStakePpm: 0 },
      everybody: [seat(a, 0n), outside(newcomer, 0n), outside(another, 0n)],
      queue: [joinOf(any, newcomer), joinOf(any, another)],
    });
    // No stake at all: power 1 each, no division by zero, one newcomer per epoch.
    expect(stakesOf(state)).toStrictEqual(expected([a, 0n], [newcomer, 0n]));
    expect(nextTable(state).table.entries.map((entry) => entry.power)).toStrictEqual([1, 1]);
  });
});

describe('step 4: table stakes of those that stay', () => {
  test('less counts at once; more in ascending order of ids while churn lasts', () => {
    const everybody = [
      seat(a, 100n, { bonded: 40n }),
      seat(b, 100n, { bonded: 110n }),
      seat(c, 100n, { bonded: 999n }),
      seat(d, 100n, { bonded: 101n }),
    ];
    // Kept 40 + 300 = 340, a sixth is 56: 10 to b, 46 to c, none for d.
    expect(stakesOf(made({ ...rich, everybody }))).toStrictEqual(
      expected([a, 40n], [b, 110n], [c, 146n], [d, 100n]),
    );
  });

  test('joins take churn first', () => {
    const state = made({
      ...rich,
      everybody: [seat(a, 60n, { bonded: 99n }), outside(newcomer, 7n)],
      queue: [joinOf(any, newcomer)],
    });
    expect(stakesOf(state)).toStrictEqual(expected([a, 63n], [newcomer, 7n]));
  });

  test('EQUAL has the bond as it is', () => {
    const everybody = [seat(a, 100n, { bonded: 40n }), seat(b, 100n, { bonded: 9_999n })];
    const state = made({ parameters: { ...equal, minStakePpm: 0 }, everybody });
    expect(stakesOf(state)).toStrictEqual(expected([a, 40n], [b, 9_999n]));
    expect(nextTable(state).table.entries.map((entry) => entry.power)).toStrictEqual([1, 1]);
  });
});

describe('steps 5 to 7', () => {
  test('greatest table stakes keep their seats, ties by lower id; a cut JOIN is used up', () => {
    const state = made({
      ...rich,
      parameters: { maxValidators: 4, minValidators: 1 },
      everybody: [
        seat(a, 10n),
        seat(b, 10n),
        seat(c, 10n),
        seat(d, 10n),
        seat(e, 90n),
        outside(newcomer, 1n),
      ],
      queue: [joinOf(any, newcomer)],
    });
    expect(stakesOf(state)).toStrictEqual(expected([a, 10n], [b, 10n], [c, 10n], [e, 90n]));
    expect(consumedOf(state)).toStrictEqual([key(1, newcomer)]);
  });

  test('a queued ROTATE of a member of the result replaces its key', () => {
    const rotation = (who: Person) => rotateOf(any, who, keyNamed(`new ${who.name}`));
    const state = made({
      ...rich,
      everybody: [seat(a, 10n), seat(b, 90n, { blacklistedUntil: 99 })],
      queue: [rotation(a), rotation(b)],
    });
    expect(entryOf(state, a).consensusKey).toStrictEqual(keyNamed(`new ${a.name}`));
    expect(consumedOf(state)).toStrictEqual([key(3, a)]);
  });

  test('measurements and counters carry over; new members start afresh', () => {
    const none: LatencySample = { latencyMs: noSample, participationBp: noSample };
    const everybody = [
      seat(a, 100n, { proposed: 3, missed: 1, consecutiveMisses: 1, latencyMs: 100 }),
      seat(b, 100n, { participationBp: 4_000 }),
      outside(newcomer, 100n),
    ];
    const reports = [0, 1].map((reporterIndex) => ({
      type: 5 as const,
      epoch: 1,
      reporterIndex,
      samples: [0, 1].map((target) =>
        target === reporterIndex ? none : { latencyMs: 250, participationBp: 6_000 },
      ),
      signature: new Uint8Array(64),
    }));
    const queue = [joinOf(any, newcomer)];
    // Powers 1 and 2 of 3: a quorum needs both, so nobody is measured.
    const unmeasured = made({ ...rich, everybody, reports, queue });
    expect(entryOf(unmeasured, a)).toMatchObject({
      latencyMs: 100,
      participationBp: 10_000,
      consecutiveMisses: 1,
      // speed 9800; proposal 7500; reliability 8750; stake 10000: 9545.
      score: 9_545,
      leaderWeight: 4,
      newMember: false,
      tipEligible: true,
    });
    expect(entryOf(unmeasured, b)).toMatchObject({ participationBp: 4_000, tipEligible: false });
    expect(entryOf(unmeasured, newcomer)).toMatchObject({
      latencyMs: 500,
      participationBp: 10_000,
      consecutiveMisses: 0,
      newMember: true,
      tipEligible: true,
      stake: 33n,
    });
    const measured = made({
      ...rich,
      everybody: [
        { ...everybody[0]!, seat: { stake: 100n, power: 9 } },
        { ...everybody[1]!, seat: { stake: 100n, power: 1 } },
      ],
      reports,
    });
    // Index 0 alone has 9 of 10 and measures b; a stays unmeasured.
    expect(entryOf(measured, b)).toMatchObject({ latencyMs: 250, participationBp: 6_000 });
    expect(entryOf(measured, a)).toMatchObject({ latencyMs: 100, participationBp: 10_000 });
  });

  test('order: score, then stake, then id; power by stake', () => {
    const everybody = [
      seat(b, 100n),
      seat(a, 100n),
      seat(c, 300n),
      seat(d, 100n, { latencyMs: 0 }),
    ];
    const state = made({ ...rich, everybody });
    const { table, hash } = nextTable(state);
    const ids = table.entries.map((entry) => keyOf(entry.id));
    expect(ids).toStrictEqual([c, d, a, b].map((who) => keyOf(who.id)));
    expect(table.entries.map((entry) => entry.power)).toStrictEqual([
      500_000, 166_666, 166_666, 166_666,
    ]);
    expect(table.epoch).toBe(2);
    expect(hash).toStrictEqual(tableHash(table));
  });

  test('is computed once per state', () => {
    expect(nextTable(any)).toBe(nextTable(any));
    expect(nextTable({ ...any })).not.toBe(nextTable(any));
    expect(nextTable({ ...any })).toStrictEqual(nextTable(any));
  });
});
