import { keyOf } from '@mxd/protocol/primitives';
import { describe, expect, test } from 'vitest';

import {
  applyBondDeltas,
  bondedOf,
  bondedTotal,
  slashedAmount,
  ValidatorStateError,
} from '../../../src/validators/index.ts';
import { genesisOf, people, person } from '../fixture.ts';

const [a, b] = people(2);
const state = genesisOf([a!, b!]).state;
const stranger = person('stranger');
const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    if (error instanceof ValidatorStateError) return error.code;
    throw error;
  }
  return undefined;
};

describe('bond deltas', () => {
  test('add up per id, in any order', () => {
    const after = applyBondDeltas(state, {
      bonded: [
        { id: a!.id, delta: -1_500_000n },
        { id: stranger.id, delta: 7n },
        { id: a!.id, delta: 600_000n },
      ],
      supply: 0n,
    });
    expect(bondedOf(after, a!.id)).toBe(100_000n);
    expect(bondedOf(after, b!.id)).toBe(1_000_000n);
    expect(bondedOf(after, stranger.id)).toBe(7n);
    expect(bondedTotal(after)).toBe(1_100_007n);
    expect(after.totals).toBe(state.totals);
  });

  test('an amount of 0 has no entry', () => {
    const after = applyBondDeltas(state, {
      bonded: [{ id: a!.id, delta: -1_000_000n }],
      supply: 0n,
    });
    expect(after.bonded.size).toBe(1);
    expect(bondedOf(after, a!.id)).toBe(0n);
    expect(bondedOf(after, stranger.id)).toBe(0n);
  });

  test('no change leaves the state as it is', () => {
    const bonded = [
      { id: a!.id, delta: 5n },
      { id: a!.id, delta: -5n },
      { id: stranger.id, delta: 0n },
    ];
    expect(applyBondDeltas(state, { bonded, supply: 0n })).toBe(state);
  });

  test('the supply moves too, within its range', () => {
    const { totalSupply } = state.totals;
    const at = (supply: bigint) =>
      applyBondDeltas(state, { bonded: [], supply }).totals.totalSupply;
    expect(at(5n)).toBe(totalSupply + 5n);
    expect(at(-totalSupply)).toBe(0n);
    expect(codeOf(() => at(-totalSupply - 1n))).toBe('STATE_SUPPLY');
    expect(codeOf(() => at(2n ** 64n))).toBe('STATE_SUPPLY');
  });

  test('what is not bonded cannot be unbonded', () => {
    const at = (id: Uint8Array, delta: bigint) => () =>
      applyBondDeltas(state, { bonded: [{ id, delta }], supply: 0n });
    expect(codeOf(at(a!.id, -1_000_001n))).toBe('STATE_BOND');
    expect(codeOf(at(stranger.id, -1n))).toBe('STATE_BOND');
    expect(codeOf(at(a!.id, 2n ** 64n))).toBe('STATE_BOND');
  });

  test('ids are copied, so that a block can be forgotten', () => {
    const block = new Uint8Array(1_000);
    block.set(stranger.id, 100);
    const id = block.subarray(100, 120);
    const after = applyBondDeltas(state, { bonded: [{ id, delta: 1n }], supply: 0n });
    block.fill(0);
    expect(bondedOf(after, stranger.id)).toBe(1n);
    const entry = after.bonded.chunks.flatMap((chunk) => chunk.values).find((x) => x.amount === 1n);
    expect(keyOf(entry!.id)).toBe(keyOf(stranger.id));
    expect(entry!.id.buffer.byteLength).toBe(20);
  });
});

test('slashing takes its share and rounds down', () => {
  expect(slashedAmount(10_000n, { slashingBp: 500 })).toBe(500n);
  expect(slashedAmount(19_999n, { slashingBp: 1 })).toBe(1n);
  expect(slashedAmount(9_999n, { slashingBp: 1 })).toBe(0n);
  expect(slashedAmount(2n ** 64n - 1n, { slashingBp: 10_000 })).toBe(2n ** 64n - 1n);
});
