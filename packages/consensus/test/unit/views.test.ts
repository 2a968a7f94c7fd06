import { describe, expect, test } from 'vitest';

import { grown, policyFor } from '../../src/policy.ts';
import { F, N, Solo, Z } from '../harness/solo.ts';

describe('E: entering views', () => {
  test('E1 any valid certificate for a view >= the current is the ticket; views never go down', () => {
    const solo = new Solo();
    expect(solo.status.view).toBe(1);
    solo.sendCertificate(Z, 1);
    expect(solo.status.view).toBe(2);
    solo.sendCertificate(N, 7, new Uint8Array(64).fill(7));
    expect(solo.status.view).toBe(8);
    solo.sendCertificate(Z, 4);
    expect(solo.status.view).toBe(8);
    expect(solo.status.lastFinalView).toBe(0);
  });

  test('E1 needs no body: a notarization of an unknown block moves the view and fetches the body', () => {
    const solo = new Solo();
    solo.sendCertificate(N, 1, new Uint8Array(64).fill(7));
    expect(solo.status.view).toBe(2);
    expect(solo.sent().some((m) => m.type === 0x16)).toBe(true);
  });

  test('E2 a proposal that was buffered is voted on entry', () => {
    const solo = new Solo();
    const first = solo.block(1);
    solo.propose(first);
    const later = solo.block(3, solo.parentOf(first));
    solo.clear();
    solo.propose(later);
    expect(solo.status.view).toBe(2);
    expect(solo.votes()).toEqual([[F, 1]]);
    solo.sendCertificate(Z, 2);
    expect(solo.votes()).toContainEqual([N, 3]);
  });

  test('E2 a NULLIFY of its own leader, held before entry, is joined on entry', () => {
    const solo = new Solo();
    solo.sendVote(Z, 2, 1);
    expect(solo.votes()).toEqual([]);
    solo.sendCertificate(Z, 1);
    expect(solo.votes()).toEqual([[Z, 2]]);
  });

  test('E2 a blacklisted leader is not waited for', () => {
    const solo = new Solo();
    solo.input({ type: 'blacklist', ids: [solo.tableOf(1).entries[1]!.id] });
    expect(solo.votes()).toEqual([]);
    solo.sendCertificate(Z, 1);
    expect(solo.votes()).toEqual([[Z, 2]]);
  });

  test('E2 not while the rest is no quorum', () => {
    const solo = new Solo();
    const ids = solo
      .tableOf(1)
      .entries.slice(0, 2)
      .map((entry) => entry.id);
    solo.input({ type: 'blacklist', ids });
    expect(solo.votes()).toEqual([]);
  });

  test('E3 a timer that expired while observing still counts when the observation ends', () => {
    const solo = new Solo({ keepObserving: true });
    solo.fire('leader');
    solo.fire('view');
    expect(solo.votes()).toEqual([]);
    solo.now += 2_000;
    solo.fire('observe');
    expect(solo.votes()).toEqual([[Z, 1]]);
  });

  test('E3 the retry tick evaluates every condition again', () => {
    const solo = new Solo();
    solo.autoVerify = false;
    const made = solo.block(1);
    solo.propose(made);
    const [request] = solo.of('verify');
    solo.answerVerify(request!, 'missing');
    expect(solo.votes()).toEqual([]);
    solo.autoVerify = true;
    solo.fire('retry');
    expect(solo.votes()).toContainEqual([N, 1]);
  });
});

