import { describe, expect, test } from 'vitest';

import { isConflict, inOrder } from '../../src/evidence.ts';
import { F, N, Solo, Z } from '../harness/solo.ts';

const hash = (fill: number): Uint8Array => new Uint8Array(64).fill(fill);

describe('C: collecting votes', () => {
  test('C1 window: not at or below the finalized view, not above view + 2, members only', () => {
    const solo = new Solo();
    solo.finalize(1);
    expect(solo.sendVote(N, 1, 0, hash(1))).toMatchObject({ code: 'CONSENSUS_STALE' });
    expect(solo.sendVote(N, 5, 0, hash(1))).toMatchObject({ code: 'CONSENSUS_AHEAD' });
    expect(solo.sendVote(N, 4, 0, hash(1))).toMatchObject({ ok: true });
    const stranger = { ...solo.vote(N, 2, 0, hash(1)), signerIndex: 9 };
    expect(solo.deliver(0, { type: 0x11, vote: stranger })).toMatchObject({
      code: 'CONSENSUS_NOT_MEMBER',
    });
  });

  test('C1 verifies only when a threshold could be reached', () => {
    const solo = new Solo();
    const before = solo.core.counters.signaturesChecked;
    solo.sendVote(F, 1, 0, hash(1));
    solo.sendVote(F, 1, 1, hash(1));
    expect(solo.core.counters.signaturesChecked).toBe(before);
    solo.sendVote(F, 1, 2, hash(1));
    expect(solo.core.counters.signaturesChecked).toBe(before + 3);
    expect(solo.status.lastFinalView).toBe(1);
  });

  test('C1 the first verified vote wins and is never overwritten', () => {
    const solo = new Solo();
    solo.sendVote(N, 1, 0, hash(1));
    solo.sendVote(N, 1, 0, hash(2));
    expect(solo.of('evidence')).toHaveLength(1);
    solo.sendVote(N, 1, 1, hash(2));
    solo.sendVote(N, 1, 2, hash(2));
    expect(solo.status.view).toBe(1);
    solo.sendVote(N, 1, 1, hash(1));
    expect(solo.status.view).toBe(1);
  });

  test('C1 duplicates and other timestamps are ignored without cost', () => {
    const solo = new Solo();
    expect(solo.sendVote(N, 1, 0, hash(1))).toMatchObject({ ok: true });
    expect(solo.sendVote(N, 1, 0, hash(1))).toMatchObject({ code: 'CONSENSUS_DUPLICATE' });
    const later = solo.vote(N, 1, 0, hash(1), 99);
    expect(solo.deliver(0, { type: 0x11, vote: later })).toMatchObject({ ok: true });
    expect(solo.deliver(0, { type: 0x11, vote: solo.vote(N, 1, 0, hash(1), 98) })).toMatchObject({
      code: 'CONSENSUS_FULL',
    });
    solo.sendVote(N, 1, 1, hash(1));
    expect(solo.deliver(0, { type: 0x11, vote: later })).toMatchObject({
      code: 'CONSENSUS_DUPLICATE',
    });
    expect(solo.of('evidence')).toEqual([]);
  });

  test('C1 the side list is bounded per sender, kind, view and signer', () => {
    const solo = new Solo();
    let taken = 0;
    for (let i = 0; i < 60; i++) {
      const vote = { ...solo.vote(F, 1, 1, hash(i)), signature: new Uint8Array(64).fill(i) };
      if (solo.deliver(2, { type: 0x11, vote }).ok) taken++;
    }
    expect(taken).toBeLessThan(10);
    for (let view = 1; view <= 3; view++) {
      for (let i = 0; i < 60; i++)
        solo.deliver(0, { type: 0x11, vote: solo.vote(N, view, 0, hash(i), i) });
    }
    expect(solo.core.counters.pendingVotes).toBeLessThanOrEqual(12 * 4 * 3);
    expect(solo.core.counters.votesDropped).toBeGreaterThan(100);
  });

  test('C1, A8 a forged vote costs its sender, and its other unverified votes of others are dropped', () => {
    const solo = new Solo();
    const forged = { ...solo.vote(F, 1, 1, hash(1)), signature: hash(9) };
    const other = { ...solo.vote(F, 1, 2, hash(3)), signature: hash(9) };
    solo.deliver(0, { type: 0x11, vote: other });
    solo.deliver(0, { type: 0x11, vote: forged });
    solo.sendVote(F, 1, 0, hash(1));
    expect(solo.of('penalize')).toEqual([]);
    solo.sendVote(F, 1, 2, hash(1));
    expect(solo.of('penalize').map((e) => e.peer)).toContain('p0');
    expect(solo.status.lastFinalView).toBe(0);
    solo.sendVote(F, 1, 1, hash(1));
    expect(solo.status.lastFinalView).toBe(1);
    expect(solo.of('evidence')).toEqual([]);
  });

  test('C2 a certificate is assembled from verified votes, appended, then acted on', () => {
    const solo = new Solo();
    for (const signer of [0, 1, 2]) solo.sendVote(Z, 1, signer);
    expect(solo.status.view).toBe(2);
    const types = solo.of('append').map((e) => e.record.type);
    expect(types.filter((type) => type === 3)).toHaveLength(1);
  });

  test('C3 half of the power: VALIDATED, once', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.propose(made);
    const statuses = (): string[] => solo.of('notify').map((e) => e.status);
    expect(statuses()).toEqual(['PROPOSED', 'VALIDATED']);
    solo.sendVote(N, 1, 1, made.hash);
    expect(statuses()).toEqual(['PROPOSED', 'VALIDATED', 'NOTARIZED']);
  });

  test('weighted power counts, not heads (S27)', () => {
    const solo = new Solo({ powers: [5, 1, 1, 3], self: 3 });
    solo.sendVote(Z, 1, 1);
    solo.sendVote(Z, 1, 2);
    solo.fire('view');
    expect(solo.status.view).toBe(1);
    const heavy = new Solo({ powers: [7, 1, 1, 1], self: 3 });
    heavy.sendVote(F, 1, 0, hash(1));
    expect(heavy.status.lastFinalView).toBe(1);
  });

  test('there is no joining when f + 1 NULLIFY', () => {
    const solo = new Solo({ n: 7, self: 6 });
    for (const signer of [1, 2, 3]) solo.sendVote(Z, 1, signer);
    expect(solo.votes()).toEqual([]);
  });

  test('a NULLIFY by the leader itself is joined at once', () => {
    const solo = new Solo();
    solo.sendVote(Z, 1, 0);
    expect(solo.votes()).toEqual([[Z, 1]]);
  });
});

