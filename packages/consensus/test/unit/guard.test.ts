import { describe, expect, test } from 'vitest';

import { concatBytes, asciiBytes } from '@mxd/codec';
import { defaultParameters, type GenesisDocument } from '@mxd/protocol';
import { zeroHash, zeroId } from '@mxd/protocol/primitives';

import { limits } from '../../src/limits.ts';
import { Outbox } from '../../src/outbox.ts';
import { GenesisGuard, GuardMemory, SignGuard } from '../../src/sign-guard.ts';
import { type Effect, type RecoveredJournal, type VoteRequest } from '../../src/types.ts';
import { chainTag, fakeKey, fakeVerify } from '../harness/chain.ts';
import { emptyJournal } from '../harness/cluster.ts';
import { voteRecord } from '../harness/records.ts';

const request = (kind: 1 | 2 | 3, view: number, fill = 1, epoch = 1): VoteRequest => ({
  kind,
  epoch,
  view,
  signerIndex: 0,
  timestampMs: kind === 2 ? 0 : 5,
  blockHash: kind === 2 ? zeroHash : new Uint8Array(64).fill(fill),
  previous: zeroId,
});
const guard = (journal: RecoveredJournal | undefined = emptyJournal()): SignGuard =>
  new SignGuard({ key: fakeKey(1), chainTag, journal });
const code = (answer: { ok: boolean; code?: string }): string => (answer.ok ? 'ok' : answer.code!);