describe('timers', () => {
  test('growth by quarters up to the cap', () => {
    expect([0, 1, 2, 3].map((k) => grown(800, k, 8_000))).toEqual([800, 1_000, 1_250, 1_562]);
    expect(grown(800, 1_000, 8_000)).toBe(8_000);
    expect(policyFor(100)).toMatchObject({ leaderTimeoutMs: 400, viewTimeoutMs: 500, graceMs: 50 });
  });

  test('tLeader NULLIFYs a view without header, tView any view', () => {
    const solo = new Solo();
    solo.fire('leader');
    expect(solo.votes()).toEqual([[Z, 1]]);
    const other = new Solo();
    const made = other.block(1);
    other.propose(made);
    other.clear();
    other.fire('leader');
    expect(other.votes()).toEqual([]);
    other.fire('view');
    expect(other.votes()).toEqual([[Z, 1]]);
  });

  test('an own NOTARIZE does not forbid NULLIFY; afterwards neither NOTARIZE nor FINALIZE', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.propose(made);
    expect(solo.votes()).toEqual([[N, 1]]);
    solo.fire('view');
    expect(solo.votes()).toEqual([
      [N, 1],
      [Z, 1],
    ]);
    solo.sendCertificate(N, 1, made.hash);
    expect(solo.votes()).toEqual([
      [N, 1],
      [Z, 1],
    ]);
  });

  test('stale timers do nothing', () => {
    const solo = new Solo();
    solo.sendCertificate(Z, 1);
    solo.clear();
    expect(solo.fire('leader', 1)).toMatchObject({ ok: false, code: 'CONSENSUS_OBSOLETE' });
    expect(solo.fire('view', 2, 7)).toMatchObject({ ok: false, code: 'CONSENSUS_OBSOLETE' });
    expect(solo.votes()).toEqual([]);
  });

  test('an idle view gives its leader EMPTY_DELAY more', () => {
    const solo = new Solo();
    const first = solo.block(1, undefined, {}, [new Uint8Array(120).fill(1)]);
    solo.propose(first);
    solo.sendCertificate(N, 1, first.hash);
    const timeout = (view: number): number =>
      solo.of('setTimer').find((e) => e.name === 'leader' && e.view === view)!.afterMs;
    expect(timeout(2)).toBe(800);
    const second = solo.block(2, solo.parentOf(first));
    solo.propose(second);
    solo.sendCertificate(N, 2, second.hash);
    expect(timeout(3)).toBe(1_800);
    solo.sendCertificate(N, 3, new Uint8Array(64).fill(9));
    expect(timeout(4)).toBe(1_800 + 200);
  });

  test('a silent leader is skipped after SKIP_VIEWS, once the node has watched long enough', () => {
    const solo = new Solo({ self: 3 });
    for (let view = 1; view <= 60; view++) {
      solo.fire('view');
      for (const signer of [0, 2]) solo.sendVote(Z, view, signer);
    }
    solo.clear();
    const next = (): void => {
      solo.fire('view');
      for (const signer of [0, 2]) solo.sendVote(Z, solo.status.view, signer);
    };
    while (solo.status.view % 4 !== 1) next();
    solo.clear();
    next();
    const { view } = solo.status;
    expect(solo.votes()).toContainEqual([Z, view]);
    expect(solo.status.leaderIndex).toBe(1);
    solo.deliver(1, { type: 0x13, epoch: 1, view: view + 4, finalView: 0, finalHeight: 0 });
    solo.clear();
    for (let i = 0; i < 4; i++) next();
    expect(solo.status.leaderIndex).toBe(1);
    expect(solo.votes()).not.toContainEqual([Z, solo.status.view]);
  });

  test('tGrace sends the entry certificate to those who are behind, and only to them', () => {
    const solo = new Solo();
    solo.sendCertificate(Z, 1);
    solo.sendVote(Z, 2, 1);
    solo.clear();
    solo.fire('grace');
    const [effect] = solo.of('send');
    expect(effect!.to).toEqual({ peers: ['p0', 'p2'] });
    expect(solo.sent()[0]!.type).toBe(0x12);
    solo.sendVote(N, 2, 0, solo.anchorHash);
    solo.sendVote(N, 2, 2, solo.anchorHash);
    solo.clear();
    solo.fire('grace');
    expect(solo.of('send')).toEqual([]);
  });

  test('tRetry resends stored bytes, the entry certificate and STATUS', () => {
    const solo = new Solo();
    solo.sendCertificate(Z, 1);
    solo.fire('view');
    const first = solo.of('send').find((e) => e.bytes[0] === 0x11)!;
    solo.clear();
    solo.fire('retry');
    const again = solo.of('send').find((e) => e.bytes[0] === 0x11)!;
    expect(again.bytes).toEqual(first.bytes);
    expect(
      solo
        .sent()
        .map((m) => m.type)
        .toSorted((a, b) => a - b),
    ).toEqual([0x11, 0x12, 0x13]);
    expect(solo.of('sign')).toEqual([]);
  });
});

describe('memory', () => {
  test('views that have ended keep certificates, own votes and FINALIZE votes', () => {
    const solo = new Solo();
    for (let view = 1; view <= 8; view++) {
      solo.sendVote(N, view, 0, new Uint8Array(64).fill(view));
      solo.sendVote(F, view, 1, new Uint8Array(64).fill(view));
      solo.sendCertificate(Z, view);
    }
    expect(solo.core.counters.pendingVotes).toBeLessThan(8 + 8);
    expect(solo.sendVote(N, 1, 2, new Uint8Array(64).fill(1))).toMatchObject({ ok: false });
    expect(solo.sendVote(F, 1, 2, new Uint8Array(64).fill(1))).toMatchObject({ ok: true });
  });

  test('finalization forgets the views below', () => {
    const solo = new Solo();
    solo.finalize(9);
    expect(solo.status.committedHeight).toBe(9);
    expect(solo.core.counters.slots).toBeLessThan(6);
    expect(solo.core.counters.blocks).toBe(0);
  });
});
