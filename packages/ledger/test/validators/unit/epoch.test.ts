import { taggedHash } from '@mxd/crypto/hash';
import { keyOf } from '@mxd/protocol/primitives';
import { describe, expect, test } from 'vitest';

import {
  accrualTotal,
  accruedTo,
  applicationRoot,
  bondedOf,
  currentTable,
  endEpoch,
  nextTable,
  ValidatorStateError,
  validatorSetOf,
  validatorSets,
} from '../../../src/validators/index.ts';
import { mapGet } from '../../../src/validators/ordered-map.ts';
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

const zeros = new Uint8Array(64);
const members = people(4);
const [a, b] = members as unknown as [Person, Person];
const start = (parameters: Parameters<typeof documentOf>[1] = {}, who = members) =>
  new TestChain(documentOf(who, parameters), zeros);
const bond = (who: Person, delta: bigint) => ({ deltas: [{ id: who.id, delta }] });

describe('end of an epoch', () => {
  test('opens the next one with the table that the header names', () => {
    const chain = start();
    chain.runTo(16);
    const expected = nextTable(chain.state).table;
    chain.block();
    expect(currentTable(chain.state)).toBe(expected);
    expect(chain.state.epochs.map(({ epoch }) => epoch)).toStrictEqual([1, 2]);
    expect(chain.state.epochs[1]!.anchorHash).toStrictEqual(chain.hashes[16]);
    expect(validatorSetOf(chain.state, 2)!.anchorHash).toStrictEqual(chain.hashes[16]);
    expect(validatorSetOf(chain.state, 9)).toBeUndefined();
  });

  test('keeps the records of three epochs', () => {
    const chain = start();
    const kept = Array.from({ length: 5 }, () => {
      chain.endEpoch();
      return validatorSets(chain.state).map((set) => set.epoch);
    });
    expect(kept).toStrictEqual([
      [1, 2],
      [1, 2, 3],
      [2, 3, 4],
      [3, 4, 5],
      [4, 5, 6],
    ]);
  });

  test('only a boundary ends an epoch', () => {
    const { state } = start();
    const at = (height: number) => () =>
      endEpoch(state, state, { height, parentHash: zeros }, zeros);
    expect(at(15)).toThrow(ValidatorStateError);
    expect(at(17)).toThrow(ValidatorStateError);
  });

  test('counters start again, misses in a row go on', () => {
    const chain = start({ parameters: { leaderMode: 0 } });
    chain.runTo(16);
    chain.block({ skip: 2 });
    const metrics = currentTable(chain.state).entries.map((entry) =>
      mapGet(chain.state.metrics, keyOf(entry.id)),
    );
    expect(metrics.map((one) => [one!.proposed, one!.missed])).toStrictEqual(
      Array.from({ length: 4 }, () => [0, 0]),
    );
    // The two leaders that were skipped in the boundary block itself: after the snapshot.
    expect(metrics.map((one) => one!.consecutiveMisses).toSorted((x, y) => x - y)).toStrictEqual([
      0, 0, 1, 1,
    ]);
    expect(currentTable(chain.state).entries.map((entry) => entry.consecutiveMisses)).toStrictEqual(
      Array.from({ length: 4 }, () => 0),
    );
  });

  test('reports count once and are deleted', () => {
    const chain = start({ parameters: { powerMode: 0, joinPolicy: 1 } });
    chain.runTo(8);
    const value = { latencyMs: 40, participationBp: 9_000 };
    chain.block({ records: [0, 1, 2, 3].map((i) => reportOf(chain.state, i, value)) });
    expect(chain.state.latencyReports.length).toBe(4);
    chain.endEpoch();
    expect(chain.state.latencyReports).toStrictEqual([]);
    for (const entry of currentTable(chain.state).entries) expect(entry).toMatchObject(value);
    chain.endEpoch();
    for (const entry of currentTable(chain.state).entries) expect(entry).toMatchObject(value);
  });

  test('evidence is forgotten with the table of its epoch', () => {
    const chain = start({ parameters: { blacklistBlocks: 1 } });
    chain.block({ records: [evidenceOf(chain.state, 1)] });
    const sizes = Array.from({ length: 4 }, () => {
      chain.endEpoch();
      return chain.state.evidence.size;
    });
    expect(sizes).toStrictEqual([1, 1, 0, 0]);
    expect(chain.tryBlock({ records: [] })).toBeUndefined();
  });
});

