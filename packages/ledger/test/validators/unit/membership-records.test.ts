import { keyOf } from '@mxd/protocol/primitives';
import { type SystemRecord } from '@mxd/protocol/system-records';
import { describe, expect, test } from 'vitest';

import {
  applyBondDeltas,
  checkSystemRecord,
  recordSignatures,
  registryEntry,
  type RecordContext,
  type ValidatorState,
} from '../../../src/validators/index.ts';
import { isRegistered } from '../../../src/validators/keys.ts';
import { applyRecord, checkRecordSignatures } from '../../../src/validators/records.ts';
import {
  contextAt,
  genesisOf,
  hashAt,
  joinOf,
  keyNamed,
  leaveOf,
  people,
  person,
  rotateOf,
  signalOf,
  type Person,
} from '../fixture.ts';
import { made } from '../made-state.ts';

const members = people(4);
const [a, b] = members as unknown as [Person, Person];
const newcomer = person('newcomer');
const base = applyBondDeltas(genesisOf(members).state, {
  bonded: [{ id: newcomer.id, delta: 500_000n }],
  supply: 0n,
});
const height = 5;
const at = contextAt(height);

const codeOf = (state: ValidatorState, record: SystemRecord, context: RecordContext = at) => {
  const verdict = checkSystemRecord(state, record, context);
  return verdict.ok ? undefined : verdict.code;
};
function apply(state: ValidatorState, record: SystemRecord, context = at): ValidatorState {
  expect(codeOf(state, record, context)).toBeUndefined();
  return applyRecord(state, record, context);
}
const entryWith = (who: Person, change: object): ValidatorState => {
  const { registry } = base;
  const chunks = registry.chunks.map((chunk) => ({
    ...chunk,
    values: chunk.values.map((one) =>
      keyOf(one.id) === keyOf(who.id) ? { ...one, ...change } : one,
    ),
  }));
  return { ...base, registry: { ...registry, chunks } };
};
const flipped = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));