describe('evidence', () => {
  const solo = new Solo();
  const vote = (kind: 1 | 2 | 3, view: number, fill: number, signer = 0) =>
    solo.vote(kind, view, signer, hash(fill));

  test('exactly classes (a), (b), (c)', () => {
    expect(isConflict(vote(N, 1, 1), vote(N, 1, 2))).toBe(true);
    expect(isConflict(vote(F, 1, 1), vote(F, 1, 2))).toBe(true);
    expect(isConflict(vote(F, 1, 1), vote(Z, 1, 0))).toBe(true);
    expect(isConflict(vote(Z, 1, 0), vote(F, 1, 1))).toBe(true);
    expect(isConflict(vote(N, 1, 1), vote(Z, 1, 0))).toBe(false);
    expect(isConflict(vote(N, 1, 1), vote(F, 1, 2))).toBe(false);
    expect(isConflict(vote(Z, 1, 0), vote(Z, 1, 0))).toBe(false);
    expect(isConflict(vote(N, 1, 1), vote(N, 2, 2))).toBe(false);
    expect(isConflict(vote(N, 1, 1), vote(N, 1, 2, 1))).toBe(false);
    expect(isConflict(vote(N, 1, 1), { ...vote(N, 1, 2), epoch: 2 })).toBe(false);
    expect(isConflict(vote(N, 1, 1), solo.vote(N, 1, 0, hash(1), 77))).toBe(false);
  });

  test('canonical order by kind, then hash', () => {
    const [a, b] = inOrder(vote(N, 1, 2), vote(N, 1, 1));
    expect([a.blockHash[0], b.blockHash[0]]).toEqual([1, 2]);
    expect(inOrder(vote(F, 1, 2), vote(Z, 1, 1)).map((v) => v.kind)).toEqual([Z, F]);
  });

  test('(c) FINALIZE and NULLIFY are found whichever comes first; one accusation per epoch', () => {
    for (const order of [
      [F, Z],
      [Z, F],
    ] as const) {
      const each = new Solo();
      for (const kind of order) each.sendVote(kind, 1, 1, hash(1));
      expect(each.of('evidence')).toHaveLength(1);
      for (const kind of order) each.sendVote(kind, 2, 1, hash(1));
      expect(each.of('evidence')).toHaveLength(1);
      expect(each.core.counters.evidence).toBe(1);
    }
  });

  test('relayed contradictions are verified before anybody is accused', () => {
    const each = new Solo();
    each.sendVote(N, 1, 1, hash(1));
    const forged = { ...each.vote(N, 1, 1, hash(2)), signature: hash(5) };
    each.deliver(2, { type: 0x11, vote: forged });
    expect(each.of('evidence')).toEqual([]);
    expect(each.of('penalize').map((e) => e.peer)).toEqual(['p2']);
  });
});

