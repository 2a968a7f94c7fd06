import { describe, expect, test } from 'vitest';

import { type RecoveredJournal } from '../../src/types.ts';
import { Cluster } from '../harness/cluster.ts';
import { fakeKey } from '../harness/chain.ts';
import { floorRecord } from '../harness/records.ts';
import { F, N, Solo, Z } from '../harness/solo.ts';

const hash = (fill: number): Uint8Array => new Uint8Array(64).fill(fill);

describe('J7 recovery', () => {
  test('own votes, certificates and bodies come back; view is where it was', () => {
    const before = new Solo();
    const made = before.block(1);
    before.propose(made);
    before.sendCertificate(N, 1, made.hash);
    before.fire('view');
    const after = new Solo({ journal: before.journal(), keepObserving: true });
    expect(after.status).toMatchObject({ view: 2, observing: true });
    expect(after.of('sign')).toEqual([]);
    expect(after.votes()).toEqual([
      [Z, 2],
      [F, 1],
    ]);
    after.now += 2_000;
    after.fire('observe');
    after.fire('view');
    after.fire('leader');
    expect(after.of('sign')).toEqual([]);
    after.sendCertificate(F, 1, made.hash);
    expect(after.of('commit')).toHaveLength(1);
  });

  test('record order is not view order, and certificates alone move the view', () => {
    const solo = new Solo();
    for (const view of [1, 2, 3, 4]) solo.sendCertificate(Z, view);
    const journal = solo.journal();
    const mixed: RecoveredJournal = {
      ...journal,
      epochs: new Map([[1, [...journal.epochs.get(1)!].toReversed()]]),
    };
    expect(new Solo({ journal: mixed }).status.view).toBe(5);
  });

  test('a leader sends its stored proposal again and never builds a second one', () => {
    const before = new Solo({ self: 0 });
    const request = before.of('build').at(-1)!;
    const result = before.app.build({ ...request, allowEmpty: true });
    before.input({ type: 'built', reqId: request.reqId, result });
    expect(before.votes()).toEqual([]);
    const after = new Solo({ self: 0, journal: before.journal(), keepObserving: true });
    expect(after.sent().filter((m) => m.type === 0x10)).toHaveLength(1);
    after.now += 2_000;
    after.fire('observe');
    after.fire('retry');
    expect(after.of('build')).toEqual([]);
  });

  test('J6 nothing at or below the floor is signed, looked up first', () => {
    const journal: RecoveredJournal = {
      epochs: new Map(),
      newestEpoch: 1,
      floors: new Map([[1, 3]]),
    };
    const solo = new Solo({ journal });
    for (let view = 1; view <= 3; view++) {
      solo.fire('view');
      expect(solo.votes()).toEqual([]);
      solo.sendCertificate(Z, view);
    }
    solo.fire('view');
    expect(solo.votes()).toEqual([[Z, 4]]);
    const record = floorRecord(1, 2);
    const other: RecoveredJournal = {
      epochs: new Map([[1, [record]]]),
      newestEpoch: 1,
      floors: new Map(),
    };
    const again = new Solo({ journal: other });
    again.fire('view');
    expect(again.votes()).toEqual([]);
  });

  test('evidence survives a restart (PROPOSAL_SEEN)', () => {
    const before = new Solo();
    const [a, b] = [1, 2].map((t) => before.block(1, undefined, { timestampMs: before.wall + t }));
    before.propose(a!);
    const after = new Solo({ journal: before.journal() });
    after.propose(b!);
    expect(after.of('evidence')).toHaveLength(1);
    expect(after.votes().some(([kind]) => kind === N)).toBe(false);
  });

  test('the finalized block that was not stored is committed from the journal', () => {
    const before = new Solo();
    const chain = before.finalize(3);
    const after = new Solo({ journal: before.journal() });
    expect(after.status.committedHeight).toBe(3);
    expect(after.status.committedHash).toEqual(chain[2]!.hash);
  });

  test('damaged payloads in a valid journal are skipped', () => {
    const journal: RecoveredJournal = {
      epochs: new Map([
        [1, [1, 2, 3, 6].map((type) => ({ type: type as 1, payload: new Uint8Array(20) }))],
      ]),
      newestEpoch: 1,
      floors: new Map(),
    };
    expect(new Solo({ journal }).status.view).toBe(1);
  });

  test('a chain store behind the newest epoch catches up from older segments, and signs nothing there', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4], epochLength: 16 }).start();
    for (let i = 0; i < 40; i++) {
      cluster.addTransactions(1, i);
      cluster.run(200);
    }
    const node = cluster.nodes[0]!;
    expect(node.core.status().epoch).toBeGreaterThan(1);
    node.crash();
    node.committed.length = 10;
    node.finalizations.length = 10;
    node.app = cluster.newApp();
    for (const block of node.committed) node.app.verify(block);
    node.effects = [];
    cluster.link = (a, b) => a !== node && b !== node;
    node.restart();
    cluster.run(3_000);
    expect(node.core.status().epoch).toBeGreaterThan(1);
    expect(node.halted).toBeUndefined();
    const signed = node.effects.filter((e) => e.type === 'sign' && e.request.epoch === 1);
    expect(signed).toEqual([]);
    expect(cluster.agree()).toBe(true);
  });
});