describe('JOIN', () => {
  const join = joinOf(base, newcomer);

  test('is queued, noted and registers its key', () => {
    const after = apply(base, join);
    expect(after.queue).toStrictEqual([join]);
    expect(registryEntry(after, newcomer.id)).toStrictEqual({
      id: newcomer.id,
      accountSuite: 1,
      accountKey: newcomer.accountKey,
      lastSeq: 1,
      lastRecordEpoch: 1,
      blacklistedUntil: 0,
      lastEvidenceHeight: 0,
    });
    expect(isRegistered(after.keys, newcomer.consensusKey)).toBe(true);
    expect(after.keys.chain).not.toStrictEqual(base.keys.chain);
    expect(isRegistered(base.keys, newcomer.consensusKey)).toBe(false);
  });

  test('keeps what is known of an id that was here before', () => {
    const known = { lastSeq: 4, blacklistedUntil: 3, lastEvidenceHeight: 2 };
    const past = apply(base, join);
    const back = {
      ...past,
      queue: [],
      registry: {
        ...past.registry,
        chunks: past.registry.chunks.map((chunk) => ({
          ...chunk,
          values: chunk.values.map((one) =>
            keyOf(one.id) === keyOf(newcomer.id) ? { ...one, ...known, lastRecordEpoch: 0 } : one,
          ),
        })),
      },
    };
    const again = joinOf(base, newcomer, { seq: 5, consensusKey: keyNamed('second') });
    expect(registryEntry(apply(back, again), newcomer.id)).toMatchObject({
      ...known,
      lastSeq: 5,
      lastRecordEpoch: 1,
    });
    expect(codeOf(back, joinOf(base, newcomer, { seq: 5 }))).toBe('RECORD_KEY_REUSED');
    expect(codeOf(back, { ...again, seq: 4 })).toBe('RECORD_SEQ');
  });

  test('by every suite of account key', () => {
    for (const suite of [2, 3] as const) {
      const who = person('quantum', suite);
      const state = applyBondDeltas(base, {
        bonded: [{ id: who.id, delta: 500_000n }],
        supply: 0n,
      });
      const after = apply(state, joinOf(state, who));
      expect(registryEntry(after, who.id)?.accountSuite).toBe(suite);
    }
  });

  test('JOIN_ID', () => {
    expect(codeOf(base, joinOf(base, newcomer, { id: person('x').id }))).toBe('JOIN_ID');
    expect(codeOf(base, { ...join, accountKey: person('x').accountKey })).toBe('JOIN_ID');
  });

  test('JOIN_MEMBER', () => {
    expect(codeOf(base, joinOf(base, a, { consensusKey: keyNamed('fresh') }))).toBe('JOIN_MEMBER');
  });

  test('JOIN_QUEUED', () => {
    const again = joinOf(base, newcomer, { seq: 2, consensusKey: keyNamed('fresh') });
    expect(codeOf(apply(base, join), again)).toBe('JOIN_QUEUED');
  });

  test('RECORD_EXPIRED, RECORD_SEQ, RECORD_REPEATED', () => {
    expect(codeOf(base, joinOf(base, newcomer, { expiryEpoch: 1 }))).toBeUndefined();
    expect(codeOf(base, joinOf(base, newcomer, { expiryEpoch: 0 }))).toBe('RECORD_EXPIRED');
    expect(codeOf(base, joinOf(base, newcomer, { seq: 0 }))).toBe('RECORD_SEQ');
    const noted = { ...apply(base, join), queue: [] };
    const again = joinOf(base, newcomer, { seq: 2, consensusKey: keyNamed('fresh') });
    expect(codeOf(noted, again)).toBe('RECORD_REPEATED');
  });

  test('JOIN_NOT_LISTED', () => {
    const listedChain = (listed: readonly Uint8Array[]) => {
      const { state } = genesisOf(members, {
        parameters: { joinPolicy: 1, minStakePpm: 0 },
        listed,
      });
      return codeOf(state, joinOf(state, newcomer));
    };
    expect(listedChain([])).toBe('JOIN_NOT_LISTED');
    expect(listedChain([newcomer.id])).toBeUndefined();
  });

  test('a member of the genesis document is listed', () => {
    const { state } = genesisOf(members, { parameters: { joinPolicy: 1, minStakePpm: 0 } });
    const record = state.epochs[0]!;
    const entries = record.table.entries.filter((entry) => keyOf(entry.id) !== keyOf(a.id));
    const without = { ...state, epochs: [{ ...record, table: { epoch: 1, entries } }] };
    const back = joinOf(state, a, { consensusKey: keyNamed('back') });
    expect(codeOf(without, back)).toBeUndefined();
  });

  test('JOIN_BLACKLISTED', () => {
    const until = (blacklistedUntil: number) =>
      made({
        supply: 10n,
        everybody: [
          { who: a, seat: { stake: 1n } },
          { who: newcomer, bonded: 10n, blacklistedUntil },
        ],
      });
    expect(codeOf(until(4), joinOf(until(4), newcomer))).toBeUndefined();
    expect(codeOf(until(5), joinOf(until(5), newcomer))).toBe('JOIN_BLACKLISTED');
  });

  test('JOIN_STAKE, exact to the unit', () => {
    // The supply is 5,000,000: 5,000 are needed.
    const bonded = (delta: bigint) =>
      codeOf(applyBondDeltas(base, { bonded: [{ id: newcomer.id, delta }], supply: 0n }), join);
    expect(bonded(-495_000n)).toBeUndefined();
    expect(bonded(-495_001n)).toBe('JOIN_STAKE');
    expect(bonded(-500_000n)).toBe('JOIN_STAKE');
  });

  test('RECORD_KEY_REUSED', () => {
    expect(codeOf(base, joinOf(base, newcomer, { consensusKey: b.consensusKey }))).toBe(
      'RECORD_KEY_REUSED',
    );
  });

  test('JOIN_RECENT_BLOCK', () => {
    const recent = (recentHeight: number, atHeight = 300, recentHash = hashAt(recentHeight)) =>
      codeOf(base, joinOf(base, newcomer, { recentHeight, recentHash }), contextAt(atHeight));
    expect(recent(299)).toBeUndefined();
    expect(recent(172)).toBeUndefined();
    expect(recent(171)).toBe('JOIN_RECENT_BLOCK');
    expect(recent(300)).toBe('JOIN_RECENT_BLOCK');
    expect(recent(301)).toBe('JOIN_RECENT_BLOCK');
    expect(recent(250, 300, hashAt(249))).toBe('JOIN_RECENT_BLOCK');
    expect(recent(0, 128)).toBeUndefined();
    const unknown = contextAt(5, { ancestorHash: () => undefined });
    expect(codeOf(base, join, unknown)).toBe('JOIN_RECENT_BLOCK');
  });

  test('RECORD_POSSESSION and RECORD_ACCOUNT_SIGNATURE', () => {
    const possessionSignature = flipped(join.possessionSignature);
    expect(codeOf(base, { ...join, possessionSignature })).toBe('RECORD_POSSESSION');
    const accountSignature = flipped(join.accountSignature);
    expect(codeOf(base, { ...join, accountSignature })).toBe('RECORD_ACCOUNT_SIGNATURE');
    // What was signed for another chain is worth nothing here.
    const elsewhere = genesisOf(members, { free: 5n }).state;
    expect(codeOf(base, joinOf(elsewhere, newcomer))).toBe('RECORD_POSSESSION');
  });
});

