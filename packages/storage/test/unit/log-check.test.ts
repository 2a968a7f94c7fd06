import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../src/crc32c.ts';
import { findLogDamage } from '../../src/level/log-check.ts';

const blockBytes = 32_768;

/** LevelDB's log writer, written again from its format description. */
function writeLog(batches: readonly Uint8Array[]): { log: Buffer; starts: readonly number[] } {
  const parts: Buffer[] = [];
  const starts: number[] = [];
  let at = 0;
  for (const batch of batches) {
    let left = batch;
    for (let fragment = 0; fragment === 0 || left.length > 0; fragment += 1) {
      let room = blockBytes - (at % blockBytes);
      if (room < 7) {
        parts.push(Buffer.alloc(room));
        at += room;
        room = blockBytes;
      }
      if (fragment === 0) starts.push(at);
      const data = left.subarray(0, room - 7);
      left = left.subarray(data.length);
      const type = fragment === 0 ? (left.length === 0 ? 1 : 2) : left.length === 0 ? 4 : 3;
      const record = Buffer.alloc(7 + data.length);
      record.set(data, 7);
      record[6] = type;
      record.writeUInt16LE(data.length, 4);
      const crc = crc32c(record, 0, 6);
      record.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, 0);
      parts.push(record);
      at += record.length;
    }
  }
  return { log: Buffer.concat(parts), starts };
}

const batchSizes = fc.array(
  fc.oneof(fc.integer({ min: 12, max: 300 }), fc.integer({ min: 12, max: 90_000 })),
  {
    minLength: 2,
    maxLength: 6,
  },
);
const filled = (sizes: readonly number[]): Uint8Array[] =>
  sizes.map((size, index) => new Uint8Array(size).map((_, at) => 1 + ((at * 31 + index) % 255)));

describe('looking for damage in a log', () => {
  test('none in a good log, nor in one that a crash cut off anywhere', () => {
    fc.assert(
      fc.property(batchSizes, fc.double({ min: 0, max: 1, noNaN: true }), (sizes, share) => {
        const { log } = writeLog(filled(sizes));
        expect(findLogDamage(log)).toBeUndefined();
        expect(findLogDamage(log.subarray(0, Math.floor(log.length * share)))).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  test('none where sectors of the last batch never reached the disk', () => {
    fc.assert(
      fc.property(batchSizes, fc.nat(), (sizes, place) => {
        const { log, starts } = writeLog(filled([...sizes, 40_000]));
        const torn = starts.at(-1)!;
        const sector = Math.ceil(torn / 512) * 512 + 512 * (place % 60);
        log.fill(0, sector, Math.min(log.length, sector + 512 * 12));
        expect(findLogDamage(log)).toBeUndefined();
      }),
      { numRuns: 60, examples: [[[1510, 218, 197, 39_581, 63_904], 0]] },
    );
  });

  test('found wherever a batch before the last has a changed byte', () => {
    fc.assert(
      fc.property(batchSizes, fc.nat(), fc.integer({ min: 1, max: 255 }), (sizes, place, flip) => {
        const { log, starts } = writeLog(filled(sizes));
        const offset = place % starts.at(-1)!;
        const padding = (offset % blockBytes) + 7 > blockBytes;
        log[offset]! ^= flip;
        const damage = findLogDamage(log);
        // Up to six bytes at the end of a block belong to no record.
        if (damage === undefined) expect(padding).toBe(true);
        else expect(damage).toBeLessThanOrEqual(offset);
      }),
      { numRuns: 200 },
    );
  });

  test('found where the data of the last batch has a changed byte', () => {
    const { log, starts } = writeLog(filled([100, 5000]));
    for (let offset = starts.at(-1)! + 7; offset < log.length; offset += 97) {
      const bad = Buffer.from(log);
      bad[offset]! ^= 1;
      expect(findLogDamage(bad)).toBe(starts.at(-1));
    }
  });
});
