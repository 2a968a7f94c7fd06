import { describe, expect, test } from 'vitest';

import { Cluster } from '../harness/cluster.ts';
import { F, N, Solo, Z } from '../harness/solo.ts';

const hash = (fill: number): Uint8Array => new Uint8Array(64).fill(fill);

describe('corners', () => {
  test('C1 a forged copy does not hide the true vote of the same signer', () => {
    const solo = new Solo();
    const forged = { ...solo.vote(F, 1, 1, hash(1)), signature: hash(9) };
    solo.sendVote(F, 1, 1, hash(1));
    solo.deliver(0, { type: 0x11, vote: forged });
    solo.sendVote(F, 1, 0, hash(1));
    solo.sendVote(F, 1, 2, hash(1));
    expect(solo.status.lastFinalView).toBe(1);
    const other = new Solo();
    other.deliver(0, { type: 0x11, vote: forged });
    other.sendVote(F, 1, 0, hash(1));
    other.sendVote(F, 1, 2, hash(1));
    expect(other.of('penalize').map((e) => e.peer)).toEqual(['p0']);
    expect(other.status.lastFinalView).toBe(0);
    other.sendVote(F, 1, 1, hash(1));
    expect(other.status.lastFinalView).toBe(1);
  });

  test('the body of a proposal that nobody certified goes with its view, and can come back', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.fire('leader');
    solo.propose(made);
    for (let view = 1; view <= 5; view++) solo.sendCertificate(Z, view);
    solo.clear();
    solo.deliver(0, { type: 0x16, blockHash: made.hash, maxAncestors: 0 });
    expect(solo.of('serve')).toHaveLength(1);
    solo.sendCertificate(N, 1, made.hash);
    expect(solo.sent().some((m) => m.type === 0x16)).toBe(true);
    solo.deliver(1, solo.blockResponse(made));
    expect(solo.of('verify')).toHaveLength(1);
  });

  test('a refusal of the guard is a warning, not a vote', () => {
    const solo = new Solo();
    solo.guard.raiseFloor(1, 9);
    solo.fire('view');
    expect(solo.votes()).toEqual([]);
    expect(solo.of('warn')).toMatchObject([{ code: 'GUARD_FLOOR' }]);
    expect(solo.of('append')).toEqual([]);
  });

  test('synced into a later epoch: the old one is left behind', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4], epochLength: 16 }).start();
    for (let i = 0; i < 60; i++) {
      cluster.addTransactions(1, i);
      cluster.run(150);
    }
    const [first, last] = [cluster.nodes[0]!, cluster.nodes[3]!];
    expect(first.core.status().epoch).toBeGreaterThan(2);
    last.crash();
    last.records = [];
    last.synced = 0;
    last.committed = [];
    last.finalizations = [];
    last.app = cluster.newApp();
    last.canSign = false;
    cluster.link = (a, b) => a !== last && b !== last;
    last.restart();
    expect(last.core.status().epoch).toBe(1);
    last.syncTo(first.height);
    expect(last.core.status()).toMatchObject({ epoch: first.core.status().epoch, signing: false });
    expect(last.core.status().committedHeight).toBe(first.height);
    expect(last.input({ type: 'synced', chain: last.head() })).toMatchObject({
      code: 'CONSENSUS_OBSOLETE',
    });
  });

  test('nothing is taken before start, and a second start is refused', () => {
    const solo = new Solo();
    expect(solo.input({ type: 'start', chain: solo.genesisChain() })).toMatchObject({
      code: 'CONSENSUS_OBSOLETE',
    });
    const halted = new Solo();
    halted.deliver(0, { type: 0x11, vote: halted.vote(Z, 1, 3) });
    expect(halted.input({ type: 'workArrived' })).toMatchObject({ code: 'CONSENSUS_NOT_STARTED' });
  });

  test('a second connection of a validator takes over, and hands back', () => {
    const solo = new Solo();
    const { consensusKey } = solo.tableOf(1).entries[0]!;
    solo.input({ type: 'connected', peer: 'twin', consensusKey });
    solo.input({ type: 'disconnected', peer: 'twin' });
    solo.input({ type: 'disconnected', peer: 'twin' });
    solo.sendCertificate(Z, 1);
    solo.clear();
    solo.fire('grace');
    expect(solo.of('send')[0]!.to).toEqual({ peers: ['p0', 'p1', 'p2'] });
  });
});
