import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  encodeBatch,
  encodeHeader,
  headerBytes,
  recoverJournal,
  scanSegment,
} from '../../src/journal.ts';
import { type JournalRecord } from '../../src/types.ts';
import { voteRecord } from '../harness/records.ts';

const key = new Uint8Array(32).fill(5);
const chainTag = new Uint8Array(32).fill(6);
const salt = new Uint8Array(16).fill(7);
const header = encodeHeader({ consensusKey: key, chainTag, epoch: 1, floor: 0, salt });

/**
 * A segment as the journal writes it: batches, and after each the length that a sync has covered.
 */
function build(batches: readonly (readonly JournalRecord[])[]): {
  bytes: Uint8Array;
  ends: number[];
} {
  let bytes = header;
  let synced = headerBytes;
  const ends: number[] = [];
  for (const batch of batches) {
    const encoded = encodeBatch(salt, bytes.length, synced, batch);
    const grown = new Uint8Array(bytes.length + encoded.length);
    grown.set(bytes);
    grown.set(encoded, bytes.length);
    bytes = grown;
    ends.push(bytes.length);
    synced = bytes.length;
  }
  return { bytes, ends };
}

const recover = (bytes: Uint8Array) => recoverJournal([{ name: '1-0.log', bytes }], key, chainTag);

const record = fc.record({
  type: fc.constantFrom(1, 2, 3, 4, 6) as fc.Arbitrary<1 | 2 | 3 | 4 | 6>,
  payload: fc.uint8Array({ maxLength: 60 }),
});
const batches = fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 5,
});

describe('crash at every byte', () => {
  test('every prefix of a segment recovers the records before it, never corrupt', () => {
    const { bytes } = build([
      [voteRecord(1, 1, 1), voteRecord(3, 1, 1)],
      [voteRecord(2, 1, 2)],
      [voteRecord(1, 1, 3), voteRecord(1, 1, 4)],
    ]);
    let seen = 0;
    for (let length = headerBytes; length <= bytes.length; length++) {
      const recovery = recover(bytes.slice(0, length));
      if (!recovery.ok) throw new Error(`${length}: ${recovery.code}`);
      const count = recovery.journal.epochs.get(1)?.length ?? 0;
      expect(count).toBeGreaterThanOrEqual(seen);
      seen = count;
    }
    expect(seen).toBe(5);
  });

  test('S38: pages of the last batch persisted in any order are a torn tail', () => {
    fc.assert(
      fc.property(
        batches,
        fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
        (all, keep) => {
          const { bytes, ends } = build(all);
          const last = ends.length > 1 ? ends.at(-2)! : headerBytes;
          const torn = bytes.slice();
          for (let at = last; at < torn.length; at += 16) {
            if (keep[((at - last) / 16) % 64] === false) torn.fill(0, at, at + 16);
          }
          const recovery = recover(torn);
          expect(recovery.ok).toBe(true);
          const scan = scanSegment(torn)!;
          const durable = all.slice(0, -1).flat();
          expect(scan.records.slice(0, durable.length)).toEqual(durable);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('damage before the last known sync is never taken for a torn tail', () => {
    fc.assert(
      fc.property(batches, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, where, mask) => {
        const { bytes, ends } = build(all);
        if (ends.length < 2) return;
        const synced = ends.at(-2)!;
        const at = where % synced;
        const damaged = bytes.slice();
        damaged[at]! ^= mask;
        expect(recover(damaged).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes whatever: a verdict, no exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
        const bytes = new Uint8Array(header.length + tail.length);
        bytes.set(header);
        bytes.set(tail, header.length);
        expect(typeof recover(bytes).ok).toBe('boolean');
        expect(typeof recover(tail).ok).toBe('boolean');
      }),
    );
  });

  test('record-shaped bytes inside a payload are no record (salt and offset)', () => {
    const inner = encodeBatch(salt, 0, 0, [voteRecord(1, 1, 9)]);
    const { bytes } = build([[{ type: 2, payload: inner }]]);
    const cut = bytes.slice();
    cut[headerBytes + 21] = 0;
    const scan = scanSegment(cut)!;
    expect(scan.records).toEqual([]);
    expect(scan.syncedBytes).toBe(headerBytes);
  });
});
