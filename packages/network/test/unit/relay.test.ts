import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Offence,
  type PeerId,
  type RelayedTransaction,
  type ValidatorId,
  type Verdict,
} from '../../src/index.ts';
import { Counters } from '../../src/counters.ts';
import { limits } from '../../src/limits.ts';
import { Relay } from '../../src/relay/relay.ts';
import { decodeRelayMessage, encodeAnswer, encodeIds, encodePush } from '../../src/wire/relay.ts';

const idOf = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha512').update(bytes).digest());
const tx = (seed: number, length = 100): RelayedTransaction => {
  const bytes = new Uint8Array(length).fill(seed & 0xff);
  new DataView(bytes.buffer).setUint32(0, seed);
  return { id: idOf(bytes), bytes };
};
const short = ({ id }: RelayedTransaction): Uint8Array => id.subarray(0, 16);
const peer = (name: string): PeerId => name as PeerId;

describe('relay', () => {
  let nowMs: number;
  let timers: { dueMs: number; callback: () => void }[];
  let sent: { to: string; message: NonNullable<ReturnType<typeof decodeRelayMessage>> }[];
  let offences: Offence[];
  let refuse: Set<string>;
  let isValidator: boolean;
  let counters: Counters;
  let relay: Relay;
  let verdict: Verdict;

  const run = (ms: number): void => {
    const end = nowMs + ms;
    for (;;) {
      timers.sort((a, b) => a.dueMs - b.dueMs);
      const next = timers[0];
      if (next === undefined || next.dueMs > end) break;
      timers.shift();
      nowMs = Math.max(nowMs, next.dueMs);
      next.callback();
    }
    nowMs = end;
  };
  const up = (name: string, validator = false): void =>
    relay.peerUp({
      peerId: peer(name),
      validatorId: validator ? (name as never as ValidatorId) : undefined,
    });
  const to = (name: string, type?: string) =>
    sent
      .filter((s) => s.to === name && (type === undefined || s.message.type === type))
      .map((s) => s.message);

  beforeEach(() => {
    nowMs = 1_000;
    timers = [];
    sent = [];
    offences = [];
    refuse = new Set();
    isValidator = true;
    verdict = 'accept';
    counters = new Counters();
    relay = new Relay(
      {
        send: (id, bytes) => {
          if (refuse.has(id)) return false;
          sent.push({ to: id, message: decodeRelayMessage(new Uint8Array(bytes))! });
          return true;
        },
        nowMs: () => nowMs,
        schedule: (delayMs, callback) => void timers.push({ dueMs: nowMs + delayMs, callback }),
        penalize: (_id, offence) => void offences.push(offence),
        isValidator: () => isValidator,
        idOf: (bytes) => (bytes[4] === 0xff ? undefined : idOf(bytes)),
      },
      counters,
    );
    relay.onTransactions((batch) => batch.map(() => verdict));
  });

  it('pushes to validators and announces to the others, each once', () => {
    up('v1', true);
    up('v2', true);
    up('o');
    relay.submit([tx(1)]);
    run(0);
    expect(to('v1')).toMatchObject([{ type: 'push', transactions: [tx(1).bytes] }]);
    expect(to('v2')).toMatchObject([{ type: 'push' }]);
    expect(to('o')).toEqual([{ type: 'announce', ids: [short(tx(1))] }]);
    relay.submit([tx(1)]);
    run(5_000);
    expect(sent.length).toBe(3);
  });

  it('sends at once after a quiet period, then collects', () => {
    up('v1', true);
    relay.submit([tx(1)]);
    run(0);
    expect(sent.length).toBe(1);
    for (let i = 2; i < 10; i++) relay.submit([tx(i)]);
    run(limits.relayDelayMs.value - 1);
    expect(sent.length).toBe(1);
    run(1);
    expect(to('v1', 'push')[1]).toMatchObject({ transactions: { length: 8 } });
  });

  it('as a non-validator pushes to one validator, announces to the rest, to validators late', () => {
    isValidator = false;
    up('v1', true);
    up('v2', true);
    up('o');
    relay.submit([tx(1)]);
    run(0);
    expect(sent.map((s) => [s.to, s.message.type])).toEqual([
      ['v1', 'push'],
      ['o', 'announce'],
    ]);
    run(limits.relayLazyDelayMs.value);
    expect(to('v2', 'announce').length).toBe(1);
  });

  it('does not announce late what is settled by then', () => {
    up('v1', true);
    up('v2', true);
    void relay.receive(peer('v1'), encodePush([tx(1).bytes, tx(2).bytes]));
    run(10);
    expect(sent).toEqual([]);
    relay.forget([tx(1).id]);
    run(2_000);
    expect(to('v2')).toEqual([{ type: 'announce', ids: [short(tx(2))] }]);
    expect(to('v1')).toEqual([]);
  });

  it('serves a fetch only of what it announced to that peer, and once', () => {
    up('o');
    up('p');
    relay.submit([tx(1)]);
    run(0);
    void relay.receive(peer('o'), encodeIds('fetch', [short(tx(1)), short(tx(9))]));
    expect(to('o', 'answer')).toEqual([
      { type: 'answer', missing: [short(tx(9))], transactions: [tx(1).bytes] },
    ]);
    void relay.receive(peer('o'), encodeIds('fetch', [short(tx(1))]));
    expect(to('o', 'answer')[1]).toEqual({
      type: 'answer',
      missing: [short(tx(1))],
      transactions: [],
    });
    up('late');
    void relay.receive(peer('late'), encodeIds('fetch', [short(tx(1))]));
    expect(to('late', 'answer')).toEqual([
      { type: 'answer', missing: [short(tx(1))], transactions: [] },
    ]);
  });

  it('splits answers and pushes into batches', () => {
    up('v', true);
    up('o');
    const large = Array.from({ length: 5 }, (_, i) => tx(i, 30_000));
    relay.submit(large);
    run(0);
    expect(to('v', 'push').map((m) => m.type === 'push' && m.transactions.length)).toEqual([
      2, 2, 1,
    ]);
    void relay.receive(peer('o'), encodeIds('fetch', large.map(short)));
    expect(to('o', 'answer').map((m) => m.type === 'answer' && m.transactions.length)).toEqual([
      2, 2, 1,
    ]);
  });

  it('asks one announcer after the other', () => {
    for (const name of ['a', 'b', 'c']) {
      up(name);
      void relay.receive(peer(name), encodeIds('announce', [short(tx(1))]));
    }
    expect(sent.map((s) => s.to)).toEqual(['a']);
    void relay.receive(peer('a'), encodeAnswer([short(tx(1))], []));
    expect(sent.map((s) => s.to)).toEqual(['a', 'b']);
    run(limits.relayFetchTimeoutMs.value * 2);
    expect(sent.map((s) => s.to)).toEqual(['a', 'b', 'c']);
    relay.peerDown(peer('c'));
    expect(relay.sizes.wanted).toBe(0);
    void relay.receive(peer('a'), encodeIds('announce', [short(tx(1))]));
    void relay.receive(peer('a'), encodeAnswer([], [tx(1).bytes]));
    expect(counters.get('relay_received')).toBe(1);
    expect(relay.sizes.wanted).toBe(0);
  });

  it('goes to the next announcer when an outbox is full', () => {
    up('a');
    up('b');
    refuse.add('a');
    void relay.receive(peer('a'), encodeIds('announce', [short(tx(1))]));
    void relay.receive(peer('b'), encodeIds('announce', [short(tx(1))]));
    run(0);
    expect(sent.map((s) => s.to)).toEqual(['b']);
  });

  it('announces what it could not push, and counts', () => {
    up('v', true);
    refuse.add('v');
    relay.submit([tx(1)]);
    run(0);
    expect(counters.get('relay_push_refused')).toBe(1);
    expect(counters.get('relay_announce_refused')).toBe(1);
  });

  it('judges nothing twice; ignored can be reconsidered', () => {
    up('a');
    let judged = 0;
    relay.onTransactions((batch) => {
      judged += batch.length;
      return batch.map(() => 'ignore' as const);
    });
    void relay.receive(peer('a'), encodePush([tx(1).bytes]));
    void relay.receive(peer('a'), encodePush([tx(1).bytes]));
    expect([judged, counters.get('relay_duplicates_in'), counters.get('relay_ignored')]).toEqual([
      1, 1, 1,
    ]);
    relay.reconsider([tx(1).id]);
    void relay.receive(peer('a'), encodePush([tx(1).bytes]));
    expect(judged).toBe(2);
    relay.known([tx(2).id]);
    void relay.receive(peer('a'), encodePush([tx(2).bytes]));
    void relay.receive(peer('a'), encodeIds('announce', [short(tx(2))]));
    expect(judged).toBe(2);
    expect(sent).toEqual([]);
  });

  it('does not relay what was settled while it was judged', async () => {
    up('a');
    up('b');
    const { promise, resolve } = Promise.withResolvers<readonly Verdict[]>();
    relay.onTransactions(() => promise);
    void relay.receive(peer('a'), encodePush([tx(1).bytes]));
    relay.forget([tx(1).id]);
    resolve(['accept']);
    await promise;
    await Promise.resolve();
    run(1_000);
    expect(sent).toEqual([]);
    expect(relay.sizes.heldBytes).toBe(0);
  });

  it('charges malformed and invalid, survives a judge that fails', async () => {
    up('a');
    void relay.receive(peer('a'), Uint8Array.of(9));
    const none = new Uint8Array(100);
    none[4] = 0xff;
    void relay.receive(peer('a'), encodePush([none]));
    verdict = 'invalid';
    void relay.receive(peer('a'), encodePush([tx(1).bytes]));
    expect(offences).toEqual(['malformed', 'malformed', 'invalid']);
    relay.onTransactions(() => {
      throw new TypeError('a bug');
    });
    void relay.receive(peer('a'), encodePush([tx(2).bytes]));
    relay.onTransactions(() => Promise.reject(new TypeError('a bug')));
    await relay.receive(peer('a'), encodePush([tx(3).bytes]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(counters.get('handler_failures')).toBe(2);
    expect(relay.receive(peer('stranger'), encodePush([tx(4).bytes]))).toBeUndefined();
  });

  it('holds a peer back while too many of its batches are judged', () => {
    up('a');
    relay.onTransactions(() => new Promise(() => undefined));
    const held = Array.from({ length: limits.relayPendingBatches.value }, (_, i) =>
      relay.receive(peer('a'), encodePush([tx(i).bytes])),
    );
    expect(held.slice(0, -1).every((h) => h === undefined)).toBe(true);
    expect(held.at(-1)).toBeInstanceOf(Promise);
  });

  it('is bounded in ids, bytes and wants', () => {
    up('a');
    for (let i = 0; i < limits.relayWantedIds.value + 10; i += 1_000) {
      const ids = Array.from({ length: 1_000 }, (_, j) => short(tx(1_000_000 + i + j)));
      void relay.receive(peer('a'), encodeIds('announce', ids));
    }
    expect(relay.sizes.wanted).toBe(limits.relayWantedIds.value);
    expect(counters.get('relay_wanted_overflow')).toBeGreaterThan(0);
    for (let i = 0; i < 70; i++) relay.submit([tx(i, limits.relayTransactionBytes.value)]);
    expect(relay.sizes.heldBytes).toBeLessThanOrEqual(limits.relayHeldBytes.value);
    expect(counters.get('relay_entries_evicted')).toBeGreaterThan(0);
  });
});
