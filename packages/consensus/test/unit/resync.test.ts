import { describe, expect, test } from 'vitest';

import { blockCodec, messageCodec } from '@mxd/protocol';

import { Cluster, transaction } from '../harness/cluster.ts';
import { F, N, Solo, Z } from '../harness/solo.ts';

const hash = (fill: number): Uint8Array => new Uint8Array(64).fill(fill);
const kinds = (solo: Solo, peer: string): number[] => solo.sentTo(peer).map((m) => m.type);
const status = (view: number, finalView = 0, epoch = 1) =>
  ({ type: 0x13, epoch, view, finalView, finalHeight: 0 }) as const;

describe('A: resync', () => {
  test('A1 a vote of its signer for a view below is answered with the entry certificate, rarely', () => {
    const solo = new Solo();
    solo.sendCertificate(Z, 1);
    solo.sendCertificate(Z, 2);
    solo.clear();
    solo.sendVote(Z, 1, 0);
    expect(kinds(solo, 'p0')).toEqual([0x12]);
    solo.sendVote(N, 1, 0, hash(1));
    expect(kinds(solo, 'p0')).toEqual([0x12]);
    solo.now += 200;
    solo.sendVote(N, 2, 0, hash(1));
    expect(kinds(solo, 'p0')).toEqual([0x12, 0x12]);
    solo.sendVote(N, 2, 1, hash(1), 0);
    expect(kinds(solo, 'p1')).toEqual([]);
  });

  test('A1 late votes of the view before are normal within tGrace of entry', () => {
    const solo = new Solo();
    solo.sendCertificate(Z, 1);
    solo.clear();
    solo.sendVote(N, 1, 0, hash(1));
    expect(kinds(solo, 'p0')).toEqual([]);
    solo.now += 150;
    solo.sendVote(Z, 1, 0);
    expect(kinds(solo, 'p0')).toEqual([0x12]);
  });

  test('A1 votes at or below the finalized view are answered with its finalization', () => {
    const solo = new Solo();
    solo.finalize(3);
    solo.clear();
    solo.sendVote(N, 1, 0, hash(1));
    const [m] = solo.sentTo('p0');
    expect(m?.type).toBe(0x12);
    if (m?.type === 0x12) expect(m.certificate[0]).toBe(F);
  });

  test('A2 STATUS behind: the finalization, else the entry certificate', () => {
    const solo = new Solo();
    solo.finalize(2);
    solo.clear();
    const certificates = (peer: string): number[] => kinds(solo, peer).filter((k) => k === 0x12);
    solo.deliver(0, status(1));
    expect(certificates('p0')).toHaveLength(1);
    solo.deliver(1, status(1, 2));
    expect(certificates('p1')).toHaveLength(1);
    solo.deliver(2, status(3, 2));
    expect(certificates('p2')).toEqual([]);
    solo.deliver('observer', status(1));
    expect(kinds(solo, 'observer')).toEqual([0x12]);
  });

  test('A2 any message of a lower epoch is answered with its EPOCH_PROOF, once per 200 ms', () => {
    const { solo } = inSecondEpoch();
    solo.clear();
    solo.deliver(0, status(9, 0, 1));
    expect(kinds(solo, 'p0')).toEqual([0x1b]);
    solo.deliver(0, status(9, 0, 1));
    expect(kinds(solo, 'p0')).toEqual([0x1b]);
    const vote = { ...solo.vote(N, 1, 1, hash(1)), epoch: 1 };
    solo.deliver(1, { type: 0x11, vote });
    expect(kinds(solo, 'p1')).toEqual([0x1b]);
  });

  test('A3 CERT_REQ: the finalization for what it covers, everything held above', () => {
    const solo = new Solo();
    solo.finalize(2);
    solo.sendCertificate(N, 3, hash(3));
    solo.sendCertificate(Z, 3);
    solo.clear();
    solo.deliver(0, { type: 0x14, epoch: 1, fromView: 1, toView: 10 });
    const [m] = solo.sentTo('p0');
    expect(m).toMatchObject({ type: 0x15 });
    if (m?.type === 0x15) expect(m.certificates.map((c) => c[0])).toEqual([F, N, Z]);
    solo.deliver(1, { type: 0x14, epoch: 1, fromView: 9, toView: 10 });
    expect(kinds(solo, 'p1')).toEqual([]);
    solo.deliver(1, { type: 0x14, epoch: 3, fromView: 9, toView: 10 });
    expect(kinds(solo, 'p1')).toEqual([0x13]);
  });

  test('A3 an answer of the other kind is kept and the question stays open', () => {
    const solo = new Solo({ self: 2 });
    solo.sendCertificate(Z, 2);
    solo.now += 200;
    solo.fire('pace');
    solo.deliver(0, { type: 0x15, certificates: [solo.certificate(N, 1, hash(1))] });
    expect(solo.of('build')).toEqual([]);
    expect(solo.of('penalize')).toEqual([]);
    solo.deliver(1, { type: 0x15, certificates: [solo.certificate(Z, 1)] });
    expect(solo.of('build')).toHaveLength(1);
  });

  test('A4 a fetch goes to a preferred peer and another, then to others, ever more slowly', () => {
    const solo = new Solo({ n: 10, self: 9 });
    solo.sendCertificate(N, 1, hash(1));
    const asked = (): string[] =>
      solo.of('send').flatMap((e) => (e.bytes[0] === 0x16 && 'peers' in e.to ? e.to.peers : []));
    expect(new Set(asked()).size).toBe(2);
    solo.now += 150;
    solo.fire('fetch');
    expect(new Set(asked()).size).toBe(4);
    solo.now += 150;
    solo.fire('fetch');
    expect(asked()).toHaveLength(4);
    for (let i = 0; i < 30; i++) {
      solo.now += 300;
      solo.fire('fetch');
    }
    expect(asked().length).toBeGreaterThan(10);
    expect(new Set(asked()).size).toBe(10);
  });

  test('A4 bounded: at most 64 fetches, at most 4 at one peer', () => {
    const solo = new Solo();
    for (let view = 1; view <= 80; view++) solo.sendCertificate(N, view, hash(view));
    expect(solo.core.counters.outstandingFetches).toBeLessThanOrEqual(64);
    const first = solo.of('send').filter((e) => e.bytes[0] === 0x16);
    const perPeer = new Map<string, number>();
    for (const e of first) {
      if ('peers' in e.to) for (const p of e.to.peers) perPeer.set(p, (perPeer.get(p) ?? 0) + 1);
    }
    expect(Math.max(...perPeer.values())).toBeLessThanOrEqual(4);
  });

  test('A5 only asked hashes, in a row, and only parts that match', () => {
    const solo = new Solo();
    const a = solo.block(1);
    const b = solo.block(2, solo.parentOf(a));
    expect(solo.deliver(0, solo.blockResponse(a))).toMatchObject({ code: 'CONSENSUS_UNREQUESTED' });
    solo.sendCertificate(N, 1, a.hash);
    expect(solo.deliver(0, solo.blockResponse(b))).toMatchObject({ code: 'CONSENSUS_UNREQUESTED' });
    const bent = { ...a.block, systemRecords: new Uint8Array([0, 0, 0]) };
    const bytes = blockCodec.encode(bent);
    expect(solo.deliver(0, { type: 0x17, blocks: [bytes] })).toMatchObject({
      code: 'CONSENSUS_PART',
    });
    expect(solo.deliver(1, { type: 0x17, blocks: [new Uint8Array(9)] })).toMatchObject({
      code: 'CONSENSUS_PART',
    });
    expect(solo.of('penalize').map((e) => e.peer)).toEqual(['p0', 'p1']);
    solo.deliver(2, solo.blockResponse(a));
    expect(solo.votes()).toContainEqual([F, 1]);
  });

  test('A6 EPOCH_PROOF of the current epoch ends it once its blocks are here', () => {
    const { solo: ahead, chain } = inSecondEpoch();
    ahead.clear();
    ahead.deliver(0, status(1, 0, 1));
    const [proof] = ahead.sentTo('p0');
    const late = new Solo({ epochLength: 16, self: -1 });
    if (proof?.type !== 0x1b) throw new Error('no proof');
    const forged = { ...proof, finalization: proof.finalization.slice(0, -1) };
    expect(late.deliver(0, forged)).toMatchObject({ code: 'CONSENSUS_EPOCH_PROOF' });
    expect(late.deliver(0, { ...proof, epoch: 2 })).toMatchObject({ code: 'CONSENSUS_EPOCH' });
    late.deliver(1, proof);
    expect(late.status.epoch).toBe(1);
    late.deliver(1, late.blockResponse(...chain.toReversed()));
    expect(late.status.epoch).toBe(2);
    expect(late.of('commit')).toHaveLength(16);
    expect(late.of('epoch')).toMatchObject([{ epoch: 2 }]);
  });

  test('A6 a gap too large for memory is left to the host, then the core goes on from there', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4] }).start();
    cluster.run(2_500);
    const lost = cluster.nodes[3]!;
    cluster.link = (a, b) => a !== lost && b !== lost;
    for (let i = 0; i < 260; i++) {
      cluster.addTransactions(1, i);
      cluster.run(120);
    }
    expect(cluster.nodes[0]!.height).toBeGreaterThan(193);
    cluster.link = () => true;
    cluster.run(5_000);
    expect(lost.effects.some((e) => e.type === 'behind')).toBe(true);
    expect(cluster.nodes[0]!.height - lost.height).toBeLessThan(3);
  });

  test('A7 messages of the next epoch wait, bounded, and are replayed at the switch', () => {
    const solo = new Solo({ epochLength: 16, self: 3 });
    const chain = solo.finalize(15);
    if (solo.status.leaderIndex === 3) solo.sendCertificate(Z, solo.status.view);
    const last = solo.block(solo.status.view, solo.parentOf(chain.at(-1)!));
    solo.propose(last);
    const view = last.header.view;
    const finalization = solo.certificate(F, view, last.hash);
    solo.epoch = 2;
    solo.anchorHash = last.hash;
    for (let i = 0; i < 20; i++) solo.sendVote(N, 1 + (i % 3), 0, hash(i));
    expect(solo.core.counters.bufferedMessages).toBe(8);
    expect(solo.core.counters.bufferedDropped).toBe(12);
    for (const signer of [0, 1, 2]) solo.sendVote(Z, 1, signer);
    const early = solo.block(2, { header: last.header, view: 0, certificate: finalization });
    for (let i = 0; i < 3; i++) solo.propose(early);
    solo.epoch = 1;
    solo.clear();
    solo.deliver(0, { type: 0x12, certificate: finalization });
    expect(solo.status).toMatchObject({ epoch: 2, view: 2 });
    expect(solo.core.counters.bufferedMessages).toBe(0);
    expect(solo.votes().filter(([kind, v]) => kind === N && v === 2)).toHaveLength(1);
  });

  test('A7 later epochs: only the peer is noted, and asked by STATUS', () => {
    const solo = new Solo();
    solo.deliver(0, status(5, 4, 9));
    expect(kinds(solo, 'p0')).toEqual([0x13]);
    solo.deliver(0, status(6, 4, 9));
    expect(kinds(solo, 'p0')).toEqual([0x13]);
    expect(solo.core.counters.bufferedMessages).toBe(0);
  });

  test('A8 the third fault disconnects, and nothing is taken for a minute', () => {
    const solo = new Solo();
    const garbage = (): unknown => solo.input({ type: 'message', from: 'p0', bytes: hash(250) });
    for (let i = 0; i < 3; i++) expect(garbage()).toMatchObject({ code: 'CONSENSUS_MALFORMED' });
    expect(solo.of('penalize').map((e) => e.action)).toEqual(['slow', 'slow', 'disconnect']);
    expect(solo.sendVote(N, 1, 0, hash(1))).toMatchObject({ code: 'CONSENSUS_REFUSED' });
    solo.now += 60_000;
    expect(solo.sendVote(N, 1, 0, hash(1))).toMatchObject({ ok: true });
  });

  test('A8 requests are answered within a budget, smaller for observers', () => {
    const solo = new Solo();
    solo.finalize(1);
    const ask = (peer: string): number => {
      let answered = 0;
      for (let i = 0; i < 100; i++) {
        if (solo.deliver(peer, { type: 0x14, epoch: 1, fromView: 1, toView: 1 }).ok) answered++;
      }
      return answered;
    };
    expect(ask('p0')).toBe(64);
    expect(ask('observer')).toBe(16);
    solo.now += 1_000;
    expect(ask('observer')).toBe(16);
    for (const message of [
      { type: 0x16, blockHash: hash(1), maxAncestors: 0 },
      { type: 0x18, blockHash: hash(1), indices: [0] },
      { type: 0x1a, fromEpoch: 1, count: 1 },
    ] as const) {
      expect(solo.deliver('observer', message)).toMatchObject({ code: 'CONSENSUS_RATE' });
    }
  });

  test('A9 the first STATUS of a validator is answered with its own newest votes', () => {
    const solo = new Solo();
    solo.sendVote(N, 1, 0, hash(1));
    solo.sendVote(Z, 2, 0);
    solo.sendVote(F, 1, 1, hash(1));
    solo.clear();
    solo.deliver(0, status(1));
    const echoed = solo.sentTo('p0').flatMap((m) => (m.type === 0x11 ? [m.vote] : []));
    expect(echoed.map((vote) => [vote.kind, vote.view])).toEqual([
      [N, 1],
      [Z, 2],
    ]);
    solo.clear();
    solo.deliver(0, status(1));
    expect(solo.sentTo('p0')).toEqual([]);
    solo.input({ type: 'disconnected', peer: 'p0' });
    solo.input({
      type: 'connected',
      peer: 'p0b',
      consensusKey: solo.tableOf(1).entries[0]!.consensusKey,
    });
    solo.deliver('p0b', status(1));
    expect(kinds(solo, 'p0b')).toEqual([0x11, 0x11]);
  });
});