describe('J9 own-key watch', () => {
  test('nothing is signed for 2 tStatus after a start, longer after an epoch switch, at most 10', () => {
    const solo = new Solo({ keepObserving: true });
    solo.fire('view');
    solo.propose(solo.block(1));
    solo.now += 1_999;
    solo.fire('observe');
    expect(solo.votes()).toEqual([]);
    solo.now += 1;
    solo.fire('observe');
    expect(solo.status.observing).toBe(false);
    expect(solo.votes().length).toBeGreaterThan(0);
    expect(new Solo({ n: 1, self: 0, keepObserving: true }).of('setTimer')[0]).toMatchObject({
      name: 'observe',
      afterMs: 0,
    });
  });

  test('an own vote that the journal lacks ends the node, in a vote or in a certificate', () => {
    const echoed = new Solo();
    echoed.deliver(0, { type: 0x11, vote: echoed.vote(Z, 1, 3) });
    expect(echoed.status.halted).toBe('CONSENSUS_HALT_OWN_KEY');
    const inside = new Solo();
    inside.deliver(0, { type: 0x12, certificate: inside.certificate(Z, 1, undefined, [0, 1, 3]) });
    expect(inside.status.halted).toBe('CONSENSUS_HALT_OWN_KEY');
    const proposal = new Solo({ self: 0 });
    proposal.deliver(1, proposal.proposal(proposal.block(1)));
    expect(proposal.status.halted).toBe('CONSENSUS_HALT_OWN_KEY');
  });

  test('forged ones, known ones and those at or below the floor do nothing', () => {
    const solo = new Solo();
    const forged = { ...solo.vote(Z, 1, 3), signature: hash(1) };
    expect(solo.deliver(0, { type: 0x11, vote: forged })).toMatchObject({
      code: 'CONSENSUS_VOTE_SIGNATURE',
    });
    solo.fire('view');
    expect(solo.deliver(0, { type: 0x11, vote: solo.vote(Z, 1, 3) })).toMatchObject({
      code: 'CONSENSUS_DUPLICATE',
    });
    solo.sendCertificate(F, 5, hash(5));
    expect(solo.deliver(0, { type: 0x11, vote: solo.vote(Z, 4, 3) })).toMatchObject({
      code: 'CONSENSUS_DUPLICATE',
    });
    solo.deliver(0, { type: 0x12, certificate: solo.certificate(Z, 4, undefined, [0, 1, 3]) });
    expect(solo.status.halted).toBeUndefined();
  });

  test('two instances of one key notice each other', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4] }).start();
    cluster.run(3_000);
    for (let i = 0; i < 5; i++) {
      cluster.addTransactions(1, i);
      cluster.run(200);
    }
    const node = cluster.nodes[3]!;
    node.crash();
    node.records = [];
    node.synced = 0;
    node.committed = [];
    node.finalizations = [];
    node.app = cluster.newApp();
    node.restart();
    cluster.run(5_000);
    expect(node.halted).toBe('CONSENSUS_HALT_OWN_KEY');
  });

  test('nobody starts before genesisTimeMs by the own wall clock', () => {
    const solo = new Solo({ config: { genesisTimeMs: 1_010_000 } });
    expect(solo.status.observing).toBe(true);
    solo.fire('view');
    expect(solo.votes()).toEqual([]);
    solo.wall += 10_000;
    solo.fire('observe');
    expect(solo.votes()).toEqual([[Z, 1]]);
  });
});