describe('LEAVE', () => {
  test('is queued and noted', () => {
    const leave = leaveOf(base, a);
    const after = apply(base, leave);
    expect(after.queue).toStrictEqual([leave]);
    expect(registryEntry(after, a.id)).toMatchObject({ lastSeq: 1, lastRecordEpoch: 1 });
    expect(after.keys).toBe(base.keys);
  });

  test('cancels a JOIN that waits, and both are gone', () => {
    const waiting = { ...apply(base, joinOf(base, newcomer)), queue: [joinOf(base, newcomer)] };
    const chunks = waiting.registry.chunks.map((chunk) => ({
      ...chunk,
      values: chunk.values.map((one) => ({ ...one, lastRecordEpoch: 0 })),
    }));
    const later = { ...waiting, registry: { ...waiting.registry, chunks } };
    const other = apply(later, leaveOf(base, b));
    const after = apply(other, leaveOf(base, newcomer, { seq: 2 }));
    expect(after.queue.map((record) => [record.type, keyOf(record.id)])).toStrictEqual([
      [2, keyOf(b.id)],
    ]);
    expect(registryEntry(after, newcomer.id)).toMatchObject({ lastSeq: 2, lastRecordEpoch: 1 });
  });

  test('its rules', () => {
    expect(codeOf(base, leaveOf(base, newcomer))).toBe('LEAVE_NOT_MEMBER');
    const once = apply(base, leaveOf(base, a));
    expect(codeOf(once, leaveOf(base, a, { seq: 2 }))).toBe('LEAVE_QUEUED');
    expect(codeOf({ ...once, queue: [] }, leaveOf(base, a, { seq: 2 }))).toBe('RECORD_REPEATED');
    expect(codeOf(base, leaveOf(base, a, { seq: 0 }))).toBe('RECORD_SEQ');
    expect(codeOf(base, leaveOf(base, a, { expiryEpoch: 0 }))).toBe('RECORD_EXPIRED');
    expect(codeOf({ ...base, registry: { size: 0, chunks: [] } }, leaveOf(base, a))).toBe(
      'RECORD_UNREGISTERED',
    );
    const leave = leaveOf(base, a);
    const accountSignature = flipped(leave.accountSignature);
    expect(codeOf(base, { ...leave, accountSignature })).toBe('RECORD_ACCOUNT_SIGNATURE');
    // Nobody leaves for another.
    expect(codeOf(base, { ...leave, id: b.id })).toBe('RECORD_ACCOUNT_SIGNATURE');
    // After a JOIN in this epoch, a LEAVE waits for the next one.
    const joined = apply(base, joinOf(base, newcomer));
    expect(codeOf(joined, leaveOf(base, newcomer, { seq: 2 }))).toBe('RECORD_REPEATED');
  });
});

