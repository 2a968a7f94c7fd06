import { describe, expect, test } from 'vitest';

import { blockHashOf, messageCodec } from '@mxd/protocol';

import { transaction } from '../harness/cluster.ts';
import { F, N, Solo, Z } from '../harness/solo.ts';

/** Answers the newest build request with the application's block. */
function build(solo: Solo) {
  const request = solo.of('build').at(-1)!;
  const result = solo.app.build(request);
  solo.input({ type: 'built', reqId: request.reqId, result });
  return { request, result };
}

const proposals = (solo: Solo) => solo.sent().filter((m) => m.type === 0x10);

describe('P: proposing', () => {
  test('P1 the anchor is the parent in view 1', () => {
    const solo = new Solo({ self: 0 });
    solo.now += 200;
    solo.fire('pace');
    const [request] = solo.of('build');
    expect(request!.header).toMatchObject({ parentView: 0, height: 1, view: 1 });
    expect(request!.parent).toEqual(solo.anchorHash);
    expect(request!.parentCertificate.length).toBe(0);
  });

  test('P1 skips a view only over its nullification', () => {
    const solo = new Solo({ self: 2 });
    const first = solo.block(1);
    solo.propose(first);
    solo.sendCertificate(N, 1, first.hash);
    solo.sendCertificate(Z, 2);
    solo.now += 200;
    solo.fire('pace');
    expect(solo.of('build')[0]!.header).toMatchObject({ parentView: 1, height: 2, view: 3 });
  });

  test('P1 a hole is fetched and nothing is proposed over it', () => {
    const solo = new Solo({ self: 2 });
    solo.sendCertificate(Z, 2);
    solo.now += 200;
    solo.fire('pace');
    expect(solo.of('build')).toEqual([]);
    expect(solo.sent().find((m) => m.type === 0x14)).toMatchObject({ fromView: 1, toView: 1 });
    solo.deliver(0, { type: 0x15, certificates: [solo.certificate(Z, 1)] });
    expect(solo.of('build')).toHaveLength(1);
  });

  test('P1 a notarized body that lacks is fetched; below it only over a nullification as well', () => {
    const solo = new Solo({ self: 1 });
    const made = solo.block(1);
    solo.sendCertificate(N, 1, made.hash);
    solo.now += 200;
    solo.fire('pace');
    expect(solo.of('build')).toEqual([]);
    solo.sendCertificate(Z, 1);
    solo.fire('pace');
    expect(solo.of('build')[0]!.header).toMatchObject({ parentView: 0, height: 1 });
  });

  test('P2 a finalized parent is not used before it is executed here', () => {
    const solo = new Solo({ self: 1 });
    solo.autoVerify = false;
    const made = solo.block(1);
    solo.sendCertificate(F, 1, made.hash);
    solo.deliver(0, solo.blockResponse(made));
    solo.now += 200;
    solo.fire('pace');
    expect(solo.of('build')).toEqual([]);
    solo.answerVerify(solo.of('verify')[0]!);
    expect(solo.of('build')).toHaveLength(1);
  });

  test('P3 timestamp: own clock, at least parent + 1', () => {
    const solo = new Solo({ self: 1 });
    const made = solo.block(1, undefined, { timestampMs: solo.wall + 30_000 });
    solo.propose(made);
    solo.sendCertificate(N, 1, made.hash);
    solo.now += 200;
    solo.fire('pace');
    expect(solo.of('build')[0]!.header.timestampMs).toBe(solo.wall + 30_001);
  });

  test('P3 pacing: MIN_BLOCK_MS after the parent was seen, by the monotonic clock', () => {
    const solo = new Solo({ self: 1 });
    const made = solo.block(1);
    solo.propose(made);
    solo.now += 30;
    solo.sendCertificate(N, 1, made.hash);
    expect(solo.of('build')).toEqual([]);
    const pace = solo.of('setTimer').find((e) => e.name === 'pace')!;
    expect(pace.afterMs).toBe(70);
    solo.now += 70;
    solo.fire('pace');
    expect(solo.of('build')).toHaveLength(1);
  });

  test('P3 an idle view waits for work, at most EMPTY_DELAY', () => {
    const solo = new Solo({ self: 0 });
    solo.now += 200;
    solo.fire('pace');
    expect(build(solo).result).toBe('empty');
    expect(solo.of('setTimer').find((e) => e.name === 'empty')).toBeDefined();
    expect(proposals(solo)).toEqual([]);
    solo.app.mempool.push(transaction(1));
    solo.input({ type: 'workArrived' });
    expect(build(solo).request.allowEmpty).toBe(false);
    expect(proposals(solo)).toHaveLength(1);
    const other = new Solo({ self: 0 });
    other.now += 200;
    other.fire('pace');
    build(other);
    other.fire('empty');
    expect(build(other).request.allowEmpty).toBe(true);
    expect(proposals(other)).toHaveLength(1);
  });

  test('P4 the last block of the epoch is proposed again, never extended', () => {
    const solo = new Solo({ self: 0, epochLength: 16 });
    const chain = solo.finalize(15);
    expect(solo.status).toMatchObject({ committedHeight: 15, view: 21 });
    solo.sendCertificate(Z, 21);
    const last = solo.block(22, solo.parentOf(chain.at(-1)!));
    solo.propose(last);
    solo.sendCertificate(N, 22, last.hash);
    solo.clear();
    solo.sendCertificate(Z, 23);
    solo.sendCertificate(Z, 24);
    expect(solo.of('build')).toEqual([]);
    const wait = solo.of('setTimer').find((e) => e.name === 'boundary')!;
    expect(wait.afterMs).toBeGreaterThan(0);
    solo.now += wait.afterMs;
    solo.fire('boundary');
    const [message] = proposals(solo);
    expect(message).toMatchObject({ view: 25, parentView: 22, content: undefined });
    expect(solo.of('build')).toEqual([]);
    expect(message).toMatchObject({ blockHash: last.hash });
  });

  test('P5 BLOCK, then NOTARIZE, then the PROPOSAL', () => {
    const solo = new Solo({ self: 0 });
    solo.now += 200;
    solo.fire('pace');
    solo.app.mempool.push(transaction(1));
    build(solo);
    const order = solo.last.flatMap((e): (number | string)[] =>
      e.type === 'append' ? [e.record.type] : e.type === 'send' ? ['send'] : [],
    );
    expect(order.slice(0, 3)).toEqual([2, 1, 'send']);
    const [m] = proposals(solo);
    expect(m).toMatchObject({ view: 1, leaderVote: { kind: N, signerIndex: 0 } });
  });

  test('P5 carries at most 16 nullifications, most recent first', () => {
    const solo = new Solo({ self: 3 });
    for (let view = 1; view <= 19; view++) solo.sendCertificate(Z, view);
    solo.now += 200;
    solo.fire('pace');
    solo.fire('empty');
    build(solo);
    const [m] = proposals(solo);
    if (m?.type !== 0x10) throw new Error('no proposal');
    expect(m.nullifications).toHaveLength(16);
    const first = new DataView(m.nullifications[0]!.buffer, m.nullifications[0]!.byteOffset);
    expect(first.getUint32(5)).toBe(19);
    expect(m.parentView).toBe(0);
  });

  test('a failed build NULLIFYs the own view', () => {
    const solo = new Solo({ self: 0 });
    solo.now += 200;
    solo.fire('pace');
    const { reqId } = solo.of('build')[0]!;
    solo.input({ type: 'built', reqId, result: 'failed' });
    expect(solo.votes()).toEqual([[Z, 1]]);
  });

  test('an answer for a view that is over is dropped', () => {
    const solo = new Solo({ self: 0 });
    solo.now += 200;
    solo.fire('pace');
    const request = solo.of('build')[0]!;
    solo.sendCertificate(Z, 1);
    const result = solo.app.build({ ...request, allowEmpty: true });
    expect(solo.input({ type: 'built', reqId: request.reqId, result })).toMatchObject({
      code: 'CONSENSUS_OBSOLETE',
    });
    expect(solo.input({ type: 'built', reqId: 99, result })).toMatchObject({ ok: false });
    expect(solo.input({ type: 'resolved', reqId: 99, transactions: [] })).toMatchObject({
      ok: false,
    });
    expect(solo.input({ type: 'verified', reqId: 99, verdict: 'valid' })).toMatchObject({
      ok: false,
    });
    expect(proposals(solo)).toEqual([]);
  });

  test('tRetry: the own proposal again, compact, to those who have not voted', () => {
    const solo = new Solo({ self: 0 });
    solo.now += 200;
    solo.fire('pace');
    for (let i = 0; i < 3; i++) solo.app.mempool.push(transaction(i));
    const { result } = build(solo);
    if (typeof result === 'string') throw new Error('no block');
    solo.sendVote(N, 1, 2, blockHashOf(result.block.header));
    solo.clear();
    solo.fire('retry');
    const effect = solo.of('send').find((e) => e.bytes[0] === 0x10)!;
    expect(effect.to).toEqual({ peers: ['p1', 'p3'] });
    const m = messageCodec.decode(effect.bytes);
    expect(m).toMatchObject({ content: { body: { form: 'compact' } } });
  });

  test('many transactions travel as short ids', () => {
    const solo = new Solo({ self: 0 });
    solo.now += 200;
    solo.fire('pace');
    for (let i = 0; i < 40; i++) solo.app.mempool.push(transaction(i));
    build(solo);
    expect(proposals(solo)[0]).toMatchObject({ content: { body: { form: 'compact' } } });
  });
});
