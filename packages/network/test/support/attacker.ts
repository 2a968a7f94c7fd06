import { randomBytes } from 'node:crypto';
import { fromHex } from '@mxd/codec';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { type ValidatorIdentity } from '../../src/session/handshake.ts';
import { FrameStream } from '../../src/wire/frame-stream.ts';
import {
  decodeHelloMessage,
  encodeHelloMessage,
  helloMaxBytes,
  helloProtocol,
  proofPayload,
  type Hello,
  type HelloMessage,
} from '../../src/wire/hello.ts';
import { chainTagOf, seedOf } from './nodes.ts';

/** A libp2p peer that does with the protocol as it likes. */
export interface Attacker {
  readonly node: Libp2p;
  dial(address: string): Promise<Connection>;
  stop(): Promise<void>;
}

export async function makeAttacker(name: string): Promise<Attacker> {
  const node = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(name)),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
  return {
    node,
    dial: (address) => node.dial(multiaddr(address)),
    stop: async () => node.stop(),
  };
}

export const helloOf = (overrides: Partial<Hello> = {}): Hello => ({
  minVersion: 1,
  maxVersion: 1,
  networkId: 7,
  chainTag: chainTagOf('test'),
  nonce: randomBytes(32),
  isPrivate: false,
  isValidator: false,
  clockMs: Date.now(),
  agent: 'attacker',
  listen: [],
  ...overrides,
});

export class HelloTalk {
  readonly frames: FrameStream;
  constructor(stream: Stream) {
    this.frames = new FrameStream(stream, helloMaxBytes);
  }

  static async open(connection: Connection): Promise<HelloTalk> {
    return new HelloTalk(await connection.newStream(helloProtocol));
  }

  send(message: HelloMessage): void {
    this.frames.send(encodeHelloMessage(message));
  }

  async read(): Promise<HelloMessage | string> {
    const payload = await this.frames.read(5_000);
    return typeof payload === 'string' ? payload : (decodeHelloMessage(payload) ?? 'malformed');
  }
}

/** A correct handshake as dialler, validator or not; the control stream stays open. */
export async function shakeHands(
  attacker: Attacker,
  connection: Connection,
  identity?: ValidatorIdentity,
): Promise<HelloTalk> {
  const talk = await HelloTalk.open(connection);
  const own = helloOf({ isValidator: identity !== undefined });
  talk.send({ type: 'hello', hello: own });
  const answer = await talk.read();
  if (typeof answer === 'string' || answer.type !== 'hello')
    throw new Error(JSON.stringify(answer));
  if (identity === undefined) talk.send({ type: 'none' });
  else {
    const payload = proofPayload({
      chainTag: own.chainTag,
      signerPeer: attacker.node.peerId.toMultihash().bytes,
      verifierPeer: connection.remotePeer.toMultihash().bytes,
      signerNonce: own.nonce,
      verifierNonce: answer.hello.nonce,
    });
    const signature = await identity.signPeerProof(payload);
    talk.send({ type: 'proof', validatorId: fromHex(identity.id), signature });
  }
  const proof = await talk.read();
  if (typeof proof === 'string' || proof.type === 'refuse') throw new Error(JSON.stringify(proof));
  talk.send({ type: 'ready' });
  return talk;
}
