import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { honest, quorum, relay, validated } from '../../src/thresholds.ts';

const total = fc.integer({ min: 1, max: 1_000_100 });

describe('thresholds', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 4],
    [7, 5],
    [10, 7],
    [100, 67],
  ])('quorum of %i is %i', (power, expected) => {
    expect(quorum(power)).toBe(expected);
  });

  test('a quorum is more than two thirds, and no more than needed', () => {
    fc.assert(
      fc.property(total, (t) => {
        expect(3 * quorum(t)).toBeGreaterThan(2 * t);
        expect(3 * (quorum(t) - 1)).toBeLessThanOrEqual(2 * t);
        expect(quorum(t)).toBeLessThanOrEqual(t);
      }),
    );
  });

  test('two quorums share a correct validator', () => {
    fc.assert(
      fc.property(total, (t) => {
        const mostFaulty = Math.ceil(t / 3) - 1;
        expect(2 * quorum(t) - t).toBeGreaterThan(mostFaulty);
        expect(honest(t)).toBeGreaterThan(mostFaulty);
        expect(t - mostFaulty).toBeGreaterThanOrEqual(quorum(t));
      }),
    );
  });

  test('validated is half, relay a bounded count', () => {
    expect([1, 2, 3, 4, 5].map(validated)).toEqual([1, 1, 2, 2, 3]);
    expect([1, 2, 3, 4, 15, 16, 100].map(relay)).toEqual([1, 2, 3, 3, 3, 4, 25]);
  });
});
