/** The yardstick: libp2p as it comes, one long-lived stream per pair, 4-byte length and payload. */
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import type { Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { frame, FrameReader } from '../src/wire/frames.ts';

export interface BareNode {
  readonly address: string;
  readonly peerId: string;
  connect(address: string): Promise<void>;
  connected(): number;
  sendAll(bytes: Uint8Array): void;
  pull(bytes: number): Promise<number>;
  stop(): Promise<void>;
}

const pairProtocol = '/bare/pair/1';
const bulkProtocol = '/bare/bulk/1';

export async function makeBare(received: (bytes: Uint8Array) => void): Promise<BareNode> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { abortConnectionOnPingFailure: false },
    connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 1_000 },
  });
  const streams: Stream[] = [];
  const take = (stream: Stream): void => {
    const reader = new FrameReader(16 * 1024 * 1024);
    streams.push(stream);
    stream.addEventListener('message', (event) => {
      reader.push(event.data);
      for (let bytes = reader.next(); bytes !== undefined; bytes = reader.next()) received(bytes);
    });
  };
  await node.handle(pairProtocol, (stream) => take(stream), { maxInboundStreams: 256 });
  await node.handle(bulkProtocol, async (stream) => {
    const chunk = new Uint8Array(64 * 1024);
    let left = 0;
    for await (const request of stream) {
      left = Buffer.from(request.subarray()).readUInt32BE(0) * 1024;
      break;
    }
    while (left > 0 && stream.status === 'open') {
      left -= chunk.length;
      if (!stream.send(chunk)) await stream.onDrain();
    }
    await stream.close();
  });
  return {
    address: node.getMultiaddrs()[0]?.toString() ?? '',
    peerId: node.peerId.toString(),
    async connect(address) {
      take(await node.dialProtocol(multiaddr(address), pairProtocol, { maxOutboundStreams: 256 }));
    },
    connected: () => streams.length,
    sendAll(bytes) {
      const framed = frame(bytes);
      for (const stream of streams) stream.send(framed);
    },
    async pull(bytes) {
      const connection = node.getConnections()[0];
      if (connection === undefined) return 0;
      const stream = await connection.newStream(bulkProtocol);
      const request = new Uint8Array(4);
      new DataView(request.buffer).setUint32(0, bytes / 1024);
      stream.send(request);
      let taken = 0;
      for await (const chunk of stream) {
        taken += chunk.byteLength;
        if (taken >= bytes) break;
      }
      return taken;
    },
    stop: async () => node.stop(),
  };
}
