import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  emptyMap,
  mapDelete,
  mapFromSorted,
  mapGet,
  mapSet,
  mapValues,
  type OrderedMap,
} from '../../../src/validators/ordered-map.ts';

const keyFor = (n: number): string => n.toString(16).padStart(4, '0');

function checkShape(map: OrderedMap<unknown>): void {
  const keys = map.chunks.flatMap((chunk) => chunk.keys);
  expect(keys).toStrictEqual([...new Set(keys)].toSorted());
  expect(keys.length).toBe(map.size);
  for (const chunk of map.chunks) {
    expect(chunk.keys.length).toBe(chunk.values.length);
    expect(chunk.keys.length).toBeGreaterThan(0);
    expect(chunk.keys.length).toBeLessThanOrEqual(128);
  }
}

describe('ordered map', () => {
  test('behaves as a Map with sorted keys, and never changes an older version', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 400 }),
      value: fc.option(fc.integer(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const model = new Map<string, number>();
        let map = emptyMap<number>();
        const versions: { map: OrderedMap<number>; seen: number[] }[] = [];
        for (const [i, { key, value }] of steps.entries()) {
          const name = keyFor(key);
          if (value === undefined) {
            const isThere = model.delete(name);
            const next = mapDelete(map, name);
            if (!isThere) expect(next).toBe(map);
            map = next;
          } else {
            model.set(name, value);
            map = mapSet(map, name, value);
          }
          expect(mapGet(map, name)).toBe(value);
          if (i % 50 === 0) versions.push({ map, seen: [...mapValues(map)] });
        }
        checkShape(map);
        const sorted = [...model].toSorted(([a], [b]) => (a < b ? -1 : 1));
        expect([...mapValues(map)]).toStrictEqual(sorted.map(([, value]) => value));
        for (const version of versions) {
          expect([...mapValues(version.map)]).toStrictEqual(version.seen);
        }
        const loaded = mapFromSorted(sorted);
        checkShape(loaded);
        expect([...mapValues(loaded)]).toStrictEqual([...mapValues(map)]);
      }),
      { numRuns: 40 },
    );
  });

  test('an update of a large map shares all other chunks', () => {
    const entries = Array.from({ length: 10_000 }, (_, i) => [keyFor(i), i] as const);
    const map = mapFromSorted(entries);
    const changed = mapSet(map, keyFor(5_000), -1);
    const shared = changed.chunks.filter((chunk) => map.chunks.includes(chunk));
    expect(shared.length).toBe(map.chunks.length - 1);
    expect(mapGet(map, keyFor(5_000))).toBe(5_000);
    expect(mapGet(changed, keyFor(5_000))).toBe(-1);
    expect(mapGet(changed, 'ffff')).toBeUndefined();
    expect(mapGet(changed, '')).toBeUndefined();
  });
});
