import { connect } from 'node:net';
import { fromHex } from '@mxd/codec';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SocketNetwork } from '../../src/index.ts';
import { laneLimits, limits } from '../../src/limits.ts';
import { laneProtocols } from '../../src/session/session.ts';
import { frame } from '../../src/wire/frames.ts';
import { encodeHelloMessage, proofPayload } from '../../src/wire/hello.ts';
import { requestCodec, requestProtocol } from '../../src/wire/requests.ts';
import {
  helloOf,
  HelloTalk,
  makeAttacker,
  shakeHands,
  type Attacker,
} from '../support/attacker.ts';
import {
  chainTagOf,
  identityOf,
  makeNodes,
  startMesh,
  stopAll,
  until,
  validatorIdOf,
} from '../support/nodes.ts';

describe('hostile peers', () => {
  let nodes: SocketNetwork[];
  let attacker: Attacker;
  const target = (): SocketNetwork => nodes[0]!;
  const address = (): string => target().self.addresses()[0]!;
  const counter = (name: string): number => target().counters()[name] ?? 0;
  const gone = (): Promise<void> =>
    until('disconnected', () => attacker.node.getConnections().length === 0);

  beforeEach(async () => {
    nodes = await makeNodes(2);
    await startMesh(nodes);
    attacker = await makeAttacker('attacker');
  });
  afterEach(async () => {
    // Whatever happened, the honest peer is still there and served.
    const seen: number[] = [];
    nodes[1]!.links.onMessage((_from, _lane, bytes) => void seen.push(bytes.length));
    expect(target().links.broadcast('vote', new Uint8Array(147))).toBe(1);
    await until('honest vote', () => seen.length === 1);
    expect(target().peers.get(nodes[1]!.self.peerId)?.score).toBe(0);
    await attacker.stop();
    await stopAll(nodes);
  });

  it('refuses another network, another chain, another version, and says so', async () => {
    const cases = [
      { hello: { networkId: 8 }, reason: 'wrong-network', text: 'this is network 7, not 8' },
      {
        hello: { chainTag: chainTagOf('other') },
        reason: 'wrong-chain',
        text: 'this is the chain of genesis',
      },
      {
        hello: { minVersion: 2, maxVersion: 9 },
        reason: 'no-common-version',
        text: 'this node speaks versions 1 to 1',
      },
    ];
    for (const { hello, reason, text } of cases) {
      const talk = await HelloTalk.open(await attacker.dial(address()));
      talk.send({ type: 'hello', hello: helloOf(hello) });
      expect(await talk.read()).toMatchObject({
        type: 'refuse',
        reason,
        text: expect.stringContaining(text),
      });
      await gone();
      expect(counter(`handshakes_failed_${reason}`)).toBe(1);
    }
  });

  it('two nodes of different networks part cleanly', async () => {
    const [stranger] = await makeNodes(1, 0, () => ({
      networkId: 9,
      nodeKey: new Uint8Array(32).fill(9),
    }));
    await stranger!.start();
    stranger!.addStaticPeer(address());
    await until(
      'refused',
      () => (stranger!.counters()['handshakes_failed_wrong-network'] ?? 0) > 0,
    );
    expect(stranger!.peers.list()).toEqual([]);
    await stranger!.stop();
  });

  it('does not take a validator id without its key', async () => {
    const connection = await attacker.dial(address());
    await expect(shakeHands(attacker, connection, identityOf(1, 40))).rejects.toThrow(
      'bad-validator-proof',
    );
    await gone();
    expect(target().links.validators()).toEqual([validatorIdOf(1)]);
  });

  it('does not take a proof that was made for another connection', async () => {
    // The victim proves itself to the attacker, who passes the proof on with the victim's nonce.
    const victim = identityOf(1);
    const connection = await attacker.dial(address());
    const talk = await HelloTalk.open(connection);
    const own = helloOf({ isValidator: true });
    talk.send({ type: 'hello', hello: own });
    const answer = await talk.read();
    if (typeof answer === 'string' || answer.type !== 'hello') throw new Error('no hello');
    const attackerPeer = attacker.node.peerId.toMultihash().bytes;
    const victimPeer = nodes[1]!.host.peerId.toMultihash().bytes;
    const signature = await victim.signPeerProof(
      proofPayload({
        chainTag: own.chainTag,
        signerPeer: victimPeer,
        verifierPeer: attackerPeer,
        signerNonce: own.nonce,
        verifierNonce: answer.hello.nonce,
      }),
    );
    talk.send({ type: 'proof', validatorId: fromHex(victim.id), signature });
    expect(await talk.read()).toMatchObject({ type: 'refuse', reason: 'bad-validator-proof' });
    await gone();
  });

  it('does not take a replayed handshake', async () => {
    const identity = identityOf(1);
    const record: Uint8Array[] = [];
    const first = await attacker.dial(address());
    const talk = await HelloTalk.open(first);
    const own = helloOf({ isValidator: true });
    record.push(encodeHelloMessage({ type: 'hello', hello: own }));
    talk.frames.send(record[0]!);
    const answer = await talk.read();
    if (typeof answer === 'string' || answer.type !== 'hello') throw new Error('no hello');
    const signature = await identity.signPeerProof(
      proofPayload({
        chainTag: own.chainTag,
        signerPeer: attacker.node.peerId.toMultihash().bytes,
        verifierPeer: first.remotePeer.toMultihash().bytes,
        signerNonce: own.nonce,
        verifierNonce: answer.hello.nonce,
      }),
    );
    record.push(
      encodeHelloMessage({ type: 'proof', validatorId: fromHex(identity.id), signature }),
    );
    talk.frames.send(record[1]!);
    expect(await talk.read()).toMatchObject({ type: 'proof' });
    await first.close();
    const again = await HelloTalk.open(await attacker.dial(address()));
    again.frames.send(record[0]!);
    expect(await again.read()).toMatchObject({ type: 'hello' });
    again.frames.send(record[1]!);
    expect(await again.read()).toMatchObject({ type: 'refuse', reason: 'bad-validator-proof' });
    await gone();
  });

  it.each([
    ['garbage', new Uint8Array(64).fill(0xee)],
    ['an empty frame', new Uint8Array(0)],
    ['a message out of turn', encodeHelloMessage({ type: 'ready' })],
  ])('ends a handshake with %s', async (_name, payload) => {
    const talk = await HelloTalk.open(await attacker.dial(address()));
    talk.frames.send(payload);
    expect(await talk.read()).toMatchObject({ type: 'refuse', reason: 'malformed-hello' });
    await gone();
    expect(counter('offences_malformed')).toBe(1);
  });

  it('serves nothing before the handshake', async () => {
    const connection = await attacker.dial(address());
    const stream = await connection.newStream(requestProtocol('headers'));
    stream.send(frame(requestCodec.encode({ id: 1, maxBytes: 1000, payload: new Uint8Array(1) })));
    const lane = await connection.newStream(laneProtocols.vote);
    lane.send(frame(new Uint8Array(147)));
    await until('dropped for lack of a handshake', () => counter('handshakes_timed_out') === 1);
    await gone();
    expect(counter('received_vote')).toBe(0);
    expect(counter('requests_received_headers')).toBe(0);
  });

  it('ends the session on an oversized frame before reading it', async () => {
    const connection = await attacker.dial(address());
    const talk = await shakeHands(attacker, connection);
    const lane = await connection.newStream(laneProtocols.vote);
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, laneLimits.vote.messageBytes + 1);
    lane.send(header);
    expect(await talk.read()).toMatchObject({ type: 'refuse', reason: 'oversized-frame' });
    await gone();
    expect(counter('offences_oversized')).toBe(1);
  });

  it('scores malformed relay messages and requests, bans in the end', async () => {
    const connection = await attacker.dial(address());
    await shakeHands(attacker, connection);
    const relay = await connection.newStream(laneProtocols.transactions);
    relay.send(frame(Uint8Array.of(9, 9, 9)));
    await until('first offence', () => counter('offences_malformed') === 1);
    expect(target().peers.list().length).toBe(2);
    const ask = await connection.newStream(requestProtocol('headers'));
    ask.send(frame(Uint8Array.of(1, 2, 3)));
    await gone();
    expect(target().peers.bans()).toMatchObject([{ peerId: attacker.node.peerId.toString() }]);
    await attacker.dial(address()).catch(() => undefined);
    await gone();
    expect(target().peers.list().length).toBe(1);
  });

  it('keeps a control frame that is none from harming others', async () => {
    const talk = await shakeHands(attacker, await attacker.dial(address()));
    talk.frames.send(new Uint8Array(10).fill(7));
    expect(await talk.read()).toMatchObject({ type: 'refuse', reason: 'malformed-frame' });
    await gone();
  });

  it('does not open a lane twice', async () => {
    const connection = await attacker.dial(address());
    await shakeHands(attacker, connection);
    await until('session', () => target().peers.list().length === 2);
    await connection.newStream(laneProtocols.rest).then((s) => s.send(frame(new Uint8Array(1))));
    const second = await connection.newStream(laneProtocols.rest);
    if (second.writeStatus === 'writable') second.send(frame(new Uint8Array(1)));
    await until('refused', () => counter('lanes_refused') === 1);
  });

  it('refuses bytes that are no libp2p at all, and idle sockets, within the limits', async () => {
    const port = Number(/tcp\/(\d+)/.exec(address())![1]);
    const before = counter('connections_inbound');
    const sockets = Array.from({ length: 200 }, (_, i) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      if (i % 4 === 0) socket.write(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${'x'.repeat(i * 100)}`);
      return socket;
    });
    const closed = Promise.all(
      sockets.map((s) => new Promise((resolve) => s.on('close', resolve))),
    );
    await until('noticed', () => counter('connections_attempted') >= 200);
    expect(counter('connections_refused_pending_handshakes')).toBeGreaterThan(0);
    expect(counter('connections_inbound')).toBeLessThanOrEqual(
      limits.pendingHandshakes.value + before,
    );
    await closed;
    await until('freed', () => counter('connections_inbound') === before);
  });
});
