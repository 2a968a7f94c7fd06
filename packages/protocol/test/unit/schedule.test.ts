import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { ProtocolError } from '../../src/errors.ts';
import { leaderMode, leaderSchedule, previousSigner, signingOrder } from '../../src/schedule.ts';
import * as a from '../arbitraries.ts';

const seed = a.bytesOf(64);

test('every validator leads its weight in slots per cycle', () => {
  fc.assert(
    fc.property(a.table, seed, (table, anchor) => {
      const schedule = leaderSchedule(table, leaderMode.weightedShuffle, anchor);
      table.entries.forEach((entry, index) => {
        expect(schedule.filter((leader) => leader === index).length).toBe(entry.leaderWeight);
      });
    }),
  );
});

test('the shuffle is Fisher-Yates over the draws of the specification', () => {
  const [table] = fc.sample(a.table, { seed: 5, numRuns: 1 });
  const anchor = new Uint8Array(64).fill(3);
  // Written again from the text, on Node's own hash.
  const expected: number[] = [];
  for (let round = 0; round < 4; round++) {
    const pool = table!.entries.flatMap((entry, i) => (entry.leaderWeight > round ? [i] : []));
    for (let k = pool.length - 1; k >= 1; k--) {
      const tail = Buffer.alloc(3);
      tail.writeUInt8(round, 0);
      tail.writeUInt16BE(k, 1);
      const digest = createHash('sha512').update('RSC1SCHD').update(anchor).update(tail).digest();
      const j = digest.readUInt32BE(0) % (k + 1);
      [pool[k], pool[j]] = [pool[j]!, pool[k]!];
    }
    expected.push(...pool);
  }
  expect(leaderSchedule(table!, leaderMode.weightedShuffle, anchor)).toEqual(expected);
});

test('round robin follows rank', () => {
  fc.assert(
    fc.property(a.table, seed, (table, anchor) => {
      expect(leaderSchedule(table, leaderMode.rankRoundRobin, anchor)).toEqual(
        table.entries.map((_, i) => i),
      );
    }),
  );
});

test('a table in which nobody may lead is refused', () => {
  const [table] = fc.sample(a.table, { seed: 6, numRuns: 1 });
  const idle = {
    ...table!,
    entries: table!.entries.map((entry) => ({ ...entry, leaderWeight: 0 })),
  };
  expect(() => leaderSchedule(idle, leaderMode.weightedShuffle, new Uint8Array(64))).toThrow(
    ProtocolError,
  );
});

test('the leader signs first, the others by rank, and predecessors agree with the order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(), (n, pick) => {
      const leader = pick % n;
      const order = signingOrder(n, leader);
      expect(order[0]).toBe(leader);
      expect(order.slice(1)).toEqual(order.slice(1).toSorted((x, y) => x - y));
      expect(new Set(order).size).toBe(n);
      order.forEach((index, position) => {
        expect(previousSigner(index, leader)).toBe(position === 0 ? -1 : order[position - 1]);
      });
    }),
  );
});