describe('ROTATE', () => {
  const fresh = keyNamed('fresh');

  test('is queued, noted and registers its key', () => {
    const rotation = rotateOf(base, a, fresh);
    const after = apply(base, rotation);
    expect(after.queue).toStrictEqual([rotation]);
    expect(registryEntry(after, a.id)).toMatchObject({ lastSeq: 1, lastRecordEpoch: 1 });
    expect(isRegistered(after.keys, fresh)).toBe(true);
  });

  test('its rules', () => {
    expect(codeOf(base, rotateOf(base, newcomer, fresh))).toBe('ROTATE_NOT_MEMBER');
    const once = apply(base, rotateOf(base, a, fresh));
    expect(codeOf(once, rotateOf(base, a, keyNamed('x'), { seq: 2 }))).toBe('ROTATE_QUEUED');
    const repeated = rotateOf(base, a, keyNamed('x'), { seq: 2 });
    expect(codeOf({ ...once, queue: [] }, repeated)).toBe('RECORD_REPEATED');
    expect(codeOf(base, rotateOf(base, a, fresh, { seq: 0 }))).toBe('RECORD_SEQ');
    expect(codeOf(base, rotateOf(base, a, fresh, { expiryEpoch: 0 }))).toBe('RECORD_EXPIRED');
    expect(codeOf(base, rotateOf(base, a, a.consensusKey))).toBe('RECORD_KEY_REUSED');
    expect(codeOf(base, rotateOf(base, a, b.consensusKey))).toBe('RECORD_KEY_REUSED');
    expect(codeOf({ ...base, registry: { size: 0, chunks: [] } }, rotateOf(base, a, fresh))).toBe(
      'RECORD_UNREGISTERED',
    );
    const rotation = rotateOf(base, a, fresh);
    const possessionSignature = flipped(rotation.possessionSignature);
    expect(codeOf(base, { ...rotation, possessionSignature })).toBe('RECORD_POSSESSION');
    const accountSignature = flipped(rotation.accountSignature);
    expect(codeOf(base, { ...rotation, accountSignature })).toBe('RECORD_ACCOUNT_SIGNATURE');
  });

  test('one membership record per id and epoch, of any type', () => {
    const noted = entryWith(a, { lastRecordEpoch: 1 });
    expect(codeOf(noted, rotateOf(base, a, fresh))).toBe('RECORD_REPEATED');
    expect(codeOf(noted, leaveOf(base, a))).toBe('RECORD_REPEATED');
    // A SIGNAL is counted by itself.
    expect(codeOf(noted, signalOf(base, a, new Uint8Array(2)))).toBeUndefined();
  });
});

describe('signatures', () => {
  test('are listed for workers', () => {
    const sizes = (record: SystemRecord) =>
      recordSignatures(base, record).map(({ suite, publicKey }) => [suite, keyOf(publicKey)]);
    expect(sizes(joinOf(base, newcomer))).toStrictEqual([
      [1, keyOf(newcomer.consensusKey)],
      [1, keyOf(newcomer.accountKey)],
    ]);
    expect(sizes(leaveOf(base, a))).toStrictEqual([[1, keyOf(a.accountKey)]]);
    expect(sizes(rotateOf(base, a, keyNamed('fresh')))).toStrictEqual([
      [1, keyOf(keyNamed('fresh'))],
      [1, keyOf(a.accountKey)],
    ]);
    expect(sizes(leaveOf(base, newcomer))).toStrictEqual([]);
  });

  test('a record that nobody known signed is invalid whatever else is checked', () => {
    expect(checkRecordSignatures(base, leaveOf(base, newcomer), at)).toMatchObject({
      code: 'RECORD_UNREGISTERED',
    });
  });
});