function inSecondEpoch() {
  const solo = new Solo({ epochLength: 16, self: 3 });
  const chain = solo.finalize(15);
  if (solo.status.leaderIndex === 3) solo.sendCertificate(Z, solo.status.view);
  const last = solo.block(solo.status.view, solo.parentOf(chain.at(-1)!));
  solo.propose(last);
  solo.sendCertificate(F, last.header.view, last.hash);
  expect(solo.status.epoch).toBe(2);
  solo.epoch = 2;
  solo.anchorHash = last.hash;
  return { solo, chain: [...chain, last] };
}

describe('boundary', () => {
  test('EPOCH is appended, the epoch announced, and laggards get the proof after tGrace', () => {
    const { solo } = inSecondEpoch();
    expect(solo.of('append').some((e) => e.record.type === 5)).toBe(true);
    expect(solo.of('epoch')).toMatchObject([{ epoch: 2 }]);
    solo.sendVote(Z, 1, 0);
    solo.clear();
    solo.fire('epochGrace');
    const [effect] = solo.of('send');
    expect(effect!.to).toEqual({ peers: ['p1', 'p2'] });
    expect(messageCodec.decode(effect!.bytes).type).toBe(0x1b);
    for (const signer of [1, 2]) solo.sendVote(Z, 1, signer);
    solo.clear();
    solo.fire('epochGrace');
    expect(solo.of('send')).toEqual([]);
  });

  test('B1 over the anchor: a finalization of the old epoch, of any view, by its table', () => {
    const votesFor = (certificate: (solo: Solo, anchor: Uint8Array) => Uint8Array) => {
      const { solo, chain } = inSecondEpoch();
      const anchor = chain.at(-1)!;
      solo.epoch = 1;
      solo.anchorHash = solo.genesisHash;
      const bytes = certificate(solo, anchor.hash);
      solo.epoch = 2;
      solo.anchorHash = anchor.hash;
      const made = solo.block(1, { header: anchor.header, view: 0, certificate: bytes });
      solo.clear();
      solo.propose(made);
      return solo.votes();
    };
    expect(votesFor((s, h) => s.certificate(F, 90, h))).toEqual([[N, 1]]);
    expect(votesFor((s, h) => s.certificate(N, 90, h))).toEqual([[Z, 1]]);
    expect(votesFor((s, h) => s.certificate(F, 90, h, [0, 1]))).toEqual([[Z, 1]]);
    expect(votesFor((s) => s.certificate(F, 90, hash(1)))).toEqual([[Z, 1]]);
  });
});

