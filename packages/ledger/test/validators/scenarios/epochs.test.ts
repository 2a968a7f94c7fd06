import { keyOf } from '@mxd/protocol/primitives';
import { totalPower } from '@mxd/protocol/table';
import { quorum } from '@mxd/protocol/thresholds';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  accruedTo,
  bondedOf,
  currentTable,
  exportSections,
  registryEntry,
  stateFromSections,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { currentSet } from '../../../src/validators/views.ts';
import { TestChain } from '../chain.ts';
import {
  documentOf,
  evidenceOf,
  indexOf,
  joinOf,
  keyNamed,
  leaveOf,
  people,
  person,
  reportOf,
  rotateOf,
  seats,
  type Person,
} from '../fixture.ts';
import { noSample } from '@mxd/protocol/system-records';

const zeros = new Uint8Array(64);
const powerOf = (state: ValidatorState, who: Person): number =>
  currentTable(state).entries[indexOf(state, who)]?.power ?? 0;
const total = (state: ValidatorState): number => totalPower(currentTable(state));
const bond = (who: Person, delta: bigint) => ({ deltas: [{ id: who.id, delta }] });

describe('S24: inactivity and mass leave', () => {
  test('silent members go by the churn cap, down to the floor, and the chain stays', () => {
    const members = people(9);
    const chain = new TestChain(
      documentOf(members, { parameters: { leaderMode: 0, epochLength: 64 } }),
      zeros,
    );
    const silent = new Set(members.slice(0, 8).map((who) => keyOf(who.id)));
    const sizes: number[] = [];
    for (let epoch = 0; epoch < 6; epoch++) {
      const { state } = chain;
      const reporters = currentTable(state).entries.map((entry) => keyOf(entry.id));
      const samples = reporters.map((key) =>
        silent.has(key)
          ? { latencyMs: 500, participationBp: 100 }
          : { latencyMs: 20, participationBp: 10_000 },
      );
      const reports = reporters.map((_, i) =>
        reportOf(state, i, undefined, {
          samples: samples.map((sample, j) =>
            j === i ? { latencyMs: noSample, participationBp: noSample } : sample,
          ),
        }),
      );
      // Only the last member ever proposes: all others miss their slots.
      const step = (records = {}) => {
        const set = currentSet(chain.state);
        let skip = 0;
        while (
          silent.has(
            keyOf(set.table.entries[set.schedule[(chain.view + skip) % set.schedule.length]!]!.id),
          )
        )
          skip++;
        chain.block({ skip, ...records });
      };
      const end = (epoch + 1) * 64;
      while (chain.height < end - 20) step();
      step({ records: reports });
      while (chain.height < end) step();
      sizes.push(currentTable(chain.state).entries.length);
    }
    // 9 div 3 leave in the first epoch, then 6 div 3, then the floor of 4 holds.
    expect(sizes).toStrictEqual([6, 4, 4, 4, 4, 4]);
    expect(seats(chain.state)).toContain(keyOf(members[8]!.id));
  });

  test('all leave at once: a third each epoch, and the last one stays', () => {
    const members = people(9);
    const chain = new TestChain(documentOf(members), zeros);
    chain.block({ records: members.map((who) => leaveOf(chain.state, who)) });
    const sizes = Array.from({ length: 7 }, () => {
      chain.endEpoch();
      return currentTable(chain.state).entries.length;
    });
    // 3 of 9, 2 of 6, 1 of 4, 1 of 3, the first that always fits of 2, and one that stays.
    expect(sizes).toStrictEqual([6, 4, 3, 2, 1, 1, 1]);
    expect(chain.state.queue.length).toBe(1);
  });
});