describe('certificates', () => {
  test.each([
    ['too little power', (s: Solo) => s.certificate(Z, 1, undefined, [0, 1])],
    [
      'another epoch’s signatures',
      (s: Solo) => {
        const bytes = s.certificate(Z, 1);
        bytes[120]! ^= 1;
        return bytes;
      },
    ],
    ['garbage', () => new Uint8Array(200)],
  ])('S9 %s: rejected, state unchanged, sender named', (_, make) => {
    const solo = new Solo();
    expect(solo.deliver(0, { type: 0x12, certificate: make(solo) })).toMatchObject({ ok: false });
    expect(solo.status.view).toBe(1);
    expect(solo.of('penalize').map((e) => e.peer)).toEqual(['p0']);
  });

  test('held and final ones cost nothing', () => {
    const solo = new Solo();
    solo.sendCertificate(Z, 1);
    const before = solo.core.counters.signaturesChecked;
    expect(solo.sendCertificate(Z, 1)).toMatchObject({ code: 'CONSENSUS_DUPLICATE' });
    solo.sendCertificate(F, 3, hash(3));
    expect(solo.sendCertificate(N, 2, hash(2))).toMatchObject({ code: 'CONSENSUS_STALE' });
    expect(solo.core.counters.signaturesChecked).toBe(before + 3);
  });

  test.each([
    ['two notarizations', N, N],
    ['two finalizations', F, F],
    ['finalization and nullification', F, Z],
    ['nullification and finalization', Z, F],
    ['finalization and another notarization', F, N],
    ['notarization and another finalization', N, F],
  ] as const)('L1, L2, L3: %s of one view halt the node with both', (_, a, b) => {
    const solo = new Solo();
    solo.sendCertificate(a, 1, hash(1));
    solo.sendCertificate(b, 1, hash(2));
    expect(solo.of('halt')[0]).toMatchObject({ code: 'CONSENSUS_HALT_CONFLICT' });
    expect(solo.of('halt')[0]!.certificates).toHaveLength(2);
    solo.clear();
    expect(solo.fire('view')).toMatchObject({ code: 'CONSENSUS_NOT_STARTED' });
    expect(solo.effects).toEqual([]);
  });

  test('nullification and notarization of one view may both exist', () => {
    const solo = new Solo();
    solo.sendCertificate(N, 1, hash(1));
    solo.sendCertificate(Z, 1);
    expect(solo.status.halted).toBeUndefined();
  });

  test('J5 CERT is appended before anything leaves because of it', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.propose(made);
    solo.clear();
    solo.sendCertificate(N, 1, made.hash);
    const order = solo.effects.flatMap((e): (number | string)[] =>
      e.type === 'append' ? [e.record.type] : e.type === 'send' ? ['send'] : [],
    );
    expect(order[0]).toBe(3);
    expect(order.indexOf('send')).toBeGreaterThan(order.indexOf(1));
  });

  test('FINALIZE late, after the body arrives, also in a later view', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.sendCertificate(N, 1, made.hash);
    solo.sendCertificate(Z, 2);
    expect(solo.votes()).toEqual([]);
    solo.deliver(0, solo.blockResponse(made));
    expect(solo.votes()).toContainEqual([F, 1]);
  });

  test('a vote for another hash does not forbid FINALIZE of the notarized one', () => {
    const solo = new Solo();
    const [a, b] = [1, 2].map((t) => solo.block(1, undefined, { timestampMs: solo.wall + t }));
    solo.propose(a!);
    solo.sendCertificate(N, 1, b!.hash);
    solo.deliver(0, solo.blockResponse(b!));
    expect(solo.votes()).toEqual([
      [N, 1],
      [F, 1],
    ]);
  });

  test('R0 certificates made by a handler are handled after it (n = 1)', () => {
    const solo = new Solo({ n: 1, self: 0, epochLength: 16 });
    for (let i = 0; i < 40; i++) {
      for (const name of ['pace', 'empty', 'boundary', 'observe'] as const) solo.fire(name);
      const request = solo.of('build').at(-1);
      solo.now += 1_500;
      if (request === undefined) continue;
      solo.clear();
      solo.input({
        type: 'built',
        reqId: request.reqId,
        result: solo.app.build({ ...request, allowEmpty: true }),
      });
    }
    expect(solo.status.halted).toBeUndefined();
    expect(solo.status.epoch).toBe(2);
    expect(solo.status.committedHeight).toBeGreaterThan(16);
    expect(solo.status.view).toBeLessThan(30);
  });
});