describe('serving', () => {
  test('blocks from memory, ancestors in a row; others from the chain store', () => {
    const solo = new Solo();
    const chain = solo.finalize(3);
    solo.clear();
    solo.deliver(0, { type: 0x16, blockHash: chain[2]!.hash, maxAncestors: 1 });
    const [m] = solo.sentTo('p0');
    if (m?.type !== 0x17) throw new Error('no blocks');
    expect(m.blocks.map((bytes) => blockCodec.decode(bytes).header.height)).toEqual([3, 2]);
    solo.deliver(0, { type: 0x16, blockHash: hash(1), maxAncestors: 1 });
    expect(solo.of('serve')).toMatchObject([{ to: 'p0', request: { type: 'blocks' } }]);
  });

  test('transactions by position, whatever was voted', () => {
    const solo = new Solo();
    const made = solo.block(1, undefined, {}, [transaction(1), transaction(2)]);
    solo.propose(made);
    solo.clear();
    solo.deliver(0, { type: 0x18, blockHash: made.hash, indices: [1, 7] });
    const [m] = solo.sentTo('p0');
    expect(m).toMatchObject({ type: 0x19, items: [{ index: 1 }] });
    solo.deliver(0, { type: 0x18, blockHash: hash(1), indices: [1] });
    solo.deliver(0, { type: 0x1a, fromEpoch: 1, count: 2 });
    expect(solo.of('serve').map((e) => e.request.type)).toEqual(['transactions', 'epochProofs']);
  });

  test('gossiped records go to the pool; genesis messages are over; strangers are unknown', () => {
    const solo = new Solo();
    const record = {
      type: 2,
      id: new Uint8Array(20),
      seq: 1,
      expiryEpoch: 2,
      accountSignature: hash(1),
    } as const;
    solo.deliver(0, { type: 0x1c, record });
    expect(solo.of('systemRecord')).toMatchObject([{ from: 'p0', record: { type: 2 } }]);
    const signature = {
      type: 0x1f,
      documentHash: hash(1),
      id: new Uint8Array(20),
      signature: hash(1),
    } as const;
    expect(solo.deliver(0, signature)).toMatchObject({ code: 'CONSENSUS_GENESIS_OVER' });
    expect(solo.deliver('nobody', signature)).toMatchObject({ code: 'CONSENSUS_PEER_UNKNOWN' });
  });

  test('an epoch proof from before is served by the host', () => {
    const { solo } = inSecondEpoch();
    solo.clear();
    solo.deliver(0, status(1, 0, 0));
    expect(solo.of('serve')).toEqual([]);
  });
});

