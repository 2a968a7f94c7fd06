import { describe, expect, test } from 'vitest';

import { keyPoint } from '../../src/ed25519-keys.ts';
import { limits } from '../../src/limits.ts';
import { pureSuites } from '../../src/suites.ts';

const keyOf = (fill: number): Uint8Array =>
  pureSuites[1].publicKeyOf(new Uint8Array(32).fill(fill));

describe('points of keys', () => {
  test('are decoded once and are those of their bytes', () => {
    const key = keyOf(200);
    const point = keyPoint(key);
    expect(point.toBytes()).toEqual(key);
    expect(keyPoint(key.slice())).toBe(point);
    expect(keyPoint(keyOf(201))).not.toBe(point);
  });

  test('make way for others, the least recently used first', () => {
    const [kept, left] = [keyOf(202), keyOf(203)];
    const first = [keyPoint(left), keyPoint(kept)];
    for (let fill = 0; fill < limits.keyPointCache.value - 1; fill++) {
      keyPoint(keyOf(fill));
      expect(keyPoint(kept)).toBe(first[1]);
    }
    expect(keyPoint(left)).not.toBe(first[0]);
    expect(keyPoint(left).toBytes()).toEqual(left);
  });

  test('multiply the same with and without their table', () => {
    const often = keyPoint(keyOf(204));
    const fresh = often.add(often.subtract(often));
    for (let i = 0; i < 6; i++) keyPoint(keyOf(204));
    for (const scalar of [0n, 1n, 2n, 16n, 31n, (1n << 252n) + 12345n, 7n ** 88n]) {
      expect(often.multiplyUnsafe(scalar).toBytes()).toEqual(
        fresh.multiplyUnsafe(scalar).toBytes(),
      );
    }
  });

  test('bytes that are no point are refused every time', () => {
    const noPoint = new Uint8Array(32).fill(2, 0, 1);
    for (let i = 0; i < 3; i++) expect(() => keyPoint(noPoint)).toThrow();
  });
});
