import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  selectCoins,
  WalletError,
  type Coin,
  type Selection,
  type SelectionRequest,
} from '../../src/index.ts';
import { inputBytes } from '../../src/coins.ts';
import { accountOf, coinOf } from '../chain.ts';

const owners = [accountOf(1, 1), accountOf(2, 2), accountOf(3, 3)].map(({ owner }) => owner);
const dust = 1_000n;

const coinArbitrary: fc.Arbitrary<Coin> = fc
  .tuple(fc.bigInt(1n, 1_000_000n), fc.integer({ min: 0, max: 900 }), fc.constantFrom(0, 0, 1, 2))
  .map(([amount, createdHeight, kind]) => coinOf(owners[kind]!, amount, { createdHeight }));

const requestArbitrary: fc.Arbitrary<SelectionRequest> = fc.record({
  target: fc.bigInt(1n, 3_000_000n),
  dustLimit: fc.constant(dust),
  maxBytes: fc.integer({ min: 200, max: 100_000 }),
  maxInputs: fc.integer({ min: 1, max: 40 }),
  strategy: fc.constantFrom('fewest' as const, 'oldest' as const, 'smallest' as const),
  absorb: fc.constantFrom(0n, 0n, 500n),
});

function outcome(coins: readonly Coin[], request: SelectionRequest): Selection | string {
  try {
    return selectCoins(coins, request);
  } catch (error) {
    if (error instanceof WalletError) return error.code;
    throw error;
  }
}

const worth = (coins: readonly Coin[]): bigint => coins.reduce((sum, c) => sum + c.amount, 0n);

describe('coin selection', () => {
  test('pays within the bounds, with no change or change above dust, or says why not', () => {
    fc.assert(
      fc.property(
        fc.array(coinArbitrary, { maxLength: 60 }),
        requestArbitrary,
        (coins, request) => {
          const selection = outcome(coins, request);
          if (typeof selection === 'string') {
            const available = worth(coins);
            expect(selection === 'WALLET_FUNDS').toBe(available < request.target);
            return;
          }
          const { coins: chosen, total, change, absorbed } = selection;
          expect(new Set(chosen).size).toBe(chosen.length);
          expect(chosen.every((coin) => coins.includes(coin))).toBe(true);
          expect(worth(chosen)).toBe(total);
          expect(total).toBe(request.target + change + absorbed);
          expect(change === 0n || change >= dust).toBe(true);
          expect(absorbed <= request.absorb!).toBe(true);
          expect(chosen.length).toBeLessThanOrEqual(request.maxInputs!);
          const bytes = chosen.reduce((sum, coin) => sum + inputBytes(coin.owner), 0);
          expect(bytes).toBeLessThanOrEqual(request.maxBytes);
          expect(outcome(coins, request)).toEqual(selection);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('is never refused where one kind of coin, unbounded, could pay with change', () => {
    const amounts = fc.array(fc.bigInt(1n, 1_000_000n), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(amounts, fc.bigInt(1n, 40_000_000n), (list, target) => {
        const coins = list.map((amount) => coinOf(owners[0]!, amount));
        const selection = outcome(coins, { target, dustLimit: dust, maxBytes: 1_000_000 });
        if (worth(coins) >= target + dust) expect(typeof selection).toBe('object');
      }),
    );
  });

  test('finds every exact sum that brute force finds among few coins', () => {
    const small = fc.array(fc.bigInt(1n, 30n), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(small, fc.bigInt(1n, 100n), (list, target) => {
        const sums = new Set([0n]);
        for (const amount of list) for (const sum of Array.from(sums)) sums.add(sum + amount);
        const coins = list.map((amount) => coinOf(owners[0]!, amount));
        const selection = outcome(coins, { target, dustLimit: dust, maxBytes: 1_000_000 });
        expect(typeof selection === 'object' && selection.change === 0n).toBe(sums.has(target));
      }),
      { numRuns: 300 },
    );
  });
});

describe('strategies', () => {
  const request = { target: 50_000n, dustLimit: dust, maxBytes: 100_000 };
  const coins = [
    coinOf(owners[0]!, 30_001n, { createdHeight: 9 }),
    coinOf(owners[0]!, 90_000n, { createdHeight: 5 }),
    coinOf(owners[0]!, 60_000n, { createdHeight: 7 }),
    coinOf(owners[0]!, 22_002n, { createdHeight: 1 }),
    coinOf(owners[0]!, 4_003n, { createdHeight: 2 }),
  ];
  const amountsOf = (selection: Selection): bigint[] => selection.coins.map((c) => c.amount);

  test('fewest takes the smallest single coin', () => {
    const selection = selectCoins(coins, request);
    expect(selection.method).toBe('single');
    expect(amountsOf(selection)).toEqual([60_000n]);
  });
  test('oldest takes aged coins and leaves out what is not needed', () => {
    const selection = selectCoins(coins, { ...request, strategy: 'oldest' });
    expect(amountsOf(selection)).toEqual([90_000n]);
    const less = selectCoins(coins, { ...request, target: 25_000n, strategy: 'oldest' });
    expect(amountsOf(less)).toEqual([22_002n, 4_003n]);
  });
  test('smallest tidies up', () => {
    const selection = selectCoins(coins, { ...request, strategy: 'smallest' });
    expect(amountsOf(selection)).toEqual([22_002n, 30_001n]);
  });
  test('a strategy that bounds defeat falls back to the largest coins', () => {
    const many = Array.from({ length: 50 }, () => coinOf(owners[0]!, 2_000n));
    const wide = { target: 99_000n, dustLimit: dust, maxBytes: 100_000, maxInputs: 10 };
    expect(outcome(many, wide)).toBe('WALLET_INPUTS_TOO_MANY');
    const apart = many.map((coin, i) => ({ ...coin, createdHeight: i }));
    const large = [4, 14, 24, 34, 44].map((height) =>
      coinOf(owners[0]!, 19_999n, { createdHeight: height }),
    );
    expect(outcome([...apart, ...large], { ...wide, strategy: 'oldest' })).toMatchObject({
      method: 'fewest',
      change: 2_995n,
    });
  });
  test('nothing to pay is refused', () => {
    expect(outcome(coins, { ...request, target: 0n })).toBe('WALLET_AMOUNT');
  });
});