describe('commit', () => {
  test('a finalized block that fails here halts the node (S32)', () => {
    const solo = new Solo();
    solo.app.broken = true;
    const made = solo.block(1);
    solo.propose(made);
    expect(solo.votes()).toEqual([[Z, 1]]);
    solo.sendCertificate(F, 1, made.hash);
    expect(solo.status.halted).toBe('CONSENSUS_HALT_FINAL_INVALID');
  });

  test('a finalized block off the committed chain halts the node', () => {
    const solo = new Solo();
    const [first] = solo.finalize(1);
    const fork = solo.block(2, { header: solo.genesis, view: 0, certificate: new Uint8Array(0) });
    expect(fork.header.height).toBe(first!.header.height);
    solo.sendCertificate(F, 2, fork.hash);
    solo.deliver(0, solo.blockResponse(fork));
    expect(solo.status.halted).toBe('CONSENSUS_HALT_FORK');
  });

  test('descendants first: ancestors are fetched, then committed in height order, each once', () => {
    const solo = new Solo();
    const a = solo.block(1);
    const b = solo.block(2, solo.parentOf(a));
    const c = solo.block(3, solo.parentOf(b));
    solo.sendCertificate(F, 3, c.hash);
    expect(solo.sent().find((m) => m.type === 0x16)).toMatchObject({ maxAncestors: 63 });
    solo.deliver(0, solo.blockResponse(c, b));
    expect(solo.of('commit')).toEqual([]);
    solo.now += 2_000;
    solo.fire('fetch');
    solo.deliver(0, solo.blockResponse(a));
    expect(solo.of('commit').map((e) => e.block.header.height)).toEqual([1, 2, 3]);
    expect(solo.of('append').filter((e) => e.record.type === 4)).toHaveLength(3);
    solo.sendCertificate(F, 3, c.hash);
    expect(solo.of('commit')).toHaveLength(3);
  });

  test('a wrong next table from the host is a broken contract', () => {
    const solo = new Solo({ epochLength: 16 });
    const chain = solo.finalize(15);
    if (solo.status.leaderIndex === 3) solo.sendCertificate(Z, solo.status.view);
    const last = solo.block(solo.status.view, solo.parentOf(chain.at(-1)!));
    solo.autoVerify = false;
    solo.propose(last);
    const { reqId } = solo.of('verify').at(-1)!;
    solo.input({ type: 'verified', reqId, verdict: 'valid' });
    expect(solo.status.halted).toBe('CONSENSUS_HALT_HOST');
  });
});