describe('membership over epochs', () => {
  test('a JOIN before the snapshot counts in the next epoch, one in the boundary block later', () => {
    const [early, late] = [person('early'), person('late')];
    const chain = start({}, people(8));
    chain.block({ deltas: [early, late].map(({ id }) => ({ id, delta: 500_000n })) });
    chain.runTo(15);
    chain.block({ records: [joinOf(chain.state, early, { recentHash: chain.hashes[0]! })] });
    chain.block({ records: [joinOf(chain.state, late, { recentHash: chain.hashes[0]! })] });
    expect(chain.height).toBe(16);
    expect(indexOf(chain.state, early)).toBeGreaterThanOrEqual(0);
    expect(indexOf(chain.state, late)).toBe(-1);
    expect(chain.state.queue.map((record) => keyOf(record.id))).toStrictEqual([keyOf(late.id)]);
    expect(mapGet(chain.state.metrics, keyOf(early.id))).toMatchObject({ proposed: 0, missed: 0 });
    chain.endEpoch();
    expect(indexOf(chain.state, late)).toBeGreaterThanOrEqual(0);
    expect(chain.state.queue).toStrictEqual([]);
    const late2 = currentTable(chain.state).entries[indexOf(chain.state, late)]!;
    const early2 = currentTable(chain.state).entries[indexOf(chain.state, early)]!;
    expect([early2.newMember, late2.newMember]).toStrictEqual([false, true]);
  });

  test('LEAVE and ROTATE of those who are out are deleted, others wait', () => {
    const chain = start({ parameters: { minStakePpm: 1_000 } });
    chain.block({ deltas: [{ id: a.id, delta: -1_000_000n }] });
    chain.runTo(16);
    chain.block({
      records: [
        rotateOf(chain.state, a, keyNamed('late a')),
        rotateOf(chain.state, b, keyNamed('late b')),
      ],
    });
    // a has no stake and is out; b's rotation came after the snapshot and waits.
    expect(seats(chain.state)).not.toContain(keyOf(a.id));
    expect(chain.state.queue.map((record) => keyOf(record.id))).toStrictEqual([keyOf(b.id)]);
    chain.endEpoch();
    const rotated = currentTable(chain.state).entries[indexOf(chain.state, b)]!;
    expect(rotated.consensusKey).toStrictEqual(keyNamed('late b'));
    expect(chain.state.queue).toStrictEqual([]);
    expect(mapGet(chain.state.metrics, keyOf(a.id))).toBeUndefined();
  });

  test('a LEAVE takes effect at the next boundary, and the way back is a new JOIN', () => {
    const chain = start();
    chain.block({ records: [leaveOf(chain.state, a)] });
    expect(indexOf(chain.state, a)).toBeGreaterThanOrEqual(0);
    chain.endEpoch();
    expect(indexOf(chain.state, a)).toBe(-1);
    const hash = chain.hashes[0]!;
    const old = joinOf(chain.state, a, { seq: 2, recentHash: hash });
    expect(chain.tryBlock({ records: [old] })).toBe('RECORD_KEY_REUSED');
    const back = { seq: 2, recentHash: hash, consensusKey: keyNamed('a again') };
    chain.block({ records: [joinOf(chain.state, a, back)] });
    chain.endEpoch();
    const entry = currentTable(chain.state).entries[indexOf(chain.state, a)]!;
    expect(entry.newMember).toBe(true);
    // A sixth of the three that stayed; its bond is twice that.
    expect(entry.stake).toBe(500_000n);
    expect(bondedOf(chain.state, a.id)).toBe(1_000_000n);
  });

  test('an expired JOIN in the queue is dropped', () => {
    const late = person('late');
    const chain = start();
    chain.block(bond(late, 500_000n));
    const join = joinOf(chain.state, late, { expiryEpoch: 1, recentHash: chain.hashes[0]! });
    chain.block({ records: [join] });
    chain.endEpoch();
    expect(indexOf(chain.state, late)).toBe(-1);
    expect(chain.state.queue).toStrictEqual([]);
  });

  test('a conviction in the boundary block excludes from the epoch after the next', () => {
    const chain = start({ parameters: { blacklistBlocks: 1 } });
    chain.runTo(16);
    const { signerId } = evidenceOf(chain.state, 1);
    chain.block({ records: [evidenceOf(chain.state, 1)] });
    expect(seats(chain.state)).toContain(keyOf(signerId));
    chain.endEpoch();
    expect(seats(chain.state)).not.toContain(keyOf(signerId));
  });
});