describe('latency', () => {
  test('one report from the middle of the epoch, signed by the guard, with no value for oneself', () => {
    const solo = new Solo({ epochLength: 64, self: 3 });
    for (let i = 0; i < 40; i++) {
      const view = solo.status.view;
      if (solo.status.leaderIndex === 3) {
        for (const signer of [0, 1, 2]) solo.sendVote(Z, view, signer);
        continue;
      }
      const parent = solo.lastMade;
      const made = solo.block(view, parent === undefined ? undefined : solo.parentOf(parent));
      solo.lastMade = made;
      solo.propose(made);
      solo.now += 40;
      for (const signer of [0, 1, 2])
        if (signer !== solo.status.leaderIndex) solo.sendVote(N, view, signer, made.hash);
      solo.sendCertificate(F, view, made.hash);
      solo.now += 400;
    }
    while (solo.status.committedHeight < 34) (solo.now++, solo.finalizeOn(1));
    const reports = solo.of('systemRecord');
    expect(reports).toHaveLength(1);
    const { record } = reports[0]!;
    if (record.type !== 5) throw new Error('no report');
    expect(record.samples[3]).toEqual({ latencyMs: 0xffff, participationBp: 0xffff });
    expect(record.samples[0]!.latencyMs).toBe(40);
    expect(record.samples[0]!.participationBp).toBeGreaterThan(9_000);
    expect(solo.sent().filter((m) => m.type === 0x1c)).toHaveLength(1);
  });
});