describe('J8 lost journal', () => {
  test('the node follows and never signs', () => {
    const solo = new Solo({ isDisabled: true });
    solo.finalize(2);
    solo.fire('view');
    expect(solo.of('sign')).toEqual([]);
    expect(solo.status).toMatchObject({ committedHeight: 2, signing: false });
    solo.deliver(0, { type: 0x11, vote: solo.vote(Z, 8, 3) });
    expect(solo.status.halted).toBeUndefined();
  });

  test('with the risk accepted it watches 10 tStatus, writes a FLOOR and signs above it only', () => {
    const solo = new Solo({ config: { acceptEquivocationRisk: true }, keepObserving: true });
    solo.deliver(0, { type: 0x11, vote: solo.vote(Z, 2, 3) });
    solo.deliver(0, { type: 0x12, certificate: solo.certificate(Z, 1, undefined, [0, 1, 3]) });
    expect(solo.status.halted).toBeUndefined();
    solo.now += 9_999;
    solo.fire('observe');
    expect(solo.status.observing).toBe(true);
    solo.now += 1;
    solo.fire('observe');
    expect(solo.of('append').at(-1)!.record.type).toBe(7);
    expect(solo.of('floor').at(-1)).toMatchObject({ epoch: 1, view: 2 });
    solo.fire('view');
    expect(solo.votes()).toEqual([]);
    solo.sendCertificate(Z, 2);
    solo.fire('view');
    expect(solo.votes()).toEqual([[Z, 3]]);
    solo.deliver(0, { type: 0x11, vote: solo.vote(N, 3, 3, hash(1)) });
    expect(solo.status.halted).toBe('CONSENSUS_HALT_OWN_KEY');
  });

  test('the watch begins again while no quorum is heard, and while blocks are missing', () => {
    const solo = new Solo({ config: { acceptEquivocationRisk: true }, keepObserving: true });
    const ticks = (count: number): void => {
      for (let i = 0; i < count; i++) {
        solo.now += 1_000;
        solo.fire('observe');
      }
    };
    const waits = (): number[] =>
      solo.of('setTimer').flatMap(({ name, afterMs }) => (name === 'observe' ? [afterMs] : []));
    ticks(5);
    expect(Math.max(...waits())).toBe(1_000);
    solo.input({ type: 'disconnected', peer: 'p0' });
    solo.input({ type: 'disconnected', peer: 'p1' });
    ticks(20);
    expect(solo.status.observing).toBe(true);
    solo.input({ type: 'connected', peer: 'p0', consensusKey: fakeKey(1).publicKey });
    ticks(9);
    expect(solo.status.observing).toBe(true);
    solo.sendCertificate(F, 3, hash(7));
    ticks(20);
    expect(solo.status.observing).toBe(true);
    expect(solo.of('append').some(({ record }) => record.type === 7)).toBe(false);
  });

  test('an epoch switch begins the watch again', () => {
    const solo = new Solo({
      config: { acceptEquivocationRisk: true },
      keepObserving: true,
      epochLength: 4,
    });
    solo.now += 8_000;
    solo.fire('observe');
    solo.finalize(4);
    expect(solo.status).toMatchObject({ epoch: 2, observing: true });
    solo.now += 9_999;
    solo.fire('observe');
    expect(solo.status.observing).toBe(true);
    solo.now += 1;
    solo.fire('observe');
    expect(solo.status.observing).toBe(false);
    expect(solo.of('floor').at(-1)).toMatchObject({ epoch: 2 });
  });
});