describe('S25: evidence', () => {
  test('once per epoch and validator; against a removed member; never after three epochs', () => {
    const members = people(7);
    const chain = new TestChain(documentOf(members, { parameters: { blacklistBlocks: 5 } }), zeros);
    const crime = evidenceOf(chain.state, 2, 1, 4);
    const again = evidenceOf(chain.state, 2, 1, 9);
    const { signerId } = crime;
    const culprit = members.find((who) => keyOf(who.id) === keyOf(signerId))!;
    chain.block({ records: [leaveOf(chain.state, culprit)] });
    chain.endEpoch();
    expect(indexOf(chain.state, culprit)).toBe(-1);
    // It left, and can still be convicted of what it did.
    chain.block({ records: [crime] });
    expect(registryEntry(chain.state, signerId)).toMatchObject({
      blacklistedUntil: 22,
      lastEvidenceHeight: 17,
    });
    expect(chain.tryBlock({ records: [crime] })).toBe('EVIDENCE_PROCESSED');
    expect(chain.tryBlock({ records: [again] })).toBe('EVIDENCE_PROCESSED');
    const late = evidenceOf(chain.state, 3, 1, 4);
    chain.endEpoch();
    chain.endEpoch();
    expect(chain.tryBlock({ records: [late] })).toBe('EVIDENCE_EPOCH');
    expect(chain.state.evidence.size).toBe(0);
  });

  test('the convicted gets no tips from the next height on, and no seat', () => {
    const chain = new TestChain(documentOf(people(4), { parameters: { leaderMode: 0 } }), zeros);
    const evidence = evidenceOf(chain.state, 1);
    const credited = () => accruedTo(chain.state, evidence.signerId);
    chain.block({ tip: 64n });
    expect(credited()).toBe(16n);
    chain.block({ tip: 64n, records: [evidence] });
    // Its own view, and the state before the block had nothing against it.
    expect(credited()).toBe(48n);
    chain.block({ tip: 64n });
    expect(credited()).toBe(48n);
    chain.endEpoch();
    expect(seats(chain.state)).not.toContain(keyOf(evidence.signerId));
  });
});

