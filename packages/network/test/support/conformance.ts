import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Network,
  type PeerId,
  type Sender,
  type ValidatorId,
  type Verdict,
} from '../../src/index.ts';
import { laneLimits, requestLimits } from '../../src/limits.ts';
import { transactionId, until } from './nodes.ts';

/** Nodes that are started and connected, each with each; the first `validators` are validators. */
export interface Cluster {
  readonly nodes: readonly Network[];
  /** Ends the sessions between two nodes; `heal` lets them find each other again. */
  cut(a: number, b: number): Promise<void>;
  heal(a: number, b: number): Promise<void>;
  stop(): Promise<void>;
}

const numbered = (index: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(Math.max(4, length)).fill(index & 0xff);
  new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
};
const numberOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const transaction = (seed: number, length = 300) => {
  const bytes = numbered(seed, length);
  bytes[4] = 1;
  return { id: createHash('sha512').update(bytes).digest() as Uint8Array, bytes };
};
const never = (): Promise<void> => new Promise(() => undefined);

/** The suite that every implementation of the transport contract passes. */
export function transportConformance(
  name: string,
  makeCluster: (count: number, validators: number) => Promise<Cluster>,
): void {
  describe(`transport contract: ${name}`, () => {
    let cluster: Cluster | undefined;
    const make = async (count: number, validators = count): Promise<readonly Network[]> => {
      cluster = await makeCluster(count, validators);
      return cluster.nodes;
    };
    afterEach(async () => {
      await cluster?.stop();
      cluster = undefined;
    });
    const at = (nodes: readonly Network[], index: number): Network => nodes[index] as Network;

    it('keeps order and content within a lane, whatever the sizes', async () => {
      const nodes = await make(2);
      const sizes = [4, 147, 1000, 15_000];
      const seen: Uint8Array[] = [];
      at(nodes, 1).links.onMessage((_from, lane, bytes) => {
        if (lane === 'rest') seen.push(bytes);
      });
      const sent = range(400).map((i) => numbered(i, sizes[i % sizes.length] as number));
      for (const bytes of sent) {
        expect(at(nodes, 0).links.sendToPeer(at(nodes, 1).self.peerId, 'rest', bytes)).toBe(
          'queued',
        );
      }
      await until('all messages', () => seen.length === sent.length);
      expect(seen.map((bytes) => Buffer.from(bytes))).toEqual(
        sent.map((bytes) => Buffer.from(bytes)),
      );
    });

    it('gives the receiver bytes that stay as they are and pin little', async () => {
      const nodes = await make(2);
      const seen: Uint8Array[] = [];
      at(nodes, 1).links.onMessage((_from, _lane, bytes) => void seen.push(bytes));
      for (const i of range(50)) at(nodes, 0).links.broadcast('vote', numbered(i, 147));
      await until('votes', () => seen.length === 50);
      for (const [i, bytes] of seen.entries()) {
        expect(bytes).toEqual(numbered(i, 147));
        expect(bytes.buffer.byteLength).toBeLessThan(64 * 1024);
      }
    });

    it('names the sender: a proven validator or a mere peer', async () => {
      const nodes = await make(3, 2);
      const seen: (Sender & { lane: string })[] = [];
      at(nodes, 0).links.onMessage((from, lane) => void seen.push({ ...from, lane }));
      const validator = at(nodes, 1).self;
      const observer = at(nodes, 2).self;
      expect(observer.validatorId).toBeUndefined();
      at(nodes, 1).links.sendToPeer(at(nodes, 0).self.peerId, 'vote', numbered(1, 10));
      at(nodes, 2).links.sendToValidator(
        at(nodes, 0).self.validatorId as ValidatorId,
        'rest',
        numbered(2, 10),
      );
      await until('both', () => seen.length === 2);
      const byLane = Object.fromEntries(seen.map((s) => [s.lane, s]));
      expect(byLane['vote']).toMatchObject({
        peerId: validator.peerId,
        validatorId: validator.validatorId,
      });
      expect(byLane['rest']).toMatchObject({ peerId: observer.peerId, validatorId: undefined });
    });

    it('broadcasts to validators only, except the one named', async () => {
      const nodes = await make(4, 3);
      const seen = nodes.map(() => 0);
      nodes.forEach((node, i) =>
        node.links.onMessage(() => void (seen[i] = (seen[i] as number) + 1)),
      );
      expect(at(nodes, 0).links.validators().toSorted()).toEqual(
        [at(nodes, 1).self.validatorId, at(nodes, 2).self.validatorId].toSorted(),
      );
      expect(at(nodes, 0).links.broadcast('vote', numbered(1, 147))).toBe(2);
      expect(at(nodes, 3).links.broadcast('vote', numbered(1, 147))).toBe(3);
      expect(
        at(nodes, 0).links.broadcast('vote', numbered(1, 147), at(nodes, 1).self.validatorId),
      ).toBe(1);
      await until('deliveries', () => seen[0] === 1 && seen[1] === 2 && seen[2] === 3);
      expect(seen[3]).toBe(0);
    });

    it('says what became of a message', async () => {
      const nodes = await make(2);
      const { links } = at(nodes, 0);
      const to = at(nodes, 1).self.peerId;
      const large = new Uint8Array(laneLimits.vote.messageBytes + 1);
      expect(links.sendToPeer(to, 'vote', large)).toBe('oversized');
      expect(links.broadcast('vote', large)).toBe(0);
      expect(links.sendToPeer(to, 'vote', large.subarray(1))).toBe('queued');
      expect(links.sendToPeer('nobody' as PeerId, 'vote', numbered(1, 8))).toBe('unconnected');
      expect(links.sendToValidator('00'.repeat(20) as ValidatorId, 'vote', numbered(1, 8))).toBe(
        'unconnected',
      );
    });

    it('lets votes pass a lane that is held back, and loses nothing that it accepted', async () => {
      const nodes = await make(2);
      const to = at(nodes, 1).self.peerId;
      const { promise: gate, resolve: open } = Promise.withResolvers<void>();
      const rest: number[] = [];
      let votes = 0;
      at(nodes, 1).links.onMessage((_from, lane, bytes) => {
        if (lane === 'vote') {
          votes += 1;
          return undefined;
        }
        rest.push(numberOf(bytes));
        return rest.length === 1 ? gate : undefined;
      });
      let accepted = 0;
      while (
        at(nodes, 0).links.sendToPeer(to, 'rest', numbered(accepted, 256 * 1024)) === 'queued'
      ) {
        accepted += 1;
        if (accepted % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        expect(accepted).toBeLessThan(1_000);
      }
      expect(at(nodes, 0).links.sendToPeer(to, 'rest', numbered(0, 256 * 1024))).toBe('full');
      for (const i of range(100)) at(nodes, 0).links.sendToPeer(to, 'vote', numbered(i, 147));
      await until('votes', () => votes === 100);
      expect(rest.length).toBe(1);
      open();
      await until('the rest', () => rest.length === accepted, 20_000);
      expect(rest).toEqual(range(accepted));
    });

    it('drops the oldest votes when their outbox is full, never reorders', async () => {
      const nodes = await make(2);
      const to = at(nodes, 1).self.peerId;
      const { promise: gate, resolve: open } = Promise.withResolvers<void>();
      const seen: number[] = [];
      at(nodes, 1).links.onMessage((_from, _lane, bytes) => {
        seen.push(numberOf(bytes));
        return seen.length === 1 ? gate : undefined;
      });
      at(nodes, 0).links.sendToPeer(to, 'vote', numbered(0, 147));
      await until('the first', () => seen.length === 1);
      const total = 3_000;
      for (const i of range(total)) {
        expect(at(nodes, 0).links.sendToPeer(to, 'vote', numbered(i + 1, 16_000))).toBe('queued');
        if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect(at(nodes, 0).peers.get(to)?.dropped).toBeGreaterThan(0);
      expect(at(nodes, 0).counters()['dropped_vote']).toBe(at(nodes, 0).peers.get(to)?.dropped);
      open();
      await until('the newest', () => seen.at(-1) === total, 20_000);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      expect(new Set(seen).size).toBe(seen.length);
    });

    it('reports sessions that come and go; what is sent in between is refused, not kept', async () => {
      const nodes = await make(3);
      const events: string[] = [];
      at(nodes, 0).peers.on((event) => events.push(`${event.type} ${event.peer.peerId}`));
      const seen: number[] = [];
      at(nodes, 1).links.onMessage((_from, _lane, bytes) => void seen.push(numberOf(bytes)));
      const other = at(nodes, 1).self;
      await cluster?.cut(0, 1);
      await until('down', () => events.includes(`down ${other.peerId}`));
      expect(at(nodes, 0).links.sendToPeer(other.peerId, 'vote', numbered(1, 8))).toBe(
        'unconnected',
      );
      expect(at(nodes, 0).links.broadcast('vote', numbered(1, 8))).toBe(1);
      await cluster?.heal(0, 1);
      await until('up', () => events.includes(`up ${other.peerId}`));
      expect(at(nodes, 0).links.sendToPeer(other.peerId, 'vote', numbered(2, 8))).toBe('queued');
      await until('again', () => seen.includes(2));
      expect(seen).not.toContain(1);
    });

    it('survives a receiver that throws', async () => {
      const nodes = await make(2);
      let seen = 0;
      at(nodes, 1).links.onMessage(() => {
        seen += 1;
        throw new TypeError('a bug of the receiver');
      });
      for (const i of range(5)) at(nodes, 0).links.broadcast('vote', numbered(i, 147));
      await until('all', () => seen === 5);
      expect(at(nodes, 1).counters()['handler_failures']).toBe(5);
      expect(at(nodes, 1).peers.list().length).toBe(1);
    });

    it('answers requests completely, partially, or says that it cannot', async () => {
      const nodes = await make(2);
      const to = at(nodes, 1).self.peerId;
      at(nodes, 1).requests.serve('headers', function* (payload) {
        for (const i of range(payload[0] as number)) yield numbered(i, 1_000);
        return payload[1] === 1 ? 'partial' : 'complete';
      });
      at(nodes, 1).requests.serve('certificates', () => {
        throw new TypeError('a bug of the server');
      });
      const ask = at(nodes, 0).requests;
      const whole = await ask.request(to, 'headers', Uint8Array.of(20, 0));
      expect(whole).toMatchObject({ ok: true, end: 'complete' });
      expect(whole.items.map(numberOf)).toEqual(range(20));
      expect(await ask.request(to, 'headers', Uint8Array.of(5, 1))).toMatchObject({
        ok: true,
        end: 'partial',
      });
      const capped = await ask.request(to, 'headers', Uint8Array.of(20, 0), { maxBytes: 5_200 });
      expect(capped).toMatchObject({ ok: true, end: 'partial' });
      expect(capped.items.map(numberOf)).toEqual(range(5));
      expect(await ask.request(to, 'certificates', new Uint8Array(1))).toMatchObject({
        ok: true,
        end: 'unavailable',
      });
      expect(await ask.request(to, 'epoch-proofs', new Uint8Array(1))).toMatchObject({
        ok: true,
        end: 'unavailable',
      });
    });

    it('ends requests by deadline, by cancellation, by rejection and by limits', async () => {
      const nodes = await make(2);
      const to = at(nodes, 1).self.peerId;
      let aborted = 0;
      at(nodes, 1).requests.serve('headers', async function* (_payload, { signal }) {
        yield numbered(0, 100);
        signal.addEventListener('abort', () => (aborted += 1));
        await Promise.race([
          never(),
          new Promise((resolve) => signal.addEventListener('abort', resolve)),
        ]);
        return 'partial';
      });
      at(nodes, 1).requests.serve('certificates', function* () {
        for (const i of range(10)) yield numbered(i, 100);
        return 'complete';
      });
      const ask = at(nodes, 0).requests;
      const late = await ask.request(to, 'headers', new Uint8Array(1), { deadlineMs: 200 });
      expect(late).toMatchObject({ ok: false, code: 'NETWORK_REQUEST_TIMEOUT' });
      const controller = new AbortController();
      const cancelled = ask.request(to, 'headers', new Uint8Array(1), {
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(), 50);
      expect(await cancelled).toMatchObject({ ok: false, code: 'NETWORK_REQUEST_CANCELLED' });
      await until('the server has noticed', () => aborted === 2);
      const rejected = await ask.request(to, 'certificates', new Uint8Array(1), {
        onItem: (item) => numberOf(item) < 3,
      });
      expect(rejected).toMatchObject({ ok: false, code: 'NETWORK_REQUEST_REJECTED' });
      expect(at(nodes, 0).peers.get(to)?.score).toBeGreaterThan(0);
      const { perPeer } = requestLimits.headers;
      const many = range(perPeer + 1).map(() =>
        ask.request(to, 'headers', new Uint8Array(1), { deadlineMs: 100 }),
      );
      expect(await many.at(-1)).toMatchObject({ ok: false, code: 'NETWORK_REQUEST_OVERLOADED' });
      await Promise.all(many);
      const nobody = await ask.request('nobody' as PeerId, 'headers', new Uint8Array(1));
      expect(nobody).toMatchObject({ ok: false, code: 'NETWORK_REQUEST_UNCONNECTED' });
    });

    it('ends requests when the server goes', async () => {
      const nodes = await make(2);
      at(nodes, 1).requests.serve('headers', async function* () {
        yield numbered(0, 100);
        await never();
        return 'complete';
      });
      const pending = at(nodes, 0).requests.request(
        at(nodes, 1).self.peerId,
        'headers',
        new Uint8Array(1),
      );
      setTimeout(() => void cluster?.cut(0, 1), 50);
      expect(await pending).toMatchObject({ ok: false, code: 'NETWORK_REQUEST_CLOSED' });
    });

    it('brings each transaction to each node once, from wherever it enters', async () => {
      const nodes = await make(5, 3);
      const seen = nodes.map(() => new Map<string, number>());
      nodes.forEach((node, i) =>
        node.transactions.onTransactions(async (batch) => {
          await new Promise((resolve) => setTimeout(resolve, 2));
          for (const { id, bytes } of batch) {
            expect(Buffer.from(transactionId(bytes) as Uint8Array)).toEqual(Buffer.from(id));
            const key = Buffer.from(id).toString('hex');
            seen[i]?.set(key, (seen[i]?.get(key) ?? 0) + 1);
          }
          return batch.map(() => 'accept' as const);
        }),
      );
      for (const i of range(200)) {
        at(nodes, i % 5).transactions.submit([transaction(i), transaction(i + 10_000)]);
        if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
      }
      // 400 in all; each node submitted 80 of them itself.
      await until('everywhere', () => seen.every((map) => map.size === 320));
      for (const map of seen) expect([...map.values()].every((count) => count === 1)).toBe(true);
      const total = (name: string): number =>
        nodes.reduce((sum, node) => sum + (node.counters()[name] ?? 0), 0);
      // Pushes may cross an announcement in flight, but only a few.
      expect(total('relay_duplicates_in')).toBeLessThan(160);
    });

    it('relays only what was accepted; invalid costs score, ignored costs nothing', async () => {
      const nodes = await make(3);
      const verdicts: Verdict[] = ['accept', 'ignore', 'invalid'];
      const reached: number[] = [];
      at(nodes, 1).transactions.onTransactions((batch) =>
        batch.map(({ bytes }) => verdicts[numberOf(bytes)] as Verdict),
      );
      at(nodes, 2).transactions.onTransactions((batch) => {
        for (const { bytes } of batch) reached.push(numberOf(bytes));
        return batch.map(() => 'accept' as const);
      });
      await cluster?.cut(0, 2);
      const scoreOf = (): number => at(nodes, 1).peers.get(at(nodes, 0).self.peerId)?.score ?? 0;
      at(nodes, 0).transactions.submit([transaction(0), transaction(1)]);
      await until('the accepted one', () => reached.includes(0));
      expect(scoreOf()).toBe(0);
      at(nodes, 0).transactions.submit([transaction(2)]);
      await until('the score', () => scoreOf() > 0);
      expect(reached).toEqual([0]);
    });

    it('gossips to everybody, and stops at whoever finds it invalid', async () => {
      const nodes = await make(4, 2);
      const seen = nodes.map(() => [] as number[]);
      nodes.forEach((node, i) =>
        node.gossip.onMessage((_from, topic, bytes) => {
          expect(topic).toBe('headers');
          seen[i]?.push(numberOf(bytes));
          return numberOf(bytes) === 1 ? 'accept' : 'invalid';
        }),
      );
      let round = 0;
      await until('the mesh', () => {
        if (round++ % 40 === 0) void at(nodes, 0).gossip.publish('headers', numbered(1, 458));
        return seen.slice(1).every((list) => list.includes(1));
      });
      const before = at(nodes, 1).peers.get(at(nodes, 0).self.peerId)?.score ?? 0;
      await at(nodes, 0).gossip.publish('headers', numbered(2, 458));
      await until(
        'judged',
        () => (at(nodes, 1).peers.get(at(nodes, 0).self.peerId)?.score ?? 0) > before,
      );
      expect(await at(nodes, 0).gossip.publish('headers', new Uint8Array(70_000))).toBe(0);
    });

    it('bans by score and by hand, and keeps the banned out', async () => {
      const nodes = await make(3);
      const bad = at(nodes, 1).self.peerId;
      for (let i = 0; i < 4; i++) at(nodes, 0).peers.penalize(bad, 'invalid');
      expect(at(nodes, 0).peers.get(bad)?.score).toBeGreaterThan(70);
      at(nodes, 0).peers.ban(at(nodes, 2).self.peerId, 60_000, 'test');
      await until('gone', () => at(nodes, 0).peers.get(at(nodes, 2).self.peerId) === undefined);
      expect(
        at(nodes, 0)
          .peers.bans()
          .map((ban) => ban.peerId),
      ).toEqual([at(nodes, 2).self.peerId]);
      await cluster?.heal(0, 2);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(at(nodes, 0).peers.get(at(nodes, 2).self.peerId)).toBeUndefined();
      at(nodes, 0).peers.unban(at(nodes, 2).self.peerId);
      await cluster?.heal(0, 2);
      await until('back', () => at(nodes, 0).peers.get(at(nodes, 2).self.peerId) !== undefined);
    });
  });
}
