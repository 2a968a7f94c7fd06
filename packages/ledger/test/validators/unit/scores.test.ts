import { describe, expect, test } from 'vitest';

import { leaderWeightOf, powersOf, scoreOf } from '../../../src/validators/scores.ts';

const best = { latencyMs: 0, participationBp: 10_000, proposed: 0, missed: 0, stake: 100n };

describe('scores', () => {
  test('the formula, worked by hand', () => {
    // (40 * 10000 + 30 * 10000 + 30 * 10000) / 100
    expect(scoreOf(best, 100n)).toBe(10_000);
    // Genesis: speed (5000 - 500) * 2 = 9000; 40 * 9000 + 600000 = 960000.
    expect(scoreOf({ ...best, latencyMs: 500 }, 100n)).toBe(9_600);
    // speed (5000 - 123) * 2 = 9754; proposal 10000 * 7 / 9 = 7777; reliability (9001 + 7777) / 2 =
    // 8389; stake 33 * 10000 / 100 = 3300: (390160 + 251670 + 99000) / 100 = 7408.3.
    expect(
      scoreOf({ latencyMs: 123, participationBp: 9_001, proposed: 7, missed: 2, stake: 33n }, 100n),
    ).toBe(7_408);
    // speed 0; reliability (0 + 0) / 2; stake 0: nothing.
    const worst = { latencyMs: 5_000, participationBp: 0, proposed: 0, missed: 1, stake: 0n };
    expect(scoreOf(worst, 100n)).toBe(0);
    expect(scoreOf({ ...worst, latencyMs: 4_999 }, 100n)).toBe(0);
    expect(scoreOf({ ...worst, latencyMs: 4_998 }, 100n)).toBe(1);
  });

  test('without slots the proposal part is the participation', () => {
    // speed 10000; reliability 4001; stake 10000: (400000 + 120030 + 300000) / 100 = 8200.3
    expect(scoreOf({ ...best, participationBp: 4_001 }, 100n)).toBe(8_200);
  });

  test('a table without stake gives all the full stake part', () => {
    expect(scoreOf({ ...best, stake: 0n }, 0n)).toBe(10_000);
    expect(scoreOf({ ...best, stake: 7n }, 0n)).toBe(10_000);
    // More than the largest can only come from a caller; it counts as the largest.
    expect(scoreOf({ ...best, stake: 200n }, 100n)).toBe(10_000);
  });

  test('amounts of 2^64 - 1 are exact', () => {
    const max = 2n ** 64n - 1n;
    // max * 10000 / max = 10000 and (max - 1) * 10000 / max = 9999.
    expect(scoreOf({ ...best, stake: max - 1n }, max)).toBe(9_999);
  });

  test('weights', () => {
    expect([0, 3_333, 3_334, 6_667, 6_668, 10_000].map(leaderWeightOf)).toStrictEqual([
      2, 2, 3, 3, 4, 4,
    ]);
  });

  test('powers', () => {
    expect(powersOf(0, [5n, 0n, 9n])).toStrictEqual([1, 1, 1]);
    expect(powersOf(1, [0n, 0n])).toStrictEqual([1, 1]);
    expect(powersOf(1, [1n, 2n])).toStrictEqual([333_333, 666_666]);
    // A millionth rounds down to 0 and counts as 1.
    expect(powersOf(1, [2_000_000n, 1n])).toStrictEqual([999_999, 1]);
    expect(powersOf(1, [7n])).toStrictEqual([1_000_000]);
  });
});
