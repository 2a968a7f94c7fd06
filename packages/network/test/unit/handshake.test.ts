import { describe, expect, it } from 'vitest';
import { type PeerId } from '../../src/index.ts';
import {
  handshake,
  type HandshakeChannel,
  type HandshakeContext,
} from '../../src/session/handshake.ts';
import { decodeHelloMessage, encodeHelloMessage, proofPayload } from '../../src/wire/hello.ts';
import { authorityOf, chainTagOf, identityOf, validatorIdOf } from '../support/nodes.ts';

/** Two ends of a queue; `tamper` may change what the first end sends. */
function pair(tamper: (bytes: Uint8Array, index: number) => Uint8Array = (bytes) => bytes) {
  const make = () => {
    const inbox: Uint8Array[] = [];
    let waiting: ((bytes: Uint8Array | string) => void) | undefined;
    return {
      put(bytes: Uint8Array) {
        if (waiting === undefined) inbox.push(bytes);
        else waiting(bytes);
        waiting = undefined;
      },
      read: (timeoutMs: number): Promise<Uint8Array | string> | Uint8Array =>
        inbox.shift() ??
        new Promise((resolve) => {
          waiting = resolve;
          setTimeout(() => resolve('timeout'), timeoutMs);
        }),
    };
  };
  const a = make();
  const b = make();
  let index = 0;
  const first: HandshakeChannel = {
    send: (p) => (b.put(tamper(p, index++)), true),
    read: (ms) => a.read(ms),
  };
  const second: HandshakeChannel = { send: (p) => (a.put(p), true), read: (ms) => b.read(ms) };
  return { first, second };
}

const context = (
  index: number,
  other: number,
  overrides: Partial<HandshakeContext> = {},
): HandshakeContext => ({
  networkId: 7,
  chainTag: chainTagOf('test'),
  agent: `node ${index}`,
  isPrivate: false,
  identity: identityOf(index),
  authority: authorityOf(4),
  ownPeer: new Uint8Array(38).fill(index),
  remotePeer: new Uint8Array(38).fill(other),
  remotePeerId: `peer ${other}` as PeerId,
  listen: () => [Uint8Array.of(4, 127, 0, 0, 1, 6, 1, 2)],
  admit: () => undefined,
  clockMs: () => 1_000_000 + index * 50,
  timeoutMs: 300,
  ...overrides,
});