describe('sign guard', () => {
  test('every pair of kinds in one view, by its own memory', () => {
    const allowed = new Set(['1>2', '1>3', '3>1', '2>2', '1>1', '3>3']);
    for (const first of [1, 2, 3] as const) {
      for (const second of [1, 2, 3] as const) {
        const one = guard();
        expect(code(one.signVote(request(first, 1)))).toBe('ok');
        const expected = allowed.has(`${first}>${second}`) ? 'ok' : 'GUARD_CONFLICT';
        expect([first, second, code(one.signVote(request(second, 1)))]).toEqual([
          first,
          second,
          expected,
        ]);
      }
    }
  });

  test('never two hashes of one kind; the same hash gives the same bytes', () => {
    const one = guard();
    const first = one.signVote(request(1, 1));
    const again = one.signVote({ ...request(1, 1), timestampMs: 99 });
    expect(again).toEqual(first);
    expect(code(one.signVote(request(1, 1, 2)))).toBe('GUARD_CONFLICT');
    expect(one.refusals.get('GUARD_CONFLICT')).toBe(1);
    if (!first.ok) throw new Error('refused');
    expect(first.vote.signature).toHaveLength(64);
  });

  test('J6 the floor comes first, epochs only increase', () => {
    const one = guard();
    expect(code(one.signVote(request(2, 5)))).toBe('ok');
    one.raiseFloor(1, 5);
    expect(code(one.signVote(request(2, 5)))).toBe('GUARD_FLOOR');
    one.raiseFloor(1, 3);
    expect(one.floor).toBe(5);
    expect(code(one.signVote(request(2, 1, 1, 2)))).toBe('ok');
    expect(one.epoch).toBe(2);
    expect(code(one.signVote(request(2, 9)))).toBe('GUARD_EPOCH');
    one.raiseFloor(1, 100);
    expect(one.floor).toBe(0);
    one.raiseFloor(3, 7);
    expect([one.epoch, one.floor]).toEqual([3, 7]);
  });

  test('remembers across restarts what the journal holds', () => {
    const journal: RecoveredJournal = {
      epochs: new Map([
        [
          2,
          [
            voteRecord(2, 2, 7),
            { type: 1, payload: new Uint8Array(3) },
            { type: 3, payload: new Uint8Array(3) },
          ],
        ],
        [1, [voteRecord(1, 1, 9)]],
      ]),
      newestEpoch: 2,
      floors: new Map([[2, 4]]),
    };
    const one = guard(journal);
    expect(code(one.signVote(request(1, 7, 1, 2)))).toBe('GUARD_CONFLICT');
    expect(code(one.signVote(request(1, 4, 1, 2)))).toBe('GUARD_FLOOR');
    expect(code(one.signVote(request(1, 9, 1, 1)))).toBe('GUARD_EPOCH');
    expect(code(one.signVote(request(1, 8, 1, 2)))).toBe('ok');
  });

  test('J8 without a journal no vote and no report is signed; possession still is', () => {
    const one = new SignGuard({ key: fakeKey(1), chainTag, journal: undefined });
    expect(code(one.signVote(request(1, 1)))).toBe('GUARD_DISABLED');
    const report = {
      type: 5,
      epoch: 1,
      reporterIndex: 0,
      samples: [],
      signature: new Uint8Array(64),
    } as const;
    expect(code(one.signLatency(report))).toBe('GUARD_DISABLED');
    expect(one.publicKey).toEqual(fakeKey(1).publicKey);
  });

  test('its memory is bounded: full means refused', () => {
    const memory = new GuardMemory();
    memory.restore({ epochs: new Map(), newestEpoch: 1, floors: new Map() });
    const blank = {
      kind: 2,
      epoch: 1,
      signerIndex: 0,
      timestampMs: 0,
      blockHash: zeroHash,
      signature: zeroHash,
    } as const;
    for (let view = 1; view <= limits.guardViews.value; view++) memory.remember({ ...blank, view });
    expect(memory.size).toBe(limits.guardViews.value);
    expect(memory.decide(request(2, limits.guardViews.value + 1))).toEqual({
      type: 'refuse',
      code: 'GUARD_FULL',
    });
    expect([memory.epoch, memory.floor]).toEqual([1, 0]);
  });

  test('LATENCY, possession and peer proofs, each under its own tag, and nothing else', () => {
    const one = guard();
    const samples = [{ latencyMs: 1, participationBp: 1 }];
    const report = {
      type: 5,
      epoch: 1,
      reporterIndex: 0,
      samples,
      signature: new Uint8Array(64),
    } as const;
    expect(code(one.signLatency(report))).toBe('ok');
    const leave = {
      type: 2,
      id: zeroId,
      seq: 1,
      expiryEpoch: 1,
      accountSignature: new Uint8Array(64),
    } as const;
    expect(code(one.signLatency(leave))).toBe('GUARD_MESSAGE');
    const rotate = {
      type: 3,
      id: zeroId,
      newConsensusKey: fakeKey(1).publicKey,
      seq: 1,
      expiryEpoch: 1,
      possessionSignature: new Uint8Array(64),
      accountSignature: new Uint8Array(64),
    } as const;
    expect(code(one.signPossession(rotate))).toBe('ok');
    expect(code(one.signPossession({ ...rotate, newConsensusKey: fakeKey(2).publicKey }))).toBe(
      'GUARD_KEY',
    );
    const join = {
      type: 1,
      id: zeroId,
      accountSuite: 1,
      accountKey: new Uint8Array(32),
      consensusKey: fakeKey(1).publicKey,
      seq: 1,
      expiryEpoch: 1,
      recentHeight: 1,
      recentHash: zeroHash,
      possessionSignature: new Uint8Array(64),
      accountSignature: new Uint8Array(64),
    } as const;
    expect(code(one.signPossession(join))).toBe('ok');
    const proof = concatBytes(asciiBytes('RSC1PEER'), chainTag, new Uint8Array(100));
    expect(code(one.signPeerProof(proof))).toBe('ok');
    for (const bad of [
      concatBytes(asciiBytes('RSC1VOTE'), chainTag, new Uint8Array(100)),
      concatBytes(asciiBytes('RSC1PEER'), new Uint8Array(132)),
      proof.subarray(0, 40),
      concatBytes(proof, new Uint8Array(1_000)),
    ]) {
      expect(code(one.signPeerProof(bad))).toBe('GUARD_MESSAGE');
    }
  });

  test('genesis: one document per attempt', () => {
    const key = fakeKey(1);
    const one = new GenesisGuard(key);
    const document: GenesisDocument = {
      networkId: 1,
      testNetwork: 1,
      attempt: 0,
      genesisTimeMs: 5,
      parameters: defaultParameters,
      allocations: [],
      listed: [],
      members: [
        {
          id: zeroId,
          accountSuite: 1,
          accountKey: new Uint8Array(32),
          consensusKey: key.publicKey,
          stake: 1n,
          possessionSignature: one.signPossession(1, zeroId),
        },
      ],
    };
    expect(code(one.signDocument(document))).toBe('ok');
    expect(code(one.signDocument(document))).toBe('ok');
    expect(code(one.signDocument({ ...document, genesisTimeMs: 6 }))).toBe('GENESIS_ATTEMPT');
    expect(code(one.signDocument({ ...document, attempt: 1 }))).toBe('ok');
    expect(code(one.signDocument(document))).toBe('GENESIS_ATTEMPT');
    expect(
      fakeVerify(key.publicKey, new Uint8Array(1), document.members[0]!.possessionSignature),
    ).toBe(false);
  });
});

describe('R0b durability barrier', () => {
  const send: Effect = { type: 'send', to: { peers: [] }, bytes: new Uint8Array(0) };

  test('what others can see waits for the records before it, in order', () => {
    const outbox = new Outbox();
    expect(outbox.admit(send)).toBe(true);
    outbox.append();
    const first = { ...send };
    const second = { ...send };
    expect(outbox.admit(first)).toBe(false);
    outbox.append();
    expect(outbox.admit(second)).toBe(false);
    expect(outbox.size).toBe(2);
    expect(outbox.durable(1)).toEqual([first]);
    expect(outbox.admit(send)).toBe(false);
    expect(outbox.durable(2)).toEqual([second, send]);
    expect(outbox.durable(1)).toEqual([]);
    expect(outbox.admit(send)).toBe(true);
    expect(outbox.appended).toBe(2);
  });

  test('timers, build and verify never wait', () => {
    const timer: Effect = { type: 'setTimer', name: 'view', epoch: 1, view: 1, afterMs: 1 };
    expect(Outbox.isGated(timer)).toBe(false);
    const gated = [
      'send',
      'commit',
      'notify',
      'relay',
      'serve',
      'evidence',
      'systemRecord',
      'epoch',
    ];
    for (const type of gated) expect(Outbox.isGated({ type } as Effect)).toBe(true);
  });
});