describe('clock', () => {
  test('far from the median of the signers: the operator is warned, once a minute', () => {
    const solo = new Solo();
    const made = solo.block(1);
    const certificate = solo.certificate(N, 1, made.hash, solo.others(), solo.wall - 31_000);
    solo.deliver(0, { type: 0x12, certificate });
    expect(solo.of('warn')).toMatchObject([
      { code: 'CONSENSUS_CLOCK', details: { offsetMs: 31_000 } },
    ]);
    solo.sendCertificate(N, 2, hash(2));
    expect(solo.of('warn')).toHaveLength(1);
  });
});

describe('relay', () => {
  test('after the own NOTARIZE, or a certificate; once', () => {
    const solo = new Solo();
    const made = solo.block(1);
    solo.propose(made);
    expect(solo.of('relay')).toHaveLength(1);
    solo.sendCertificate(N, 1, made.hash);
    expect(solo.of('relay')).toHaveLength(1);
    const other = new Solo({ self: -1 });
    const block = other.block(1);
    other.propose(block);
    expect(other.of('relay')).toEqual([]);
    for (const signer of [1, 2]) other.sendVote(N, 1, signer, block.hash);
    expect(other.of('relay')).toHaveLength(1);
  });
});

describe('late and synced', () => {
  test('A9 a slow validator’s late votes are echoed too, once verified', () => {
    const solo = new Solo();
    solo.finalize(2);
    solo.sendVote(N, 2, 0, hash(2));
    const forged = { ...solo.vote(F, 2, 0, hash(2)), signature: hash(9) };
    solo.deliver(0, { type: 0x11, vote: forged });
    solo.clear();
    solo.deliver(0, status(1));
    const echoed = solo.sentTo('p0').flatMap((m) => (m.type === 0x11 ? [m.vote] : []));
    expect(echoed.map((vote) => [vote.kind, vote.view])).toContainEqual([N, 2]);
    expect(echoed.every((vote) => vote.signature[0] !== 9)).toBe(true);
  });

  test('RELAY(n) NOTARIZE signatures allow forwarding before any certificate', () => {
    const solo = new Solo({ self: -1, n: 10 });
    const made = solo.block(1);
    solo.propose(made);
    for (const signer of [1, 2, 3, 4]) solo.sendVote(N, 1, signer, made.hash);
    expect(solo.status.view).toBe(1);
    expect(solo.of('relay')).toHaveLength(1);
  });

  test('synced: the host’s head is taken, what was pending below it is done', () => {
    const ahead = new Solo();
    const chain = ahead.finalize(3);
    const solo = new Solo();
    for (const made of chain) solo.app.verify(made.block);
    solo.sendCertificate(F, chain[1]!.header.view, chain[1]!.hash);
    const top = chain[2]!;
    const synced = {
      ...solo.genesisChain(),
      head: { header: top.header, finalization: solo.certificate(F, top.header.view, top.hash) },
    };
    expect(solo.input({ type: 'synced', chain: synced })).toEqual({ ok: true });
    expect(solo.status).toMatchObject({ committedHeight: 3, lastFinalView: top.header.view });
    expect(solo.status.halted).toBeUndefined();
    expect(solo.input({ type: 'synced', chain: synced })).toMatchObject({
      code: 'CONSENSUS_OBSOLETE',
    });
    expect(solo.of('commit')).toEqual([]);
  });

  test('started on a head that a later finalization covers, the rest is fetched', () => {
    const ahead = new Solo();
    const chain = ahead.finalize(2);
    const solo = new Solo({
      self: -1,
      chain: (own) => ({
        ...own.genesisChain(),
        head: { header: chain[0]!.header, finalization: own.certificate(F, 2, chain[1]!.hash) },
      }),
    });
    solo.app.verify(chain[0]!.block);
    solo.fire('retry');
    solo.deliver(0, solo.blockResponse(chain[1]!));
    expect(solo.status.committedHeight).toBe(2);
  });
});
