import { randomBytes } from 'node:crypto';
import { identify } from '@libp2p/identify';
import type { Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { type SocketNetwork } from '../../src/index.ts';
import { chainTagOf, makeNodes, stopAll, until } from '../support/nodes.ts';

// A client written from docs/protocol/network.md with libp2p's public packages: no MXD code below
// this line except the node that it talks to.

class Frames {
  readonly #stream: Stream;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer = Buffer.alloc(0);
  constructor(stream: Stream) {
    this.#stream = stream;
    this.#chunks = (stream as AsyncIterable<{ subarray(): Uint8Array }>)[
      Symbol.asyncIterator
    ]() as never;
  }
  write(payload: Uint8Array): void {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(payload.length);
    this.#stream.send(Buffer.concat([header, payload]));
  }
  async read() {
    for (;;) {
      const length = this.#buffer.length >= 4 ? this.#buffer.readUInt32BE(0) : Infinity;
      if (this.#buffer.length >= 4 + length) {
        const payload = this.#buffer.subarray(4, 4 + length);
        this.#buffer = this.#buffer.subarray(4 + length);
        return payload;
      }
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#buffer = Buffer.concat([this.#buffer, next.value.subarray()]);
    }
  }
}

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
};
const u64 = (value: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
};

const hello = (): Buffer =>
  Buffer.concat([
    u8(1),
    Buffer.from('MXDN'),
    u16(1),
    u16(1),
    u32(7),
    chainTagOf('test'),
    randomBytes(32),
    u8(0),
    u64(Date.now()),
    u8(6),
    Buffer.from('byhand'),
    u8(0),
  ]);

describe('an independent libp2p client', () => {
  let nodes: SocketNetwork[] = [];
  afterEach(() => stopAll(nodes));

  const makeClient = () =>
    createLibp2p({
      transports: [tcp(), webSockets()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify({ runOnConnectionOpen: false }), ping: ping() },
    });

  it.each([
    ['tcp', '/ip4/127.0.0.1/tcp/0'],
    ['websocket', '/ip4/127.0.0.1/tcp/0/ws'],
  ])(
    'speaks identify, ping, the handshake, requests, lanes and relay over %s',
    async (_name, listen) => {
      nodes = await makeNodes(1, 1, () => ({ listen: [listen] }));
      const node = nodes[0]!;
      node.requests.serve('headers', function* (payload) {
        const from = Number(Buffer.from(payload).readBigUInt64BE(0));
        const count = Buffer.from(payload).readUInt16BE(8);
        for (let i = from; i < from + count; i++) yield new Uint8Array(458).fill(i);
        return 'partial';
      });
      const lanes: string[] = [];
      node.links.onMessage(
        (from, lane, bytes) => void lanes.push(`${from.peerId} ${lane} ${bytes.length}`),
      );
      const relayed: number[] = [];
      node.transactions.onTransactions((batch) =>
        batch.map(({ bytes }) => (relayed.push(bytes.length), 'ignore' as const)),
      );
      await node.start();

      const client = await makeClient();
      try {
        const address = multiaddr(node.self.addresses()[0]!);
        const connection = await client.dial(address);
        const identified = await client.services.identify.identify(connection);
        expect(identified.agentVersion).toBe('mxd/0.1.0');
        expect(identified.protocols).toEqual(
          expect.arrayContaining(['/mxd/hello/1', '/mxd/ask/headers/1', '/mxd/lane/vote/1']),
        );
        expect(await client.services.ping.ping(connection.remotePeer)).toBeGreaterThanOrEqual(0);

        const control = new Frames(await connection.newStream('/mxd/hello/1'));
        control.write(hello());
        const answer = (await control.read())!;
        expect(answer[0]).toBe(1);
        expect(answer.subarray(1, 5).toString()).toBe('MXDN');
        expect(answer.readUInt32BE(9)).toBe(7);
        expect(answer.subarray(13, 45)).toEqual(Buffer.from(chainTagOf('test')));
        control.write(u8(4));
        const proof = (await control.read())!;
        expect(proof[0]).toBe(3);
        expect(proof.readUInt16BE(21)).toBe(64);
        control.write(u8(5));

        control.write(Buffer.concat([u8(6), u32(42), u64(Date.now())]));
        let pong = (await control.read())!;
        while (pong[0] !== 7) pong = (await control.read())!;
        expect(pong.readUInt32BE(1)).toBe(42);

        const ask = new Frames(await connection.newStream('/mxd/ask/headers/1'));
        ask.write(Buffer.concat([u32(77), u32(1_000_000), u32(10), u64(5), u16(3)]));
        for (const i of [5, 6, 7]) {
          expect(await ask.read()).toEqual(Buffer.concat([u8(1), Buffer.alloc(458, i)]));
        }
        expect(await ask.read()).toEqual(Buffer.concat([u8(2), u32(77), u8(1), u32(3)]));
        expect(await ask.read()).toBeUndefined();

        new Frames(await connection.newStream('/mxd/lane/rest/1')).write(Buffer.alloc(29, 0x13));
        await until('lane', () => lanes.length === 1);
        expect(lanes).toEqual([`${client.peerId.toString()} rest 29`]);

        const relay = new Frames(await connection.newStream('/mxd/lane/transactions/1'));
        relay.write(
          Buffer.concat([u8(1), u32(300), Buffer.alloc(300, 1), u32(200), Buffer.alloc(200, 2)]),
        );
        await until('relay', () => relayed.length === 2);
        expect(relayed).toEqual([300, 200]);
        expect(node.peers.list()[0]).toMatchObject({
          agent: 'byhand',
          score: 0,
          validatorId: undefined,
        });
      } finally {
        await client.stop();
      }
    },
  );

  it('is told why it is refused', async () => {
    nodes = await makeNodes(1, 0);
    await nodes[0]!.start();
    const client = await makeClient();
    try {
      const connection = await client.dial(multiaddr(nodes[0]!.self.addresses()[0]!));
      const control = new Frames(await connection.newStream('/mxd/hello/1'));
      const wrong = hello();
      wrong.writeUInt32BE(99, 9);
      control.write(wrong);
      const refusal = (await control.read())!;
      expect([refusal[0], refusal[1]]).toEqual([2, 1]);
      expect(refusal.subarray(3).toString()).toBe('this is network 7, not 99');
    } finally {
      await client.stop();
    }
  });
});
