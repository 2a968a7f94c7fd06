import { noSystemRecords } from '@mxd/protocol/block';
import {
  compareRecords,
  systemRecordListCodec,
  type SystemRecord,
} from '@mxd/protocol/system-records';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  applyBondDeltas,
  applySystemRecords,
  currentTable,
  selectSystemRecords,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { change, slashingBp } from '../changes.ts';
import {
  contextAt,
  evidenceOf,
  genesisOf,
  joinOf,
  keyNamed,
  leaveOf,
  people,
  person,
  reportOf,
  rotateOf,
  signalOf,
  type Person,
} from '../fixture.ts';

const members = people(4);
const [a, b, c, d] = members as unknown as [Person, Person, Person, Person];
const joiners = [person('one'), person('two'), person('three')];
const bonded = joiners.map(({ id }) => ({ id, delta: 500_000n }));
const chainOf = (parameters: Parameters<typeof genesisOf>[1] = {}): ValidatorState =>
  applyBondDeltas(genesisOf(members, parameters).state, { bonded, supply: 0n });
const state = chainOf();
const at = contextAt(10);
const listOf = (...records: SystemRecord[]): Uint8Array =>
  systemRecordListCodec.encode(records.toSorted(compareRecords));
const run = (of: ValidatorState, encoded: Uint8Array) => applySystemRecords(of, encoded, at);

describe('list', () => {
  test('without records nothing changes', () => {
    expect(run(state, noSystemRecords)).toStrictEqual({ ok: true, value: { state, slashes: [] } });
  });

  test('each record sees what those before it did', () => {
    const [one] = joiners as [Person];
    const good = run(state, listOf(joinOf(state, one), rotateOf(state, a, keyNamed('x'))));
    expect(good).toMatchObject({ ok: true });
    // The JOIN comes first, so it is the ROTATE that finds its key taken.
    const clash = run(state, listOf(joinOf(state, one), rotateOf(state, a, one.consensusKey)));
    expect(clash).toMatchObject({ ok: false, code: 'RECORD_KEY_REUSED' });
    expect((clash as { reason: string }).reason).toContain('record 1');
    const sameKey = { consensusKey: keyNamed('shared') };
    const twins = joiners.slice(0, 2).map((who) => joinOf(state, who, sameKey));
    expect(run(state, listOf(...twins))).toMatchObject({ code: 'RECORD_KEY_REUSED' });
    const views = [5, 6].map((view) => evidenceOf(state, 1, 1, view));
    expect(run(state, listOf(...views))).toMatchObject({ code: 'EVIDENCE_PROCESSED' });
  });

  test('RECORDS_MALFORMED', () => {
    const leaves = [leaveOf(state, a), leaveOf(state, b)].toSorted(compareRecords);
    const good = systemRecordListCodec.encode(leaves);
    expect(run(state, good)).toMatchObject({ ok: true });
    const length = (good.length - 2) / 2;
    const first = good.subarray(2, 2 + length);
    const swapped = Buffer.concat([good.subarray(0, 2), good.subarray(2 + length), first]);
    const twice = Buffer.concat([good.subarray(0, 2), first, first]);
    for (const bad of [swapped, twice, good.subarray(0, 9), Buffer.concat([good, first])]) {
      expect(run(state, bad)).toMatchObject({ code: 'RECORDS_MALFORMED' });
    }
    expect(run(state, new Uint8Array())).toMatchObject({ code: 'RECORDS_MALFORMED' });
  });

  test('RECORDS_COUNT and RECORDS_BYTES', () => {
    const two = listOf(leaveOf(state, a), leaveOf(state, b));
    const few = chainOf({ parameters: { maxSystemRecords: 1 } });
    const one = (of: ValidatorState) => listOf(leaveOf(of, a));
    expect(run(few, one(few))).toMatchObject({ ok: true });
    expect(run(few, two)).toMatchObject({ code: 'RECORDS_COUNT' });
    const small = chainOf({ parameters: { maxSystemBytes: 16_384 } });
    const long = change(
      ...[32, 33].map((parameter) => ({
        parameter,
        value: Buffer.concat([Buffer.from([0, 100]), ...ids(100)]),
      })),
    );
    const signals = members.map((who) => signalOf(small, who, long));
    expect(run(small, listOf(...signals.slice(0, 3)))).toMatchObject({ ok: true });
    expect(run(small, listOf(...signals))).toMatchObject({ code: 'RECORDS_BYTES' });
  });

  test('evidence reports whom to slash, while slashing is on', () => {
    const on = chainOf({ parameters: { slashingBp: 250 } });
    const outcome = run(on, listOf(evidenceOf(on, 0), evidenceOf(on, 2)));
    const { entries } = currentTable(on);
    expect(outcome.ok && outcome.value.slashes.length).toBe(2);
    expect(outcome.ok && outcome.value.slashes).toStrictEqual(
      expect.arrayContaining([0, 2].map((i) => ({ validatorId: entries[i]!.id, slashingBp: 250 }))),
    );
    const off = run(state, listOf(evidenceOf(state, 0)));
    expect(off.ok && off.value.slashes).toStrictEqual([]);
  });

  test('what is kept shares no memory with the block', () => {
    const [one] = joiners as [Person];
    const wish = change(slashingBp(7));
    const encoded = listOf(joinOf(state, one), leaveOf(state, a), signalOf(state, b, wish));
    const outcome = run(state, encoded);
    if (!outcome.ok) throw new TypeError(outcome.code);
    const before = structuredClone(outcome.value.state);
    encoded.fill(0);
    expect(outcome.value.state).toStrictEqual(before);
  });
});