describe('handshake', () => {
  it('proves both validators to each other', async () => {
    const { first, second } = pair();
    const [a, b] = await Promise.all([
      handshake('dialer', context(0, 1), first),
      handshake('listener', context(1, 0), second),
    ]);
    expect(a).toMatchObject({
      ok: true,
      version: 1,
      validatorId: validatorIdOf(1),
      clockOffsetMs: 50,
    });
    expect(b).toMatchObject({
      ok: true,
      version: 1,
      validatorId: validatorIdOf(0),
      clockOffsetMs: -50,
    });
    if (a.ok && b.ok) {
      expect(a.payloads.own).toEqual(b.payloads.remote);
      expect(a.payloads.own).not.toEqual(a.payloads.remote);
      expect(a.remote).toMatchObject({ agent: 'node 1', isValidator: true, isPrivate: false });
    }
  });

  it('keeps the claim of a validator that no table knows yet', async () => {
    const { first, second } = pair();
    const [a] = await Promise.all([
      handshake('dialer', context(0, 9), first),
      handshake('listener', context(9, 0, { identity: identityOf(9) }), second),
    ]);
    expect(a).toMatchObject({ ok: true, validatorId: undefined, claim: { id: validatorIdOf(9) } });
  });

  it('refuses with the reason of admission', async () => {
    for (const reason of ['not-allowed', 'banned', 'too-many-peers'] as const) {
      const { first, second } = pair();
      const [a, b] = await Promise.all([
        handshake('dialer', context(0, 1), first),
        handshake('listener', context(1, 0, { admit: () => reason }), second),
      ]);
      expect(a).toMatchObject({ ok: false, reason, byRemote: true });
      expect(b).toMatchObject({ ok: false, reason, byRemote: false });
    }
  });

  it('times out, and notices a stream that ends', async () => {
    const { first } = pair();
    expect(await handshake('dialer', context(0, 1), first)).toMatchObject({
      ok: false,
      reason: 'handshake-timeout',
    });
    const ended: HandshakeChannel = { send: () => false, read: () => 'ended' };
    expect(await handshake('listener', context(0, 1), ended)).toMatchObject({
      ok: false,
      reason: 'connection-lost',
    });
  });

  it('does not blame the peer when its own signer or verifier fails', async () => {
    const failing = {
      id: validatorIdOf(0),
      signPeerProof: () => Promise.reject(new TypeError('locked')),
    };
    const { first, second } = pair();
    const [a, b] = await Promise.all([
      handshake('dialer', context(0, 1, { identity: failing }), first),
      handshake('listener', context(1, 0), second),
    ]);
    expect(a).toMatchObject({ ok: false, reason: 'own-error', text: 'locked' });
    expect(b).toMatchObject({
      ok: false,
      reason: 'own-error',
      text: 'internal failure',
      byRemote: true,
    });
  });

  it('does not accept its own nonce or its own proof back', async () => {
    // A listener that echoes the dialler: the hello with the dialler's own nonce.
    const sent: Uint8Array[] = [];
    const echo: HandshakeChannel = {
      send: (payload) => (sent.push(payload), true),
      read: () => sent[0]!,
    };
    expect(await handshake('dialer', context(0, 0), echo)).toMatchObject({
      ok: false,
      reason: 'malformed-hello',
    });
    const parts = {
      chainTag: chainTagOf('test'),
      signerPeer: new Uint8Array(38).fill(1),
      verifierPeer: new Uint8Array(38).fill(2),
      signerNonce: new Uint8Array(32).fill(3),
      verifierNonce: new Uint8Array(32).fill(4),
    };
    const mirrored = {
      ...parts,
      signerPeer: parts.verifierPeer,
      verifierPeer: parts.signerPeer,
      signerNonce: parts.verifierNonce,
      verifierNonce: parts.signerNonce,
    };
    expect(proofPayload(parts)).not.toEqual(proofPayload(mirrored));
    expect(Buffer.from(proofPayload(parts).subarray(0, 8)).toString()).toBe('RSC1PEER');
    expect(proofPayload(parts).length).toBe(8 + 32 + 2 * 39 + 2 * 32);
  });

  it('survives every one-byte change of what the other side sends', async () => {
    const { first, second } = pair();
    const frames: Uint8Array[] = [];
    const recording: HandshakeChannel = {
      send: (p) => (frames.push(p), first.send(p)),
      read: (ms) => first.read(ms),
    };
    await Promise.all([
      handshake('dialer', context(0, 1), recording),
      handshake('listener', context(1, 0), second),
    ]);
    const outcomes = new Map<string, number>();
    for (const [frame, bytes] of frames.slice(0, 2).entries()) {
      for (let at = 0; at < bytes.length; at += 7) {
        const changed = pair((original, index) => {
          if (index !== frame) return original;
          const copy = original.slice();
          copy[at % copy.length] = copy[at % copy.length]! ^ 0x41;
          return copy;
        });
        const [, b] = await Promise.all([
          handshake('dialer', context(0, 1, { timeoutMs: 20 }), changed.first),
          handshake('listener', context(1, 0, { timeoutMs: 20 }), changed.second),
        ]);
        const outcome = b.ok ? `ok ${b.validatorId}` : b.reason;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        // A changed proof never proves anybody.
        if (frame === 1) expect(b.ok && b.validatorId !== undefined).toBe(false);
      }
    }
    expect(outcomes.size).toBeGreaterThan(3);
  });

  it('has one encoding per message', () => {
    const refusal = encodeHelloMessage({ type: 'refuse', reason: 'banned', text: 'x'.repeat(500) });
    expect(decodeHelloMessage(refusal)).toEqual({
      type: 'refuse',
      reason: 'banned',
      text: 'x'.repeat(200),
    });
    expect(decodeHelloMessage(Uint8Array.of(5, 0))).toBeUndefined();
    expect(decodeHelloMessage(Uint8Array.of(9))).toBeUndefined();
    expect(decodeHelloMessage(new Uint8Array(0))).toBeUndefined();
  });
});
