import { afterEach, describe, expect, it } from 'vitest';
import { type SocketNetwork } from '../../src/index.ts';
import { limits } from '../../src/limits.ts';
import { laneProtocols } from '../../src/session/session.ts';
import { makeAttacker, shakeHands, type Attacker } from '../support/attacker.ts';
import { makeNodes, stopAll, until } from '../support/nodes.ts';

describe('slow peers', () => {
  let nodes: SocketNetwork[] = [];
  let attacker: Attacker | undefined;
  const replaced: (() => void)[] = [];
  // Time limits are tested with limits of a moment; the mechanism is the same.
  const withLimit = (name: 'frameTimeoutMs' | 'slowReaderMs', value: number): void => {
    const table = limits as unknown as Record<string, { value: number }>;
    const before = table[name]!.value;
    table[name]!.value = value;
    replaced.push(() => (table[name]!.value = before));
  };
  afterEach(async () => {
    for (const restore of replaced.splice(0)) restore();
    await attacker?.stop();
    await stopAll(nodes);
  });

  it('leaves a peer that sends a frame byte by byte, without a penalty', async () => {
    withLimit('frameTimeoutMs', 1_500);
    nodes = await makeNodes(1);
    await nodes[0]!.start();
    attacker = await makeAttacker('slow');
    const connection = await attacker.dial(nodes[0]!.self.addresses()[0]!);
    const talk = await shakeHands(attacker, connection);
    const lane = await connection.newStream(laneProtocols.vote);
    const bytes = Uint8Array.of(0, 0, 0, 147, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    let sent = 0;
    const timer = setInterval(() => {
      if (lane.writeStatus === 'writable') lane.send(bytes.subarray(sent, ++sent));
    }, 200);
    let last = await talk.read();
    while (typeof last !== 'string' && last.type === 'ping') last = await talk.read();
    expect(last).toMatchObject({ type: 'refuse', reason: 'too-slow' });
    clearInterval(timer);
    expect(nodes[0]!.peers.bans()).toEqual([]);
    expect(nodes[0]!.counters()['sessions_ended_too-slow']).toBe(1);
  });

  it('leaves a peer that reads nothing, with bounded memory', async () => {
    withLimit('slowReaderMs', 1_500);
    nodes = await makeNodes(1);
    await nodes[0]!.start();
    attacker = await makeAttacker('deaf');
    await attacker.node.handle(laneProtocols.rest, (stream) => stream.pause());
    const connection = await attacker.dial(nodes[0]!.self.addresses()[0]!);
    await shakeHands(attacker, connection);
    await until('session', () => nodes[0]!.peers.list().length === 1);
    const to = nodes[0]!.peers.list()[0]!.peerId;
    let outcome = 'queued';
    for (let i = 0; i < 500 && outcome === 'queued'; i++) {
      outcome = nodes[0]!.links.sendToPeer(to, 'rest', new Uint8Array(256 * 1024));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(outcome).toBe('full');
    await until('left', () => nodes[0]!.peers.list().length === 0);
    expect(nodes[0]!.counters()['sessions_ended_too-slow']).toBe(1);
    expect(nodes[0]!.peers.bans()).toEqual([]);
  });
});
