import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';

type NoiseFactory = ReturnType<typeof noise>;

// Noise gives [2-byte length, ciphertext] and TCP writes every part with a system call of its own;
// above this size copying costs more than the call.
const mergeBelowBytes = 16 * 1024;

/**
 * Noise as libp2p has it, with two costs per message taken out (docs/decisions/0051). The bytes on
 * the wire are the same, and where the inside of the library has changed it is left alone.
 * - Output reaches the transport in one piece: half the system calls and packets for votes.
 * - Input is cut into messages without an exception per packet: js noise throws and catches a
 *   RangeError each time its buffer runs empty, a third of the CPU of a vote.
 */
export function leanNoise(): NoiseFactory {
  const factory = noise();
  return (components) => {
    const inner: ConnectionEncrypter = factory(components);
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

function mergeSends(connection: MessageStream): void {
  const send = connection.send.bind(connection);
  connection.send = (data) => {
    if (data instanceof Uint8Array || data.byteLength > mergeBelowBytes) return send(data);
    return send(data.subarray());
  };
}

interface Decoder {
  decode(chunk: Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array>;
  readonly buffer?: { readonly byteLength: number; subarray(): Uint8Array };
}

function withQuietDecoder<T extends { readonly connection: MessageStream }>(secured: T): T {
  const stream = secured.connection as unknown as { decoder?: Decoder };
  const { decoder } = stream;
  if (typeof decoder?.decode !== 'function' || decoder.buffer === undefined) return secured;
  const early = decoder.buffer.byteLength > 0 ? decoder.buffer.subarray().slice() : undefined;
  stream.decoder = new NoiseDecoder(early);
  return secured;
}

const lengthBytes = 2;

/** Cuts noise transport messages: u16 length, then that many bytes, at most 65,535 in all. */
export class NoiseDecoder implements Decoder {
  #rest: Uint8Array | undefined;

  constructor(early: Uint8Array | undefined) {
    this.#rest = early;
  }

  *decode(chunk: Uint8Array | Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
    if (chunk instanceof Uint8Array) yield* this.#cut(chunk);
    else for (const part of chunk) yield* this.#cut(part);
  }

  *#cut(part: Uint8Array): Generator<Uint8Array, void, void> {
    let bytes = part;
    const rest = this.#rest;
    if (rest !== undefined) {
      // Completes the message that was cut off, which is at most 64 KiB, and goes on behind it.
      const missing = this.#missing(rest, part);
      // Nothing is missing only where whole messages were buffered before this decoder took over.
      const wanted = missing === 0 ? part.length : missing;
      bytes = new Uint8Array(rest.length + wanted);
      bytes.set(rest);
      bytes.set(part.subarray(0, wanted), rest.length);
      this.#rest = undefined;
      if (wanted < part.length) {
        yield* this.#whole(bytes);
        bytes = part.subarray(wanted);
      }
    }
    yield* this.#whole(bytes);
  }

  /** How many bytes of `part` complete the first message of `rest`, or all of them. */
  #missing(rest: Uint8Array, part: Uint8Array): number {
    const first = rest[0] as number;
    const second = rest.length > 1 ? (rest[1] as number) : part[0];
    if (second === undefined) return part.length;
    const total = lengthBytes + first * 256 + second;
    return Math.min(part.length, Math.max(0, total - rest.length));
  }

  *#whole(bytes: Uint8Array): Generator<Uint8Array, void, void> {
    let at = 0;
    while (bytes.length - at >= lengthBytes) {
      const end = at + lengthBytes + (bytes[at] as number) * 256 + (bytes[at + 1] as number);
      if (end > bytes.length) break;
      if (end > at + lengthBytes) yield bytes.subarray(at + lengthBytes, end);
      at = end;
    }
    if (at < bytes.length) this.#rest = at === 0 ? bytes : bytes.subarray(at);
  }
}