describe('S26: latency vectors', () => {
  test('liars under a third stay within what honest observers measured', () => {
    const members = people(10);
    const values = fc.integer({ min: 0, max: 5_000 });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 40, max: 90 }), { minLength: 10, maxLength: 10 }),
        fc.array(values, { minLength: 3, maxLength: 3 }),
        fc.subarray([3, 4, 5, 6, 7, 8, 9], { minLength: 6 }),
        (honest, lies, included) => {
          const chain = new TestChain(
            documentOf(members, { parameters: { powerMode: 0, joinPolicy: 1 } }),
            zeros,
          );
          chain.runTo(8);
          const { state } = chain;
          const reporters = [0, 1, 2, ...included];
          chain.block({
            records: reporters.map((i) => {
              const latencyMs = i < 3 ? lies[i]! : honest[i]!;
              return reportOf(state, i, { latencyMs, participationBp: 9_000 });
            }),
          });
          chain.endEpoch();
          const range = included.map((i) => honest[i]!);
          for (const { latencyMs } of currentTable(chain.state).entries) {
            const isMeasured = latencyMs !== 500;
            if (!isMeasured) continue;
            expect(latencyMs).toBeGreaterThanOrEqual(Math.min(...range));
            expect(latencyMs).toBeLessThanOrEqual(Math.max(...range));
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('S27: weighted power', () => {
  test('one validator just above and below a third', () => {
    const [whale, ...rest] = people(4) as unknown as [Person, ...Person[]];
    const powers = (stake: bigint) => {
      const { state } = new TestChain(
        documentOf([{ ...whale, stake }, ...rest.map((who) => ({ ...who, stake: 1_000_000n }))]),
        zeros,
      );
      return [powerOf(state, whale), total(state) - powerOf(state, whale), quorum(total(state))];
    };
    // 1,500,000 of 4,500,000 is a third: the rest alone cannot make a quorum.
    expect(powers(1_500_000n)).toStrictEqual([333_333, 666_666, 667_000 - 333]);
    const [, others, needed] = powers(1_499_000n);
    expect(others).toBeGreaterThanOrEqual(needed!);
    const [, fewer, more] = powers(1_501_000n);
    expect(fewer).toBeLessThan(more!);
  });
});

describe('S41: whales', () => {
  test('a whale that joins gets a seventh of the power at most, and grows step by step', () => {
    const members = people(6);
    const whale = person('whale');
    const chain = new TestChain(documentOf(members, { free: 100_000_000n }), zeros);
    chain.block(bond(whale, 50_000_000n));
    chain.block({ records: [joinOf(chain.state, whale, { recentHash: chain.hashes[0]! })] });
    const shares: number[] = [];
    for (let i = 0; i < 5; i++) {
      chain.endEpoch();
      const share = powerOf(chain.state, whale) / total(chain.state);
      const before = shares.at(-1) ?? 0;
      // What is new is at most 1/7 of the new table.
      expect(share - before).toBeLessThanOrEqual(1 / 7 + 1e-6);
      shares.push(share);
    }
    expect(shares[0]).toBeCloseTo(1 / 7, 4);
    expect(shares.toSorted((x, y) => x - y)).toStrictEqual(shares);
    // A third is passed in the third epoch at the earliest, after two chances to see it coming.
    expect(shares[1]).toBeLessThan(1 / 3);
  });

  test('a member that tops up to half of the stake is held back the same way', () => {
    const members = people(6);
    const [whale] = members as unknown as [Person];
    const chain = new TestChain(documentOf(members, { free: 100_000_000n }), zeros);
    chain.block(bond(whale, 90_000_000n));
    chain.endEpoch();
    expect(currentTable(chain.state).entries[indexOf(chain.state, whale)]!.stake).toBe(2_000_000n);
    expect(powerOf(chain.state, whale) / total(chain.state)).toBeLessThan(0.29);
  });

  test('who unbonds and equivocates is out at once', () => {
    const members = people(4);
    const chain = new TestChain(documentOf(members), zeros);
    const evidence = evidenceOf(chain.state, 0);
    const culprit = members.find((who) => keyOf(who.id) === keyOf(evidence.signerId))!;
    chain.block(bond(culprit, -1_000_000n));
    chain.block({ records: [evidence] });
    expect(bondedOf(chain.state, culprit.id)).toBe(0n);
    chain.endEpoch();
    expect(seats(chain.state).length).toBe(3);
    // Back with new stake and key, but not while blacklisted.
    chain.block(bond(culprit, 1_000_000n));
    const join = joinOf(chain.state, culprit, {
      seq: 1,
      recentHash: chain.hashes[0]!,
      consensusKey: keyNamed('new'),
    });
    expect(chain.tryBlock({ records: [join] })).toBe('JOIN_BLACKLISTED');
  });
});

describe('S42: corners', () => {
  test('every member blacklisted: the table stays and tips wait', () => {
    const chain = new TestChain(
      documentOf(people(4), { parameters: { blacklistBlocks: 20 } }),
      zeros,
    );
    chain.block({ records: [0, 1, 2, 3].map((i) => evidenceOf(chain.state, i)) });
    chain.block({ tip: 5_000n });
    expect(chain.state.totals.tipCarry).toBe(5_000n);
    chain.endEpoch();
    expect(seats(chain.state).length).toBe(4);
    chain.endEpoch();
    expect(seats(chain.state).length).toBe(4);
    expect(chain.state.totals.tipCarry).toBe(0n);
  });

  test('EQUAL without any stake', () => {
    const parameters = { powerMode: 0, joinPolicy: 1, minStakePpm: 0 } as const;
    const members = people(3).map((who) => ({ ...who, stake: 0n }));
    const extra = person('extra');
    const chain = new TestChain(
      documentOf(members, { parameters, listed: [extra.id], free: 0n }),
      zeros,
    );
    expect(chain.state.totals.totalSupply).toBe(0n);
    chain.block({ records: [joinOf(chain.state, extra, { recentHash: chain.hashes[0]! })] });
    chain.endEpoch();
    expect(currentTable(chain.state).entries.map((entry) => entry.power)).toStrictEqual([
      1, 1, 1, 1,
    ]);
    chain.endEpoch();
  });

  test('n = 1, with a change of its key and of its seat', () => {
    const [alone] = people(1) as unknown as [Person];
    const heir = person('heir');
    const chain = new TestChain(documentOf([alone]), zeros);
    chain.block({ records: [rotateOf(chain.state, alone, keyNamed('fresh'))] });
    chain.endEpoch();
    expect(currentTable(chain.state).entries[0]!.consensusKey).toStrictEqual(keyNamed('fresh'));
    chain.block(bond(heir, 500_000n));
    const recentHash = chain.hashes[0]!;
    chain.block({ records: [joinOf(chain.state, heir, { recentHash })] });
    chain.endEpoch();
    chain.block({ records: [leaveOf(chain.state, alone, { seq: 2 })] });
    chain.endEpoch();
    expect(seats(chain.state)).toStrictEqual([keyOf(heir.id)]);
  });

  test('E = 16 with random life: sums hold, states survive their sections', () => {
    const members = people(5);
    const strangers = Array.from({ length: 4 }, (_, i) => person(`stranger ${i}`));
    const all = [...members, ...strangers];
    const act = fc.record({
      kind: fc.constantFrom('bond', 'unbond', 'join', 'leave', 'rotate', 'evidence', 'report'),
      who: fc.nat({ max: all.length - 1 }),
      amount: fc.bigInt({ min: 1n, max: 2_000_000n }),
    });
    const beat = fc.record({
      skip: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(9) }),
      tip: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 5_000n })),
      act: fc.option(act, { nil: undefined, freq: 2 }),
    });
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(beat, { minLength: 70, maxLength: 100 }), (beats) => {
        const chain = new TestChain(
          documentOf(members, { free: 50_000_000n, parameters: { blacklistBlocks: 20 } }),
          zeros,
        );
        for (const [n, { skip, tip, act: what }] of beats.entries()) {
          const { state } = chain;
          const who = all[what?.who ?? 0]!;
          const seq = (registryEntry(state, who.id)?.lastSeq ?? 0) + 1;
          const recent = { recentHeight: 0, recentHash: chain.hashes[0]! };
          const fresh = keyNamed(`${who.name} ${n}`);
          const size = currentTable(state).entries.length;
          const wish = (): Parameters<TestChain['block']>[0] => {
            switch (what?.kind) {
              case 'bond':
                return bond(who, what.amount);
              case 'unbond': {
                const bonded = bondedOf(state, who.id);
                return bond(who, bonded < what.amount ? -bonded : -what.amount);
              }
              case 'join':
                return { records: [joinOf(state, who, { ...recent, seq, consensusKey: fresh })] };
              case 'leave':
                return { records: [leaveOf(state, who, { seq })] };
              case 'rotate':
                return { records: [rotateOf(state, who, fresh, { seq })] };
              case 'evidence':
                return { records: [evidenceOf(state, what.who % size)] };
              case 'report':
                return { records: [reportOf(state, what.who % size)] };
              default:
                return {};
            }
          };
          const code = chain.tryBlock({ skip, tip, ...wish() });
          // A block with a record that is invalid now is refused whole, and leaves no trace.
          if (code !== undefined) {
            expect(chain.state).toBe(state);
            chain.block({ skip, tip });
          } else if (what !== undefined) accepted++;
        }
        const loaded = stateFromSections(chain.state.chain, exportSections(chain.state));
        if (!loaded.ok) throw new TypeError(loaded.reason);
        expect(exportSections(loaded.value)).toStrictEqual(exportSections(chain.state));
      }),
      { numRuns: 25 },
    );
    expect(accepted).toBeGreaterThan(300);
  }, 120_000);
});
