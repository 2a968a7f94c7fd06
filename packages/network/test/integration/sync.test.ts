import { afterEach, describe, expect, it } from 'vitest';
import { type Network } from '../../src/index.ts';
import { Counters } from '../../src/counters.ts';
import { limits } from '../../src/limits.ts';
import { createMemoryHub, type MemoryHub } from '../../src/memory/index.ts';
import { rangeCodec, synchronise, syncPortOf, type SyncProgress } from '../../src/sync/index.ts';
import { makeChain, serveChain, stateHash, ToyNode } from '../support/toy-chain.ts';
import { makeNodes, startMesh, stopAll, transactionId } from '../support/nodes.ts';

const replay = ({ chain, bodies }: ToyNode) => ({ chain, bodies });

describe('synchronisation', () => {
  let hub: MemoryHub;
  let nodes: Network[] = [];
  const limitTable = limits as unknown as Record<string, { value: number }>;
  const stallMs = limits.syncStallMs.value;
  afterEach(async () => {
    limitTable['syncStallMs']!.value = stallMs;
    for (const node of nodes) await node.stop();
  });
  const make = async (count: number): Promise<Network> => {
    hub = createMemoryHub();
    nodes = Array.from({ length: count }, (_, i) =>
      hub.createNode({ peerId: `p${i}`, transactionId }),
    );
    for (const node of nodes) await node.start();
    return nodes[0]!;
  };
  const never = (): Promise<void> => new Promise(() => undefined);

  it('fetches a chain from several peers in order, with progress', async () => {
    const own = await make(4);
    const chain = makeChain(333);
    for (const node of nodes.slice(1)) serveChain(node, () => chain, 7);
    const toy = new ToyNode();
    const progress: SyncProgress[] = [];
    const port = syncPortOf(own);
    const end = await synchronise(port, replay(toy), { onProgress: (p) => progress.push(p) });
    expect(end).toEqual({ end: 'caught-up', height: 333 });
    expect(toy.state).toBe(stateHash(chain));
    expect(progress.at(-1)).toEqual({ stage: 'bodies', done: 333, target: 333 });
    // Each body was checked once: nothing was fetched twice.
    expect(toy.checks).toBe(333);
    for (const node of nodes.slice(1)) {
      expect(node.counters()['requests_received_blocks-by-range']).toBeGreaterThan(0);
    }
  });

  it('follows a chain that grows meanwhile, without a gap', async () => {
    const own = await make(3);
    const full = makeChain(120);
    let height = 60;
    const grown = () => ({
      headers: full.headers.slice(0, height),
      bodies: full.bodies.slice(0, height),
    });
    for (const node of nodes.slice(1)) serveChain(node, grown);
    const toy = new ToyNode();
    const { apply } = toy.bodies;
    const bodies = {
      ...toy.bodies,
      apply: async (at: number, item: Uint8Array) => {
        await apply(at, item);
        height = Math.min(120, height + 1);
      },
    };
    const end = await synchronise(syncPortOf(own), { chain: toy.chain, bodies });
    expect(end).toEqual({ end: 'caught-up', height: 120 });
    expect(toy.state).toBe(stateHash(full));
  });

  it('survives liars, stallers, garbage and peers that vanish half-way', async () => {
    limitTable['syncStallMs']!.value = 300;
    const own = await make(7);
    const chain = makeChain(200);
    serveChain(nodes[1]!, () => chain, 5);
    // Claims a longer chain than it can prove, with bodies to match.
    const forged = makeChain(400, 100);
    const boast = {
      headers: [...chain.headers, ...forged.headers.slice(200)],
      bodies: [...chain.bodies, ...forged.bodies.slice(200)],
    };
    serveChain(nodes[2]!, () => boast);
    // Proves headers, then sends wrong bodies.
    serveChain(nodes[3]!, () => ({
      headers: chain.headers,
      bodies: chain.bodies.map((b) => b.map((x) => x ^ 1)),
    }));
    // Stalls in the middle of each answer.
    serveChain(nodes[4]!, () => chain);
    nodes[4]!.requests.serve('blocks-by-range', async function* (payload) {
      yield chain.bodies[rangeCodec.decode(payload).from - 1]!;
      await never();
      return 'complete';
    });
    // Garbage.
    nodes[5]!.requests.serve('headers', function* () {
      yield new Uint8Array(50).fill(1);
      return 'complete';
    });
    // Vanishes.
    serveChain(nodes[6]!, () => chain);
    nodes[6]!.requests.serve('blocks-by-range', function* (payload) {
      yield chain.bodies[rangeCodec.decode(payload).from - 1]!;
      hub.cut(own.self.peerId, nodes[6]!.self.peerId);
      return 'complete';
    });
    const toy = new ToyNode();
    const counters = new Counters();
    const end = await synchronise(syncPortOf(own, counters), replay(toy));
    expect(toy.state).toBe(stateHash(chain));
    expect(end).toEqual({ end: 'caught-up', height: 200 });
    expect(counters.get('sync_failed_NETWORK_REQUEST_REJECTED')).toBeGreaterThan(0);
    expect(own.peers.get(nodes[5]!.self.peerId)?.score).toBeGreaterThan(0);
    // Slowness is not misbehaviour.
    expect(own.peers.get(nodes[4]!.self.peerId)?.score).toBe(0);
  });

  it('resumes where it was interrupted', async () => {
    const own = await make(2);
    const chain = makeChain(100);
    serveChain(nodes[1]!, () => chain, 5);
    const toy = new ToyNode();
    const stop = new AbortController();
    const first = await synchronise(syncPortOf(own), replay(toy), {
      signal: stop.signal,
      onProgress: ({ stage, done }) => {
        if (stage === 'bodies' && done >= 40) stop.abort();
      },
    });
    expect(first.end).toBe('cancelled');
    expect(toy.applied.length).toBeLessThan(100);
    const checks = toy.checks;
    expect(await synchronise(syncPortOf(own), replay(toy))).toEqual({
      end: 'caught-up',
      height: 100,
    });
    expect(toy.checks).toBeLessThan(checks + 100);
    expect(toy.state).toBe(stateHash(chain));
  });

  it('takes a snapshot by chunks when that is shorter, from several peers, resumable', async () => {
    const own = await make(4);
    const chain = makeChain(300);
    serveChain(nodes[1]!, () => chain);
    serveChain(nodes[2]!, () => chain);
    serveChain(nodes[3]!, () => chain);
    nodes[3]!.requests.serve('snapshot-chunk', function* () {
      yield new Uint8Array(1_000);
      return 'complete';
    });
    const toy = new ToyNode();
    const stop = new AbortController();
    const stages = { chain: toy.chain, bodies: toy.bodies, snapshot: toy.snapshot };
    const cancelled = await synchronise(syncPortOf(own), stages, {
      signal: stop.signal,
      onProgress: ({ stage, done }) => {
        if (stage === 'snapshot' && done >= 10) stop.abort();
      },
    });
    expect(cancelled.end).toBe('cancelled');
    expect(toy.chunks.size).toBeGreaterThanOrEqual(10);
    const end = await synchronise(syncPortOf(own), stages);
    expect(end).toEqual({ end: 'caught-up', height: 300 });
    expect(toy.state).toBe(stateHash(chain));
    expect(toy.checks).toBe(0);
  });

  it('says so when nobody can help, and throws what the node itself throws', async () => {
    const alone = await make(1);
    expect(await synchronise(syncPortOf(alone), new ToyNode())).toEqual({
      end: 'no-peers',
      height: 0,
    });
    for (const node of nodes) await node.stop();
    const own = await make(2);
    const chain = makeChain(10);
    serveChain(nodes[1]!, () => chain);
    const toy = new ToyNode();
    const bodies = {
      ...toy.bodies,
      apply: () => Promise.reject(new RangeError('disk full')),
    };
    await expect(synchronise(syncPortOf(own), { chain: toy.chain, bodies })).rejects.toThrow(
      'disk full',
    );
  });

  it('runs over sockets', async () => {
    const sockets = await makeNodes(3, 0);
    await startMesh(sockets);
    const chain = makeChain(500, 20_000);
    serveChain(sockets[1]!, () => chain);
    serveChain(sockets[2]!, () => chain, 30);
    const toy = new ToyNode();
    expect(await synchronise(syncPortOf(sockets[0]!), replay(toy))).toEqual({
      end: 'caught-up',
      height: 500,
    });
    expect(toy.state).toBe(stateHash(chain));
    await stopAll(sockets);
  });
});
