import {
  bytes,
  bytesU16,
  bytesU8,
  concatBytes,
  list,
  refine,
  struct,
  u16,
  u32,
  u53,
  u8,
  union,
  asciiBytes,
} from '@mxd/codec';
import { tagBytes } from '@mxd/crypto/hash';
import { closeReasonOf, closeReasons, type CloseReason } from '../errors.ts';

/** The session handshake: docs/protocol/network.md, "Session handshake". */

/** The libp2p protocol of the handshake stream; the same on every network, so refusals are clean. */
export const helloProtocol = '/mxd/hello/1';

/** Versions of the MXD network protocol that this code speaks. */
export const protocolVersions = { min: 1, max: 1 } as const;

const magic = asciiBytes('MXDN');
const printable = (text: Uint8Array): boolean => text.every((byte) => byte >= 0x20 && byte < 0x7f);

const helloFields = {
  magic: refine(bytes(4), (value) =>
    value.every((byte, index) => byte === magic[index]) ? undefined : 'is not MXDN',
  ),
  minVersion: u16,
  maxVersion: u16,
  networkId: u32,
  chainTag: bytes(32),
  nonce: bytes(32),
  flags: refine(u8, (value) => (value > 3 ? 'has unknown bits' : undefined)),
  clockMs: u53,
  agent: refine(bytesU8(64), (value) => (printable(value) ? undefined : 'is not printable ASCII')),
  listen: list(bytesU8(128, 1), { count: 'u8', max: 8 }),
};

const messages = union('type', 'u8', {
  1: struct(helloFields),
  2: struct({ code: u8, text: bytesU8(200) }),
  3: struct({ validatorId: bytes(20), signature: bytesU16(8192, 1) }),
  4: struct({}),
  5: struct({}),
  6: struct({ id: u32, clockMs: u53 }),
  7: struct({ id: u32, clockMs: u53 }),
});

/** What a node says of itself before anything else. */
export interface Hello {
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly networkId: number;
  /** First 32 bytes of the genesis hash; stops talk between chains of one network id. */
  readonly chainTag: Uint8Array;
  /** 32 fresh random bytes: the peer's proof signs them. */
  readonly nonce: Uint8Array;
  /** Wants not to be passed on in peer exchange. */
  readonly isPrivate: boolean;
  /** Will send a validator proof. */
  readonly isValidator: boolean;
  /** The sender's wall clock, in ms since 1970: a hint for the clock offset, nothing else. */
  readonly clockMs: number;
  /** Software name and version, printable ASCII, at most 64. */
  readonly agent: string;
  /** Addresses to dial, in the binary multiaddr form, at most 8. */
  readonly listen: readonly Uint8Array[];
}

/** One frame of the handshake. */
export type HelloMessage =
  | { readonly type: 'hello'; readonly hello: Hello }
  | { readonly type: 'refuse'; readonly reason: CloseReason; readonly text: string }
  | { readonly type: 'proof'; readonly validatorId: Uint8Array; readonly signature: Uint8Array }
  | { readonly type: 'none' }
  | { readonly type: 'ready' }
  | { readonly type: 'ping'; readonly id: number; readonly clockMs: number }
  | { readonly type: 'pong'; readonly id: number; readonly clockMs: number };

const flagValidator = 1;
const flagPrivate = 2;
const text = new TextDecoder('utf-8', { fatal: false });

/** The bytes of one handshake frame's payload. */
export function encodeHelloMessage(message: HelloMessage): Uint8Array {
  switch (message.type) {
    case 'hello': {
      const { hello } = message;
      return messages.encode({
        type: 1,
        magic,
        minVersion: hello.minVersion,
        maxVersion: hello.maxVersion,
        networkId: hello.networkId,
        chainTag: hello.chainTag,
        nonce: hello.nonce,
        flags: (hello.isValidator ? flagValidator : 0) | (hello.isPrivate ? flagPrivate : 0),
        clockMs: hello.clockMs,
        agent: asciiBytes(hello.agent),
        listen: hello.listen,
      });
    }
    case 'refuse':
      return messages.encode({
        type: 2,
        code: closeReasons[message.reason],
        text: asciiBytes(message.text.slice(0, 200)),
      });
    case 'proof':
      return messages.encode({
        type: 3,
        validatorId: message.validatorId,
        signature: message.signature,
      });
    case 'none':
      return messages.encode({ type: 4 });
    case 'ready':
      return messages.encode({ type: 5 });
    case 'ping':
      return messages.encode({ type: 6, id: message.id, clockMs: message.clockMs });
    case 'pong':
      return messages.encode({ type: 7, id: message.id, clockMs: message.clockMs });
  }
}

/** The handshake frame of these bytes, or undefined when they are none. */
export function decodeHelloMessage(payload: Uint8Array): HelloMessage | undefined {
  const result = messages.tryDecode(payload);
  if (!result.ok) return undefined;
  const { value } = result;
  switch (value.type) {
    case 1:
      return {
        type: 'hello',
        hello: {
          minVersion: value.minVersion,
          maxVersion: value.maxVersion,
          networkId: value.networkId,
          chainTag: value.chainTag.slice(),
          nonce: value.nonce.slice(),
          isValidator: (value.flags & flagValidator) !== 0,
          isPrivate: (value.flags & flagPrivate) !== 0,
          clockMs: value.clockMs,
          agent: text.decode(value.agent),
          listen: value.listen.map((address) => address.slice()),
        },
      };
    case 2:
      return {
        type: 'refuse',
        reason: closeReasonOf(value.code) ?? 'operator-request',
        text: text.decode(value.text).replace(/[^\x20-\x7e]/g, '?'),
      };
    case 3:
      return {
        type: 'proof',
        validatorId: value.validatorId.slice(),
        signature: value.signature.slice(),
      };
    case 4:
      return { type: 'none' };
    case 5:
      return { type: 'ready' };
    case 6:
      return { type: 'ping', id: value.id, clockMs: value.clockMs };
    case 7:
      return { type: 'pong', id: value.id, clockMs: value.clockMs };
  }
}

/** What binds a validator proof to one connection. All parts are fixed in length or prefixed. */
export interface ProofParts {
  readonly chainTag: Uint8Array;
  /** Peer ids in binary form (multihash): the signer's first. */
  readonly signerPeer: Uint8Array;
  readonly verifierPeer: Uint8Array;
  readonly signerNonce: Uint8Array;
  readonly verifierNonce: Uint8Array;
}

const proofTag = tagBytes('RSC1PEER');
const prefixed = (value: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(value.length), value);

/**
 * The bytes that a validator's consensus key signs to prove possession on this connection:
 * `RSC1PEER` || chainTag || signer's peer id || verifier's peer id || signer's nonce || verifier's
 * nonce, each peer id with its length in one byte (docs/protocol/rsc.md 2.1). The signer comes
 * first, so that a proof can not be sent back to its maker.
 */
export function proofPayload(parts: ProofParts): Uint8Array {
  return concatBytes(
    proofTag,
    parts.chainTag,
    prefixed(parts.signerPeer),
    prefixed(parts.verifierPeer),
    parts.signerNonce,
    parts.verifierNonce,
  );
}

/** The version that both sides speak, the highest one, or undefined. */
export function commonVersion(a: Hello, b: Hello): number | undefined {
  const version = Math.min(a.maxVersion, b.maxVersion);
  return version >= Math.max(a.minVersion, b.minVersion) ? version : undefined;
}

/** The longest handshake frame, for readers. */
export const helloMaxBytes: number = messages.maxBytes;
