import { keyOf } from '@mxd/protocol/primitives';
import { type TableEntry } from '@mxd/protocol/table';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  accrualTotal,
  accruedTo,
  applyTips,
  currentTable,
  ValidatorStateError,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { shareTips, tipRecipients } from '../../../src/validators/tips.ts';
import { genesisOf, people, type Person } from '../fixture.ts';
import { made } from '../made-state.ts';
import { referenceTips } from '../reference.ts';

const max = 2n ** 64n - 1n;
const four = people(4);
const state = genesisOf(four).state;
const at = (tipTotal: bigint, proposerId: Uint8Array, height = 5) => ({
  height,
  proposerId,
  tipTotal,
});

/** The same state with one entry of its table changed. */
function withEntry(
  from: ValidatorState,
  index: number,
  change: Partial<TableEntry>,
): ValidatorState {
  const record = from.epochs.at(-1)!;
  const entries = record.table.entries.map((entry, i) =>
    i === index ? { ...entry, ...change } : entry,
  );
  return { ...from, epochs: [{ ...record, table: { ...record.table, entries } }] };
}

describe('shares', () => {
  test('worked by hand', () => {
    expect(shareTips(100n, 4)).toStrictEqual([50n, 25n, 12n, 13n]);
    expect(shareTips(100n, 1)).toStrictEqual([100n]);
    expect(shareTips(7n, 9)).toStrictEqual([3n, 2n, 1n, 1n]);
    expect(shareTips(1n, 3)).toStrictEqual([1n]);
    expect(shareTips(2n, 3)).toStrictEqual([1n, 1n]);
    expect(shareTips(3n, 2)).toStrictEqual([1n, 2n]);
    expect(shareTips(0n, 3)).toStrictEqual([0n]);
    expect(shareTips(5n, 0)).toStrictEqual([]);
    expect(shareTips(max, 200).length).toBeLessThanOrEqual(65);
  });
});

describe('tips of a block', () => {
  const [first, second, third, fourth] = currentTable(state).entries;

  test('go to the proposer, then by rank', () => {
    const after = applyTips(state, state, at(100n, third!.id));
    const credited = [third, first, second, fourth].map((entry) => accruedTo(after, entry!.id));
    expect(credited).toStrictEqual([50n, 25n, 12n, 13n]);
    expect(after.totals).toBe(state.totals);
    const again = applyTips(after, after, at(4n, first!.id));
    expect(accruedTo(again, first!.id)).toBe(27n);
  });

  test('without tips nothing changes', () => {
    expect(applyTips(state, state, at(0n, first!.id))).toBe(state);
  });

  test('pass over members that are not eligible, the proposer too', () => {
    const unfit = withEntry(state, 2, { tipEligible: false });
    expect(tipRecipients(unfit, at(0n, third!.id)).map(keyOf)).toStrictEqual(
      [first, second, fourth].map((entry) => keyOf(entry!.id)),
    );
  });

  test('pass over whoever the state before the block has blacklisted at its height', () => {
    const blacklisted = (blacklistedUntil: number) =>
      made({ everybody: four.map((who) => ({ who, seat: { stake: 1n }, blacklistedUntil })) });
    expect(tipRecipients(blacklisted(4), at(0n, first!.id)).length).toBe(4);
    expect(tipRecipients(blacklisted(5), at(0n, first!.id)).length).toBe(0);
    // What the block itself did to the blacklist counts from the next height on.
    const after = applyTips(state, blacklisted(99), at(8n, first!.id));
    expect(accrualTotal(after)).toBe(8n);
  });

  test('wait for the next block that can credit somebody', () => {
    const nobody = four.reduce((s, _, i) => withEntry(s, i, { tipEligible: false }), state);
    const carried = applyTips(nobody, nobody, at(9n, first!.id));
    expect(carried.totals.tipCarry).toBe(9n);
    expect(accrualTotal(carried)).toBe(0n);
    const more = applyTips(nobody, carried, at(1n, first!.id));
    expect(more.totals.tipCarry).toBe(10n);
    const paid = applyTips(state, { ...state, totals: more.totals }, at(0n, first!.id));
    expect(paid.totals.tipCarry).toBe(0n);
    expect(accrualTotal(paid)).toBe(10n);
  });

  test('more than can exist is refused', () => {
    const full = { ...state, totals: { ...state.totals, tipCarry: max } };
    expect(() => applyTips(state, full, at(1n, first!.id))).toThrow(ValidatorStateError);
  });

  test('are conserved to the unit and shared as the text says, at 0, 1, 2 and 2^64 - 1 too', () => {
    const amount = fc.oneof(
      fc.constantFrom(0n, 1n, 2n, 3n, max, max - 1n),
      fc.bigInt({ min: 0n, max }),
    );
    const table = (many: readonly Person[]) => genesisOf(many).state;
    const sizes = [1, 2, 3, 7, 70].map((n) => table(people(n)));
    fc.assert(
      fc.property(
        fc.constantFrom(...sizes),
        amount,
        amount,
        fc.nat(),
        fc.array(fc.boolean(), { minLength: 70, maxLength: 70 }),
        (base, carry, tip, leader, eligible) => {
          fc.pre(carry + tip <= max);
          const { entries } = currentTable(base);
          const start = { ...base, totals: { totalSupply: max, tipCarry: carry } };
          const parent = entries.reduce(
            (s, _, i) => withEntry(s, i, { tipEligible: eligible[i]! }),
            start,
          );
          const proposer = entries[leader % entries.length]!;
          const header = at(tip, proposer.id);
          const after = applyTips(parent, parent, header);
          expect(accrualTotal(after) + after.totals.tipCarry).toBe(carry + tip);
          const order = [proposer, ...entries.filter((entry) => entry !== proposer)].filter(
            (entry) => eligible[entries.indexOf(entry)],
          );
          const expected = referenceTips(
            carry + tip,
            order.map((entry) => keyOf(entry.id)),
          );
          for (const entry of entries) {
            expect(accruedTo(after, entry.id)).toBe(expected.get(keyOf(entry.id)) ?? 0n);
          }
          expect(after.totals.tipCarry).toBe(order.length === 0 ? carry + tip : 0n);
          expect(applyTips(parent, parent, header)).toStrictEqual(after);
        },
      ),
      { numRuns: 400 },
    );
  });
});
