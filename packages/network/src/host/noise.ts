import { createSecretKey, type KeyObject } from 'node:crypto';
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';

type NoiseFactory = ReturnType<typeof noise>;

// Noise gives [2-byte length, ciphertext] and TCP writes every part with a system call of its own;
// above this size copying costs more than the call.
const mergeBelowBytes = 16 * 1024;

/**
 * Noise as libp2p has it, with three costs per message taken out (docs/decisions/0051). The bytes on
 * the wire are the same, and where the inside of the library has changed it is left alone.
 * - Output reaches the transport in one piece: half the system calls and packets for votes.
 * - No stack trace per packet: js noise throws and catches a RangeError each time its buffer runs
 *   empty; a new one costs a third of the CPU of a vote.
 * - Keys for node:crypto are wrapped once per direction, not once per message (15 us and more each).
 */
export function leanNoise(): NoiseFactory {
  const factory = noise();
  return (components) => {
    const inner: ConnectionEncrypter = factory(components);
    wrapKeysOnce(inner as unknown as { crypto?: Ciphers });
    const secureInbound = inner.secureInbound.bind(inner);
    const secureOutbound = inner.secureOutbound.bind(inner);
    inner.secureInbound = async (connection, options) => {
      mergeSends(connection);
      return withQuietDecoder(await secureInbound(connection, options));
    };
    inner.secureOutbound = async (connection, options) => {
      mergeSends(connection);
      return withQuietDecoder(await secureOutbound(connection, options));
    };
    return inner as ReturnType<NoiseFactory>;
  };
}

type Cipher = (
  data: Sized,
  nonce: Uint8Array,
  ad: Uint8Array,
  key: Key,
  dst?: Uint8Array,
) => unknown;
type Key = Uint8Array | KeyObject;

interface Sized {
  readonly byteLength: number;
}

interface Ciphers {
  encrypt?: Cipher;
  decrypt?: Cipher;
}

// From here on the library uses node:crypto, which takes key objects; below it WebAssembly, which
// takes bytes (noise 17.0.3, crypto/index.js).
const nodeCryptoFromBytes = 1_200;

function wrapKeysOnce(noiseInstance: { crypto?: Ciphers }): void {
  const { crypto } = noiseInstance;
  const { encrypt, decrypt } = crypto ?? {};
  if (crypto === undefined || encrypt === undefined || decrypt === undefined) return;
  const wrapped = new WeakMap<Uint8Array, KeyObject>();
  const keyFor = (data: Sized, key: Key): Key => {
    if (data.byteLength < nodeCryptoFromBytes || !(key instanceof Uint8Array)) return key;
    let object = wrapped.get(key);
    if (object === undefined) {
      object = createSecretKey(key);
      wrapped.set(key, object);
    }
    return object;
  };
  crypto.encrypt = (data, nonce, ad, key) => encrypt(data, nonce, ad, keyFor(data, key));
  crypto.decrypt = (data, nonce, ad, key, dst) => decrypt(data, nonce, ad, keyFor(data, key), dst);
}

function mergeSends(connection: MessageStream): void {
  const send = connection.send.bind(connection);
  connection.send = (data) => {
    if (data instanceof Uint8Array || data.byteLength > mergeBelowBytes) return send(data);
    return send(data.subarray());
  };
}

interface LengthPrefixed {
  lengthDecoder?: (data: LengthSource) => number;
}

/** A buffer or a list of buffers, as far as a length is read from it. */
interface LengthSource {
  readonly length: number;
  getUint16?(offset: number): number;
  readonly [index: number]: number;
}

// Thrown each time a buffer runs empty, as the library expects; made once, so that no stack is taken.
const notEnough = new RangeError('Could not decode int16BE');

/** Reads the u16 length of a noise message. @throws a RangeError made beforehand. */
export function quietLength(data: LengthSource): number {
  if (data.length < 2) throw notEnough;
  if (data.getUint16 !== undefined) return data.getUint16(0);
  return (data[0] as number) * 256 + (data[1] as number);
}

function withQuietDecoder<T extends { readonly connection: MessageStream }>(secured: T): T {
  const { decoder } = secured.connection as unknown as { decoder?: LengthPrefixed };
  if (typeof decoder?.lengthDecoder === 'function') decoder.lengthDecoder = quietLength;
  return secured;
}
