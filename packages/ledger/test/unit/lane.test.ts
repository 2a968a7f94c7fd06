import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Entry } from '../../src/mempool/entry.ts';
import { bitLength, Lane, logBucket } from '../../src/mempool/lane.ts';
import { rateCost, TokenBuckets } from '../../src/mempool/rates.ts';
import { VerifiedCache } from '../../src/verified-cache.ts';

function entry(name: number): Entry {
  return new Entry({
    bytes: new Uint8Array(100 + (name % 7)),
    txidText: String(name),
    wtxidText: '',
    inputKeys: [],
    owners: [],
    tip: 0n,
    validFrom: 0,
    expiresAt: 0,
    signatureWeight: 1,
    outputCount: 1,
    arrivedMs: 0,
  });
}

describe('log buckets', () => {
  test('bit length is that of the binary text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 130n }), (value) => {
        expect(bitLength(value)).toBe(value.toString(2).length);
      }),
    );
    expect(bitLength(0n)).toBe(0);
  });

  test('never fall while the value grows, and double in a fixed number of steps', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 100n }),
        fc.bigInt({ min: 0n, max: 2n ** 100n }),
        fc.integer({ min: 0, max: 6 }),
        (a, b, bits) => {
          const [low, high] = a < b ? [a, b] : [b, a];
          expect(logBucket(low, bits)).toBeLessThanOrEqual(logBucket(high, bits));
          if (low > 2n ** 8n)
            expect(logBucket(2n * low, bits)).toBe(logBucket(low, bits) + 2 ** bits);
        },
      ),
    );
    expect(logBucket(0n, 4)).toBe(0);
    expect(logBucket(1n, 4)).toBe(1);
  });
});

describe('a lane', () => {
  test('agrees with a sorted list under random additions and removals', () => {
    const command = fc.record({ add: fc.boolean(), at: fc.nat(), bucket: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const lane = new Lane(150);
        let list: { entry: Entry; bucket: number }[] = [];
        let name = 0;
        for (const { add, at, bucket } of commands) {
          if (add || list.length === 0) {
            const made = entry(name++);
            lane.add(made, bucket);
            list.push({ entry: made, bucket: Math.min(149, bucket) });
          } else {
            const gone = list[at % list.length]!;
            lane.remove(gone.entry);
            list = list.filter((each) => each !== gone);
          }
          const order = list.toSorted((a, b) => b.bucket - a.bucket);
          expect([...lane.best()].map((each) => each.txidText)).toEqual(
            order.map((each) => each.entry.txidText),
          );
          const lowest = Math.min(...list.map((each) => each.bucket));
          const worst = list.findLast((each) => each.bucket === lowest);
          expect(lane.worst()).toBe(worst?.entry);
          expect(lane.count).toBe(list.length);
          expect(lane.bytes).toBe(list.reduce((sum, each) => sum + each.entry.size, 0));
        }
      }),
    );
  });
});

describe('rates', () => {
  test('fresh coins cost their size, rested ones nothing, in between in proportion', () => {
    expect(rateCost(200, 0n, 1_000n, 100)).toBe(200);
    expect(rateCost(200, 50_000n, 1_000n, 100)).toBe(100);
    expect(rateCost(200, 100_000n, 1_000n, 100)).toBe(0);
    expect(rateCost(200, 2n ** 90n, 1_000n, 100)).toBe(0);
    expect(rateCost(200, 0n, 0n, 100)).toBe(200);
  });

  test('buckets refill with time up to the burst, and forget the one idle longest', () => {
    const buckets = new TokenBuckets({ burst: 100, start: 50, perSecond: 10, max: 2 });
    expect(buckets.has('a', 51, 0)).toBe(false);
    buckets.take('a', 50, 0);
    expect(buckets.has('a', 10, 999)).toBe(false);
    expect(buckets.has('a', 10, 1_000)).toBe(true);
    expect(buckets.has('a', 100, 60_000)).toBe(true);
    expect(buckets.has('a', 101, 60_000)).toBe(false);
    // A clock that steps back gives and takes nothing.
    expect(buckets.has('a', 1, -5_000)).toBe(false);
    buckets.take('b', 1, 0);
    buckets.take('c', 1, 0);
    expect(buckets.size).toBe(2);
    expect(buckets.has('a', 50, 0)).toBe(true);
    buckets.take('d', 0, 0);
    expect(buckets.size).toBe(2);
  });
});

test('the cache of verified names stays within its bound and keeps what is used', () => {
  const cache = new VerifiedCache(10);
  for (let i = 0; i < 1_000; i++) {
    cache.add(`n${i}`);
    expect(cache.size).toBeLessThanOrEqual(10);
    expect(cache.has(`n${i}`)).toBe(true);
    cache.add('kept');
    expect(cache.has('kept')).toBe(true);
  }
  expect(cache.has('n1')).toBe(false);
});