describe('payouts', () => {
  test('pay accruals from the dust limit on, to account addresses, by ascending id', () => {
    const hybrid = person('hybrid', 3);
    const chain = start({ parameters: { leaderMode: 0 } }, [...members, hybrid]);
    chain.block({ tip: 20_000n });
    const order = currentTable(chain.state).entries.map((entry) => entry.id);
    // Leader first, then rank: 10000, 5000, 2500, 1250, 1250.
    expect(order.map((id) => accruedTo(chain.state, id))).toStrictEqual([
      10_000n,
      5_000n,
      2_500n,
      1_250n,
      1_250n,
    ]);
    chain.runTo(16);
    chain.block({ tip: 1_600n });
    const paid = chain.payouts;
    const txid = taggedHash('RSC1TIPS', chain.hashes[15]!, Uint8Array.of(0, 0, 0, 1));
    const ids = order.map(keyOf).toSorted();
    expect(paid.map(({ id }) => keyOf(id))).toStrictEqual(ids);
    expect(paid.map(({ index }) => index)).toStrictEqual([0, 1, 2, 3, 4]);
    for (const payout of paid) expect(payout.txid).toStrictEqual(txid);
    expect(paid.reduce((sum, { amount }) => sum + amount, 0n)).toBe(21_600n);
    const owner = paid.find(({ id }) => keyOf(id) === keyOf(hybrid.id))!.owner;
    expect([owner.version, owner.hash.length]).toStrictEqual([0x34, 32]);
    expect(accrualTotal(chain.state)).toBe(0n);
  });

  test('less than the dust limit stays until there is enough', () => {
    const chain = start({ parameters: { leaderMode: 0 } });
    chain.block({ tip: 1_999n });
    // 999 and 500 and 250 and 250.
    chain.endEpoch();
    expect(chain.payouts).toStrictEqual([]);
    expect(accrualTotal(chain.state)).toBe(1_999n);
    chain.block({ tip: 2n });
    chain.endEpoch();
    expect(chain.payouts.map(({ amount }) => amount)).toStrictEqual([1_000n]);
    expect(accrualTotal(chain.state)).toBe(1_001n);
  });

  test('an accrual without an account stops the node', () => {
    const chain = start();
    chain.runTo(16);
    const { state } = chain;
    const broken = {
      ...state,
      accruals: {
        size: 1,
        chunks: [{ keys: ['00'], values: [{ id: new Uint8Array(20), amount: 5_000n }] }],
      },
    };
    expect(() => endEpoch(state, broken, { height: 16, parentHash: zeros }, zeros)).toThrow(
      ValidatorStateError,
    );
  });
});

test('executing a block twice gives the same state, byte for byte', () => {
  const build = () => {
    const chain = start();
    const joiner = person('joiner');
    chain.block({ tip: 77n, deltas: [{ id: joiner.id, delta: 400_000n }] });
    chain.block({ records: [joinOf(chain.state, joiner, { recentHash: chain.hashes[0]! })] });
    chain.block({ skip: 5, records: [evidenceOf(chain.state, 0)] });
    chain.endEpoch({ tip: 3n });
    chain.endEpoch({ skip: 1, tip: 1_000n });
    return chain;
  };
  const [one, two] = [build(), build()];
  expect(two.state).toStrictEqual(one.state);
  expect(applicationRoot(two.state, zeros)).toStrictEqual(applicationRoot(one.state, zeros));
  expect(two.hashes).toStrictEqual(one.hashes);
});