const ids = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => {
    const id = new Uint8Array(20);
    new DataView(id.buffer).setUint32(0, i);
    return id;
  });

describe('selection', () => {
  const inWindow = contextAt(9);
  const pool: readonly SystemRecord[] = [
    ...joiners.map((who) => joinOf(state, who)),
    joinOf(state, joiners[0]!, { seq: 2, consensusKey: keyNamed('again') }),
    joinOf(state, person('poor')),
    leaveOf(state, a),
    leaveOf(state, a, { seq: 2 }),
    leaveOf(state, joiners[0]!),
    rotateOf(state, b, keyNamed('fresh')),
    rotateOf(state, c, keyNamed('fresh')),
    rotateOf(state, a, keyNamed('other'), { seq: 3 }),
    ...[0, 1, 2].map((i) => evidenceOf(state, i)),
    evidenceOf(state, 0, 1, 6),
    { ...evidenceOf(state, 3), signerId: a.id },
    ...[0, 1, 2, 3].map((i) => reportOf(state, i)),
    reportOf(state, 1, { latencyMs: 9, participationBp: 9 }),
    { ...reportOf(state, 2), signature: new Uint8Array(64) },
    signalOf(state, a, change(), { seq: 5 }),
    signalOf(state, d, change(slashingBp(1))),
    signalOf(state, d, change(slashingBp(2)), { seq: 2 }),
    leaveOf(state, d, { expiryEpoch: 0 }),
  ];

  test('is what validation accepts, whatever the pool holds and in any order', () => {
    const limits = fc.record({
      maxSystemRecords: fc.constantFrom(1, 3, 10, 64),
      maxSystemBytes: fc.constantFrom(16_384, 65_536),
    });
    fc.assert(
      fc.property(fc.shuffledSubarray([...pool]), limits, (some, parameters) => {
        // The same chain but for its limits: signatures stay those of the pool.
        const { genesisGovernance } = state.chain;
        const merged = { ...genesisGovernance.parameters, ...parameters };
        const chain = {
          ...state.chain,
          genesisGovernance: { ...genesisGovernance, parameters: merged },
        };
        const of = { ...state, chain };
        const { encoded, records, dropped } = selectSystemRecords([...some, ...some], of, inWindow);
        const outcome = applySystemRecords(of, encoded, inWindow);
        expect(outcome).toMatchObject({ ok: true });
        expect(systemRecordListCodec.decode(encoded)).toStrictEqual(records);
        for (const { record } of dropped) expect(records).not.toContain(record);
        expect(records.length).toBeLessThanOrEqual(parameters.maxSystemRecords);
      }),
      { numRuns: 150 },
    );
  });

  test('leaves out nothing valid while there is room', () => {
    const { records, dropped } = selectSystemRecords(pool, state, inWindow);
    const counts = (type: number) => records.filter((record) => record.type === type).length;
    expect([1, 2, 3, 4, 5, 6].map(counts)).toStrictEqual([3, 1, 1, 3, 4, 2]);
    const codes = new Set(dropped.map(({ code }) => code));
    for (const code of ['JOIN_STAKE', 'LEAVE_NOT_MEMBER', 'EVIDENCE_SIGNER', 'RECORD_EXPIRED']) {
      expect(codes).toContain(code);
    }
    expect(dropped.length + records.length).toBe(pool.length);
    expect(dropped.every(({ reason }) => reason !== '')).toBe(true);
  });

  test('evidence and reports go first when there is no room for all', () => {
    const { genesisGovernance } = state.chain;
    const parameters = { ...genesisGovernance.parameters, maxSystemRecords: 4 };
    const chain = { ...state.chain, genesisGovernance: { ...genesisGovernance, parameters } };
    const { records } = selectSystemRecords(
      [...pool.filter((record) => record.type < 4), evidenceOf(state, 2), reportOf(state, 1)],
      { ...state, chain },
      inWindow,
    );
    expect(records.map((record) => record.type)).toStrictEqual([3, 3, 4, 5]);
  });

  test('the list may fill its bytes exactly', () => {
    const { genesisGovernance } = state.chain;
    const leaves = [leaveOf(state, a), leaveOf(state, b)];
    const size = listOf(...leaves).length;
    const chosenWithin = (maxSystemBytes: number) => {
      const parameters = { ...genesisGovernance.parameters, maxSystemBytes };
      const chain = { ...state.chain, genesisGovernance: { ...genesisGovernance, parameters } };
      const of = { ...state, chain };
      const { encoded, records } = selectSystemRecords(leaves, of, at);
      expect(run(of, encoded)).toMatchObject({ ok: true });
      return records.length;
    };
    expect(chosenWithin(size)).toBe(2);
    expect(chosenWithin(size - 1)).toBe(1);
  });

  test('an empty pool gives an empty list', () => {
    const { encoded, records, dropped } = selectSystemRecords([], state, inWindow);
    expect([encoded, records, dropped]).toStrictEqual([noSystemRecords, [], []]);
  });
});
