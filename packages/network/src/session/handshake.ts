import { randomBytes } from 'node:crypto';
import { toHex, fromHex, equalBytes } from '@mxd/codec';
import { type PeerId, type ValidatorId } from '../contract.ts';
import { type CloseReason } from '../errors.ts';
import {
  commonVersion,
  decodeHelloMessage,
  encodeHelloMessage,
  proofPayload,
  protocolVersions,
  type Hello,
  type HelloMessage,
} from '../wire/hello.ts';

/** Signs peer proofs with this node's consensus key, through the sign guard. */
export interface ValidatorIdentity {
  readonly id: ValidatorId;
  /** Signs the whole payload, which starts with `RSC1PEER` || chainTag. */
  signPeerProof(payload: Uint8Array): Promise<Uint8Array>;
}

/** Knows which consensus keys belong to validators now, and checks signatures of their suite. */
export interface ValidatorAuthority {
  /** The consensus key that the id has in the current (or next) table, or undefined. */
  consensusKeyOf(id: ValidatorId): Uint8Array | undefined;
  verify(key: Uint8Array, payload: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** A possession proof as received, kept so that it can be judged again when the table changes. */
export interface ValidatorClaim {
  readonly id: ValidatorId;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** The bytes that each side's consensus key signs to prove possession on one connection. */
export interface ProofPayloads {
  readonly own: Uint8Array;
  readonly remote: Uint8Array;
}

/** Frames in and out of the handshake; `FrameStream` over sockets, queues in tests. */
export interface HandshakeChannel {
  send(payload: Uint8Array): boolean;
  read(timeoutMs: number): Promise<Uint8Array | string> | Uint8Array | string;
}

/** What one side brings to a handshake. */
export interface HandshakeContext {
  readonly networkId: number;
  readonly chainTag: Uint8Array;
  readonly agent: string;
  readonly isPrivate: boolean;
  readonly identity: ValidatorIdentity | undefined;
  readonly authority: ValidatorAuthority;
  readonly ownPeer: Uint8Array;
  readonly remotePeer: Uint8Array;
  readonly remotePeerId: PeerId;
  listen(): readonly Uint8Array[];
  /** Last word about a peer whose proof has been judged: a reason to refuse it. */
  admit(remote: PeerId, validatorId: ValidatorId | undefined): CloseReason | undefined;
  clockMs(): number;
  readonly timeoutMs: number;
}

/** How a handshake ended. */
export type HandshakeResult =
  | {
      readonly ok: true;
      readonly version: number;
      readonly remote: Hello;
      readonly validatorId: ValidatorId | undefined;
      readonly claim: ValidatorClaim | undefined;
      /** What a proof of either side signs on this connection, for proofs that come later. */
      readonly payloads: ProofPayloads;
      /** Their clock minus ours at the middle of the exchange, in ms; good to half a round trip. */
      readonly clockOffsetMs: number;
    }
  | {
      readonly ok: false;
      readonly reason: CloseReason;
      readonly text: string;
      /** True when the other side refused, false when this one did or the stream ended. */
      readonly byRemote: boolean;
    };

class Refusal extends Error {
  readonly reason: CloseReason;
  readonly byRemote: boolean;
  constructor(reason: CloseReason, text: string, byRemote = false) {
    super(text);
    this.reason = reason;
    this.byRemote = byRemote;
  }
}

function ownHello(context: HandshakeContext): Hello {
  return {
    minVersion: protocolVersions.min,
    maxVersion: protocolVersions.max,
    networkId: context.networkId,
    chainTag: context.chainTag,
    nonce: randomBytes(32),
    isPrivate: context.isPrivate,
    isValidator: context.identity !== undefined,
    clockMs: context.clockMs(),
    agent: context.agent,
    listen: context.listen().slice(0, 8),
  };
}

async function expectMessage<T extends HelloMessage['type']>(
  channel: HandshakeChannel,
  deadlineMs: number,
  wanted: readonly T[],
): Promise<Extract<HelloMessage, { type: T }>> {
  const payload = await channel.read(Math.max(1, deadlineMs - performance.now()));
  if (payload === 'timeout') throw new Refusal('handshake-timeout', 'no handshake frame in time');
  if (payload === 'ended') throw new Refusal('connection-lost', 'the stream ended');
  const message = typeof payload === 'string' ? undefined : decodeHelloMessage(payload);
  if (message === undefined) throw new Refusal('malformed-hello', 'not a handshake frame');
  if (message.type === 'refuse') throw new Refusal(message.reason, message.text, true);
  if (!(wanted as readonly string[]).includes(message.type)) {
    throw new Refusal('malformed-hello', `unexpected ${message.type}`);
  }
  return message as Extract<HelloMessage, { type: T }>;
}

function checkHello(context: HandshakeContext, own: Hello, remote: Hello): number {
  if (remote.networkId !== context.networkId) {
    throw new Refusal(
      'wrong-network',
      `this is network ${context.networkId}, not ${remote.networkId}`,
    );
  }
  if (!equalBytes(remote.chainTag, context.chainTag)) {
    const ours = toHex(context.chainTag.subarray(0, 8));
    throw new Refusal('wrong-chain', `this is the chain of genesis ${ours}...`);
  }
  const version = commonVersion(own, remote);
  if (version === undefined) {
    throw new Refusal(
      'no-common-version',
      `this node speaks versions ${own.minVersion} to ${own.maxVersion}`,
    );
  }
  if (equalBytes(remote.nonce, own.nonce)) {
    throw new Refusal('malformed-hello', 'the nonce is an echo of ours');
  }
  return version;
}

function payloadsOf(context: HandshakeContext, own: Hello, remote: Hello): ProofPayloads {
  const { chainTag, ownPeer, remotePeer } = context;
  return {
    own: proofPayload({
      chainTag,
      signerPeer: ownPeer,
      verifierPeer: remotePeer,
      signerNonce: own.nonce,
      verifierNonce: remote.nonce,
    }),
    remote: proofPayload({
      chainTag,
      signerPeer: remotePeer,
      verifierPeer: ownPeer,
      signerNonce: remote.nonce,
      verifierNonce: own.nonce,
    }),
  };
}

/** The frame that proves an identity, or says that there is none. */
export async function proofFrame(
  identity: ValidatorIdentity | undefined,
  payload: Uint8Array,
): Promise<Uint8Array> {
  if (identity === undefined) return encodeHelloMessage({ type: 'none' });
  const signature = await identity.signPeerProof(payload);
  return encodeHelloMessage({ type: 'proof', validatorId: fromHex(identity.id), signature });
}

type Judged = { validatorId: ValidatorId | undefined; claim: ValidatorClaim | undefined };

async function judge(
  context: HandshakeContext,
  message: Extract<HelloMessage, { type: 'proof' | 'none' }>,
  payloads: ProofPayloads,
): Promise<Judged> {
  let judged: Judged = { validatorId: undefined, claim: undefined };
  if (message.type === 'proof') {
    const claim: ValidatorClaim = {
      id: toHex(message.validatorId) as ValidatorId,
      signature: message.signature,
      payload: payloads.remote,
    };
    const verdict = await judgeClaim(context.authority, claim);
    if (verdict === 'false') {
      throw new Refusal('bad-validator-proof', `no valid proof for validator ${claim.id}`);
    }
    judged = { validatorId: verdict === 'true' ? claim.id : undefined, claim };
  }
  const refusal = context.admit(context.remotePeerId, judged.validatorId);
  if (refusal !== undefined) throw new Refusal(refusal, refusalTexts[refusal] ?? refusal);
  return judged;
}

const refusalTexts: Partial<Record<CloseReason, string>> = {
  'not-allowed': 'this network admits named peers and validators only',
  'too-many-peers': 'no room for more peers now',
  banned: 'banned',
};

/** Judges a possession proof: `unknown` when the id is in no table that this node knows. */
export async function judgeClaim(
  authority: ValidatorAuthority,
  claim: ValidatorClaim,
): Promise<'true' | 'false' | 'unknown'> {
  const key = authority.consensusKeyOf(claim.id);
  if (key === undefined) return 'unknown';
  return (await authority.verify(key, claim.payload, claim.signature)) ? 'true' : 'false';
}

async function asDialer(context: HandshakeContext, channel: HandshakeChannel) {
  const deadlineMs = performance.now() + context.timeoutMs;
  const own = ownHello(context);
  channel.send(encodeHelloMessage({ type: 'hello', hello: own }));
  const { hello: remote } = await expectMessage(channel, deadlineMs, ['hello']);
  const receivedMs = context.clockMs();
  const version = checkHello(context, own, remote);
  const payloads = payloadsOf(context, own, remote);
  channel.send(await proofFrame(context.identity, payloads.own));
  const answer = await expectMessage(channel, deadlineMs, ['proof', 'none']);
  const judged = await judge(context, answer, payloads);
  channel.send(encodeHelloMessage({ type: 'ready' }));
  const clockOffsetMs = remote.clockMs - (own.clockMs + receivedMs) / 2;
  return { ok: true as const, version, remote, payloads, clockOffsetMs, ...judged };
}

async function asListener(context: HandshakeContext, channel: HandshakeChannel) {
  const deadlineMs = performance.now() + context.timeoutMs;
  const { hello: remote } = await expectMessage(channel, deadlineMs, ['hello']);
  const own = ownHello(context);
  const version = checkHello(context, own, remote);
  channel.send(encodeHelloMessage({ type: 'hello', hello: own }));
  const proof = await expectMessage(channel, deadlineMs, ['proof', 'none']);
  const payloads = payloadsOf(context, own, remote);
  const judged = await judge(context, proof, payloads);
  channel.send(await proofFrame(context.identity, payloads.own));
  await expectMessage(channel, deadlineMs, ['ready']);
  const clockOffsetMs = remote.clockMs - own.clockMs;
  return { ok: true as const, version, remote, payloads, clockOffsetMs, ...judged };
}

/**
 * Runs the session handshake on a fresh stream: docs/protocol/network.md, "Session handshake".
 * Never throws: what the peer or the network does comes back as a result, and a refusal by this
 * side has been sent with its reason.
 */
export async function handshake(
  role: 'dialer' | 'listener',
  context: HandshakeContext,
  channel: HandshakeChannel,
): Promise<HandshakeResult> {
  try {
    return await (role === 'dialer' ? asDialer(context, channel) : asListener(context, channel));
  } catch (error) {
    if (error instanceof Refusal) {
      const { reason, byRemote } = error;
      if (!byRemote) {
        channel.send(encodeHelloMessage({ type: 'refuse', reason, text: error.message }));
      }
      return { ok: false, reason, text: error.message, byRemote };
    }
    // The signer or the verifier that was passed in failed: not the peer's fault.
    const text = error instanceof Error ? error.message : String(error);
    channel.send(
      encodeHelloMessage({ type: 'refuse', reason: 'own-error', text: 'internal failure' }),
    );
    return { ok: false, reason: 'own-error', text, byRemote: false };
  }
}
