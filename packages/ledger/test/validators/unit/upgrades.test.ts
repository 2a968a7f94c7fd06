import { concatBytes, u16 } from '@mxd/codec';
import { keyOf } from '@mxd/protocol/primitives';
import { type SignalRecord } from '@mxd/protocol/system-records';
import { describe, expect, test } from 'vitest';

import {
  activeParameters,
  checkKnownVersion,
  checkSystemRecord,
  governance,
  protocolVersion,
  registryEntry,
  scheduledUpgrade,
  ValidatorStateError,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { mapGet } from '../../../src/validators/ordered-map.ts';
import { applyRecord } from '../../../src/validators/records.ts';
import { TestChain } from '../chain.ts';
import {
  change,
  maxTransactions,
  maxValidators,
  minValidators,
  none,
  slashingBp,
} from '../changes.ts';
import {
  contextAt,
  documentOf,
  leaveOf,
  people,
  person,
  signalOf,
  type Person,
} from '../fixture.ts';

const zeros = new Uint8Array(64);
const members = people(4);
const [a, b, c, d] = members as unknown as [Person, Person, Person, Person];
const start = () => new TestChain(documentOf(members), zeros);
const { state } = start();
const codeOf = (record: SignalRecord, of: ValidatorState = state) => {
  const verdict = checkSystemRecord(of, record, contextAt(5));
  return verdict.ok ? undefined : verdict.code;
};
const wish = change(maxTransactions(500));
/** Each of these members signals in the next block. */
const signals = (
  chain: TestChain,
  who: readonly Person[],
  document: Uint8Array,
  more: Parameters<typeof signalOf>[3] = {},
) => ({ records: who.map((one) => signalOf(chain.state, one, document, more)) });
const txs = (chain: TestChain) => activeParameters(chain.state).maxTransactions;

describe('SIGNAL', () => {
  test('the latest one of a member is kept', () => {
    const after = applyRecord(state, signalOf(state, a, wish), contextAt(5));
    expect(mapGet(after.upgrades.signals, keyOf(a.id))).toStrictEqual({
      id: a.id,
      epoch: 1,
      protocolVersion: 1,
      expiryEpoch: 4,
      change: wish,
    });
    expect(registryEntry(after, a.id)).toMatchObject({ lastSeq: 1, lastRecordEpoch: 0 });
    expect(codeOf(signalOf(state, a, none, { seq: 2 }), after)).toBe('RECORD_REPEATED');
    const chain = start();
    chain.block(signals(chain, [a], wish));
    chain.endEpoch();
    chain.block(signals(chain, [a], none, { seq: 2, protocolVersion: 2 }));
    const kept = mapGet(chain.state.upgrades.signals, keyOf(a.id))!;
    expect(kept).toMatchObject({ epoch: 2, protocolVersion: 2, change: none });
  });

  test('a LEAVE and a SIGNAL in one epoch, by ascending sequence numbers', () => {
    const chain = start();
    const leave = leaveOf(chain.state, a, { seq: 1 });
    const signal = signalOf(chain.state, a, wish, { seq: 2 });
    chain.block({ records: [leave, signal] });
    expect(registryEntry(chain.state, a.id)).toMatchObject({ lastSeq: 2, lastRecordEpoch: 1 });
  });

  test('its rules', () => {
    expect(codeOf(signalOf(state, person('x'), wish))).toBe('SIGNAL_NOT_MEMBER');
    expect(codeOf(signalOf(state, a, wish, { seq: 0 }))).toBe('RECORD_SEQ');
    expect(codeOf(signalOf(state, a, wish, { expiryEpoch: 0 }))).toBe('RECORD_EXPIRED');
    const nobody = { ...state, registry: { size: 0, chunks: [] } };
    expect(codeOf(signalOf(state, a, wish), nobody)).toBe('RECORD_UNREGISTERED');
    expect(codeOf({ ...signalOf(state, a, wish), change: none })).toBe('RECORD_ACCOUNT_SIGNATURE');
  });

  test('a document that breaks a rule is an invalid record', () => {
    const bad = (document: Uint8Array) => codeOf(signalOf(state, a, document));
    expect(bad(new Uint8Array())).toBe('SIGNAL_CHANGE');
    expect(bad(concatBytes(none, none))).toBe('SIGNAL_CHANGE');
    expect(bad(change({ parameter: 99, value: u16.encode(1) }))).toBe('SIGNAL_CHANGE');
    expect(bad(change(slashingBp(10_001)))).toBe('SIGNAL_CHANGE');
    expect(bad(change(minValidators(50), maxValidators(49)))).toBe('SIGNAL_CHANGE');
    expect(bad(change(minValidators(50), maxValidators(50)))).toBeUndefined();
  });
});

describe('scheduling and activation', () => {
  test('a quorum schedules, two epochs later the values hold from the first block on', () => {
    const chain = start();
    chain.block(signals(chain, [a, b, c], wish));
    chain.endEpoch();
    // Boundary of epoch 1: activation in epoch 1 + 1 + 2.
    expect(scheduledUpgrade(chain.state)).toStrictEqual({
      activationEpoch: 4,
      protocolVersion: 1,
      change: wish,
    });
    chain.endEpoch();
    expect(txs(chain)).toBe(10_000);
    while (chain.height < 47) chain.block();
    expect(txs(chain)).toBe(10_000);
    chain.block();
    expect(chain.height).toBe(48);
    expect(txs(chain)).toBe(500);
    expect(scheduledUpgrade(chain.state)).toBeUndefined();
    // The signals live on until epoch 4, but ask for what is in force: nothing is scheduled.
    expect(chain.state.upgrades.signals.size).toBe(3);
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)).toBeUndefined();
    expect(chain.state.upgrades.signals.size).toBe(0);
    expect(chain.state.upgrades.changes).toStrictEqual([wish]);
  });

  test('two thirds are not enough, and neither are different pairs', () => {
    const chain = start();
    chain.block(signals(chain, [a, b], wish));
    chain.block(signals(chain, [c], change(maxTransactions(501))));
    chain.block(signals(chain, [d], wish, { protocolVersion: 2 }));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)).toBeUndefined();
  });

  test('exactly a quorum is enough', () => {
    // EQUAL, n = 4: Q is 3.
    const equal = documentOf(members, { parameters: { powerMode: 0, joinPolicy: 1 } });
    const scheduledBy = (...who: Person[]) => {
      const chain = new TestChain(equal, zeros);
      chain.block(signals(chain, who, wish));
      chain.endEpoch();
      return scheduledUpgrade(chain.state) !== undefined;
    };
    expect(scheduledBy(a, b)).toBe(false);
    expect(scheduledBy(b, c, d)).toBe(true);
  });

  test('power counts, by the table of the next epoch', () => {
    const heavy = { ...a, stake: 97_000_000n };
    const chain = new TestChain(documentOf([heavy, b, c, d]), zeros);
    chain.block(signals(chain, [a], wish));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)?.change).toStrictEqual(wish);
    const leaving = new TestChain(documentOf([heavy, b, c, d]), zeros);
    const leave = leaveOf(leaving.state, a, { seq: 1 });
    leaving.block({ records: [leave, signalOf(leaving.state, a, wish, { seq: 2 })] });
    leaving.endEpoch();
    expect(scheduledUpgrade(leaving.state)).toBeUndefined();
    // Who has no seat has no say: the signal is forgotten.
    expect(leaving.state.upgrades.signals.size).toBe(0);
  });

  test('a signal counts up to the boundary of its expiry epoch', () => {
    const chain = start();
    chain.block(signals(chain, [a, b, c], wish, { expiryEpoch: 1 }));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)).toBeDefined();
    expect(chain.state.upgrades.signals.size).toBe(0);
    const late = start();
    late.block(signals(late, [a, b], wish, { expiryEpoch: 1 }));
    late.endEpoch();
    late.block(signals(late, [c, d], wish, { expiryEpoch: 2 }));
    late.endEpoch();
    expect(scheduledUpgrade(late.state)).toBeUndefined();
  });

  test('one at a time: the next is scheduled when the first comes into force', () => {
    const chain = start();
    chain.block(signals(chain, [a, b, c], wish));
    chain.endEpoch();
    const second = change(maxTransactions(400));
    chain.block(signals(chain, [a, b, c], second, { seq: 2, expiryEpoch: 9 }));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)?.change).toStrictEqual(wish);
    chain.endEpoch();
    expect(txs(chain)).toBe(500);
    expect(scheduledUpgrade(chain.state)).toMatchObject({ activationEpoch: 6, change: second });
    chain.endEpoch();
    chain.endEpoch();
    expect(txs(chain)).toBe(400);
    expect(chain.state.upgrades.changes).toStrictEqual([wish, second]);
  });

  test('an older document that was overruled can be asked for again', () => {
    const chain = start();
    const other = change(maxTransactions(400));
    for (const [seq, document] of [wish, other, wish].entries()) {
      chain.block(signals(chain, [a, b, c], document, { seq: seq + 1, expiryEpoch: 99 }));
      for (let i = 0; i < 3; i++) chain.endEpoch();
    }
    expect(txs(chain)).toBe(500);
    expect(chain.state.upgrades.changes).toStrictEqual([wish, other, wish]);
  });

  test('a wish that no longer keeps the rules is not scheduled', () => {
    const chain = start();
    const low = change(maxValidators(10));
    const high = change(minValidators(20));
    chain.block(signals(chain, [a, b, c], low));
    chain.endEpoch();
    chain.block(signals(chain, [a, b, c], high, { seq: 2, expiryEpoch: 99 }));
    chain.endEpoch();
    chain.endEpoch();
    expect(activeParameters(chain.state).maxValidators).toBe(10);
    expect(scheduledUpgrade(chain.state)).toBeUndefined();
  });

  test('an empty document asks for a version alone', () => {
    const chain = start();
    chain.block(signals(chain, [a, b, c], none));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)).toBeUndefined();
    chain.block(signals(chain, [a, b, c], none, { seq: 2, protocolVersion: 2, expiryEpoch: 9 }));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)).toMatchObject({ protocolVersion: 2, activationEpoch: 5 });
    expect(checkKnownVersion(chain.state)).toStrictEqual({ ok: true, value: undefined });
    chain.endEpoch();
    chain.endEpoch();
    expect(protocolVersion(chain.state)).toBe(2);
    expect(chain.state.upgrades.changes).toStrictEqual([]);
    expect(checkKnownVersion(chain.state)).toMatchObject({ code: 'UPGRADE_UNKNOWN_VERSION' });
    expect(checkKnownVersion(chain.state, new Set([2]))).toMatchObject({ ok: true });
    // A lower version than the active one has no effect, even from a quorum.
    chain.block(signals(chain, [a, b, c], wish, { seq: 3, protocolVersion: 1, expiryEpoch: 9 }));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)).toBeUndefined();
  });

  test('the listed ids change', () => {
    const members4 = documentOf(members, { parameters: { joinPolicy: 1, minStakePpm: 0 } });
    const chain = new TestChain(members4, zeros);
    const id = person('consortium').id;
    const add = change({ parameter: 32, value: concatBytes(u16.encode(1), id) });
    const before = governance(chain.state).listed.length;
    chain.block(signals(chain, [a, b, c], add));
    for (let i = 0; i < 3; i++) chain.endEpoch();
    const { listed } = governance(chain.state);
    expect(listed.length).toBe(before + 1);
    expect(listed.map(keyOf)).toContain(keyOf(id));
    // Asked for again, it changes nothing.
    chain.block(signals(chain, [a, b, c], add, { seq: 2 }));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)).toBeUndefined();
    const swap = change(
      { parameter: 32, value: concatBytes(u16.encode(1), person('other').id) },
      { parameter: 33, value: concatBytes(u16.encode(1), id) },
    );
    chain.block(signals(chain, [a, b, c], swap, { seq: 3 }));
    chain.endEpoch();
    expect(scheduledUpgrade(chain.state)).toBeDefined();
  });

  test('changes in force that contradict the chain stop the node', () => {
    const upgrades = { ...state.upgrades, changes: [change(slashingBp(10_001))] };
    expect(() => governance({ ...state, upgrades })).toThrow(ValidatorStateError);
  });
});
