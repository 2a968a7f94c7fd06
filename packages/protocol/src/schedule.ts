import { Writer } from '@mxd/codec';
import { sha512, tagBytes } from '@mxd/crypto/hash';

import { ProtocolError } from './errors.ts';
import { type BlockHash } from './primitives.ts';
import { type Table } from './table.ts';

/** How leaders follow each other: by rank, or shuffled with weights 2 to 4. */
export const leaderMode = { rankRoundRobin: 0, weightedShuffle: 1 } as const;
export type LeaderMode = (typeof leaderMode)[keyof typeof leaderMode];

/** Uniform draw 0..k for step k of round r; the seed fixes it. */
function draw(seed: BlockHash, round: number, k: number): number {
  const writer = new Writer(75);
  writer.bytes(tagBytes('RSC1SCHD'));
  writer.bytes(seed);
  writer.u8(round);
  writer.u16(k);
  const digest = sha512(writer.finish());
  return new DataView(digest.buffer, digest.byteOffset, 4).getUint32(0) % (k + 1);
}

/**
 * The leaders of an epoch as table indices: `leader(view) = schedule[(view - 1) % length]`.
 * `seed` is the hash of the epoch's anchor (the last block of the epoch before, or genesis).
 */
export function leaderSchedule(table: Table, mode: LeaderMode, seed: BlockHash): readonly number[] {
  const indices = table.entries.map((_, index) => index);
  if (mode === leaderMode.rankRoundRobin) return indices;
  const weights = table.entries.map((entry) => entry.leaderWeight);
  const schedule: number[] = [];
  const rounds = Math.max(...weights);
  for (let round = 0; round < rounds; round++) {
    const pool = indices.filter((index) => (weights[index] as number) > round);
    for (let k = pool.length - 1; k >= 1; k--) {
      const j = draw(seed, round, k);
      const swapped = pool[k] as number;
      pool[k] = pool[j] as number;
      pool[j] = swapped;
    }
    schedule.push(...pool);
  }
  if (schedule.length === 0) {
    throw new ProtocolError('PARAMETER_RANGE', 'every leader weight of the table is zero');
  }
  return schedule;
}

/** Position 0 is the leader, then all others by ascending table index. */
export function signingOrder(n: number, leader: number): readonly number[] {
  const order = [leader];
  for (let index = 0; index < n; index++) if (index !== leader) order.push(index);
  return order;
}

/** The table index before `index` in the signing order of a view led by `leader`; -1 for none. */
export function previousSigner(index: number, leader: number): number {
  if (index === leader) return -1;
  const before = index - 1 === leader ? index - 2 : index - 1;
  return before < 0 ? leader : before;
}
