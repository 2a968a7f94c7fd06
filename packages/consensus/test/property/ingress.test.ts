import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { messageCodec } from '@mxd/protocol';

import { consensusErrors } from '../../src/errors.ts';
import { Cluster, transaction } from '../harness/cluster.ts';
import { F, N, Solo, Z } from '../harness/solo.ts';

const isCoded = (outcome: { ok: boolean; code?: string }): boolean =>
  outcome.ok || (outcome.code !== undefined && outcome.code in consensusErrors);

/** Real messages of every kind that nodes exchange, taken off a lossy cluster. */
function harvest(): Uint8Array[] {
  const cluster = new Cluster({ seeds: [1, 2, 3, 4], epochLength: 16 });
  const byType = new Map<number, Uint8Array[]>();
  let x = 3;
  cluster.link = (_, __, bytes) => {
    const list = byType.get(bytes[0]!) ?? [];
    if (list.length < 12) list.push(bytes);
    byType.set(bytes[0]!, list);
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
    return x / 2 ** 32 > 0.15;
  };
  cluster.start();
  for (let i = 0; i < 60; i++) {
    cluster.addTransactions(i % 3 === 0 ? 40 : 1, i);
    cluster.nodes[i % 4]!.app.mempool.length = 0;
    cluster.run(200);
  }
  expect(byType.size).toBeGreaterThan(8);
  return [...byType.values()].flat();
}

describe('ingress', () => {
  const messages = harvest();

  test('random bytes: no exception, a coded verdict, no state change', () => {
    const solo = new Solo();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 2 }), (bytes, peer) => {
        solo.now += 70_000;
        const before = JSON.stringify(solo.status);
        const outcome = solo.input({ type: 'message', from: `p${peer}`, bytes });
        expect(isCoded(outcome)).toBe(true);
        if (!messageCodec.tryDecode(bytes).ok) expect(JSON.stringify(solo.status)).toBe(before);
      }),
      { numRuns: 2_000 },
    );
  });

  test('real messages, mutated, cut, doubled, from anybody: no exception, nobody honest accused', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            which: fc.nat({ max: messages.length - 1 }),
            at: fc.nat(),
            mask: fc.integer({ min: 0, max: 255 }),
            cut: fc.integer({ min: 0, max: 20 }),
            peer: fc.constantFrom('p0', 'p1', 'p2', 'observer', 'nobody'),
          }),
          { minLength: 1, maxLength: 80 },
        ),
        (steps) => {
          const solo = new Solo();
          for (const { which, at, mask, cut, peer } of steps) {
            const bytes = messages[which]!.slice(0, cut === 1 ? -1 : undefined);
            bytes[at % bytes.length]! ^= mask;
            solo.now += 1_000;
            const outcome = solo.input({ type: 'message', from: peer, bytes });
            expect(isCoded(outcome)).toBe(true);
          }
          expect(solo.core.counters.pendingVotes).toBeLessThanOrEqual(4 * 48);
          expect(solo.core.counters.bufferedMessages).toBeLessThanOrEqual(16);
          expect(solo.core.counters.outstandingFetches).toBeLessThanOrEqual(64);
          expect(solo.of('evidence')).toEqual([]);
          expect(solo.status.committedHeight).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('S21 floods of the future: bounded memory', () => {
    const solo = new Solo();
    for (let i = 0; i < 3_000; i++) {
      const signer = i % 3;
      const vote = {
        ...solo.vote(N, 1 + (i % 9), signer, new Uint8Array(64).fill(i)),
        epoch: 1 + (i % 4),
      };
      solo.deliver(signer, { type: 0x11, vote });
    }
    const { counters } = solo.core;
    expect(counters.pendingVotes).toBeLessThanOrEqual(48 * 3);
    expect(counters.bufferedMessages).toBeLessThanOrEqual(16);
    expect(counters.slots).toBeLessThanOrEqual(4);
  });

  test('host inputs in any order: no exception, and what was signed obeys the guard', () => {
    const input = fc.oneof(
      fc.record({
        op: fc.constant('timer' as const),
        name: fc.constantFrom(
          'leader',
          'view',
          'retry',
          'grace',
          'status',
          'pace',
          'empty',
          'boundary',
          'fetch',
          'epochGrace',
          'observe',
        ),
      }),
      fc.record({
        op: fc.constant('cert' as const),
        kind: fc.constantFrom(N, Z, F),
        ahead: fc.nat({ max: 2 }),
      }),
      fc.record({ op: fc.constant('propose' as const) }),
      fc.record({
        op: fc.constant('vote' as const),
        kind: fc.constantFrom(N, Z, F),
        signer: fc.nat({ max: 2 }),
        ahead: fc.nat({ max: 2 }),
      }),
      fc.record({ op: fc.constant('build' as const) }),
      fc.record({ op: fc.constant('work' as const) }),
      fc.record({ op: fc.constant('reconnect' as const), peer: fc.nat({ max: 2 }) }),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), fc.nat({ max: 3 }), (steps, self) => {
        const solo = new Solo({ self });
        for (const step of steps) {
          solo.now += 130;
          const { view } = solo.status;
          if (step.op === 'timer') solo.fire(step.name as 'view');
          else if (step.op === 'cert')
            solo.sendCertificate(
              step.kind as 1,
              view + step.ahead,
              new Uint8Array(64).fill(view + step.ahead),
            );
          else if (step.op === 'propose') {
            const made = solo.block(view, undefined, {}, [transaction(view)]);
            if (solo.status.leaderIndex !== self) solo.propose(made);
          } else if (step.op === 'vote') {
            if (step.signer !== self)
              solo.sendVote(
                step.kind as 1,
                view + step.ahead,
                step.signer,
                new Uint8Array(64).fill(view),
              );
          } else if (step.op === 'work') solo.input({ type: 'workArrived' });
          else if (step.op === 'reconnect') {
            solo.input({ type: 'disconnected', peer: `p${step.peer}` });
            if (step.peer !== self)
              solo.input({
                type: 'connected',
                peer: `p${step.peer}`,
                consensusKey: solo.tableOf(1).entries[step.peer]!.consensusKey,
              });
          } else {
            const request = solo.of('build').at(-1);
            if (request !== undefined)
              solo.input({
                type: 'built',
                reqId: request.reqId,
                result: solo.app.build({ ...request, allowEmpty: true }),
              });
          }
        }
        const signed = new Map<number, Set<number>>();
        for (const e of solo.of('sign')) {
          const set = signed.get(e.request.view) ?? new Set();
          expect(set.has(e.request.kind)).toBe(false);
          set.add(e.request.kind);
          signed.set(e.request.view, set);
        }
        for (const kinds of signed.values()) expect(kinds.has(Z) && kinds.has(F)).toBe(false);
        expect([...solo.guard.refusals]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
