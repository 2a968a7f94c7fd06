import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quietLength } from '../../src/host/noise.ts';
import { laneLimits } from '../../src/limits.ts';
import { Outbox } from '../../src/links/outbox.ts';
import { peerIdText, peerRecordCodec } from '../../src/peers/exchange.ts';
import { decodeAddress } from '../../src/peers/addresses.ts';
import { frame, FrameReader, typedFrame } from '../../src/wire/frames.ts';
import { decodeHelloMessage, encodeHelloMessage } from '../../src/wire/hello.ts';
import { decodeRelayMessage, encodeAnswer, encodeIds, encodePush } from '../../src/wire/relay.ts';
import {
  chunkCodec,
  decodeEnd,
  encodeEnd,
  hashesCodec,
  rangeCodec,
  requestCodec,
} from '../../src/wire/requests.ts';
import { helloOf } from '../support/attacker.ts';

const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });
/** Cuts bytes at arbitrary places. */
const cut = (input: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < input.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length]!);
    parts.push(input.subarray(at, at + size));
    at += size;
  }
  return parts;
};
const plain = (list: Iterable<Uint8Array>): number[][] => [...list].map((b) => [...b]);

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(bytes(300), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 }),
        fc.boolean(),
        (payloads, sizes, lists) => {
          const reader = new FrameReader(300);
          const parts = cut(Buffer.concat(payloads.map(frame)), sizes);
          const seen: Uint8Array[] = [];
          const drain = () => {
            for (let next = reader.next(); next !== undefined; next = reader.next())
              seen.push(next);
          };
          if (lists) reader.push(parts);
          else for (const part of parts) (reader.push(part), drain());
          drain();
          expect(plain(seen)).toEqual(plain(payloads));
          expect(reader.buffered).toBe(0);
          for (const payload of seen) expect(payload.constructor).toBe(Uint8Array);
        },
      ),
    );
  });

  it('beyond the limit are refused on their header', () => {
    fc.assert(
      fc.property(fc.integer({ min: 101, max: 0xffff_ffff }), (length) => {
        const reader = new FrameReader(100);
        const header = Buffer.alloc(4);
        header.writeUInt32BE(length);
        reader.push(frame(new Uint8Array(100)));
        reader.push(header);
        expect(reader.next()?.length).toBe(100);
        expect(reader.next()).toBeUndefined();
        expect(reader.oversized).toBe(true);
      }),
    );
  });

  it('carry their type in the first byte', () => {
    expect([...typedFrame(7, Uint8Array.of(1, 2))]).toEqual([0, 0, 0, 3, 7, 1, 2]);
  });
});

describe('noise messages', () => {
  it('have their length in two bytes, and too few of them throw what libp2p expects', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (length) => {
        expect(quietLength(Uint8Array.of(length >> 8, length & 0xff, 1))).toBe(length);
      }),
    );
    for (const short of [[], [1]])
      expect(() => quietLength(Uint8Array.from(short))).toThrow(RangeError);
  });
});

describe('outbox', () => {
  it('keeps order and every byte of what it took, under any mix of taking', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(bytes(50, 1), fc.integer({ min: 1, max: 64 })), { maxLength: 200 }),
        (steps) => {
          const outbox = new Outbox({ ...laneLimits.rest, outboxBytes: 400, outboxMessages: 10 });
          const accepted: Uint8Array[] = [];
          const taken: Uint8Array[] = [];
          for (const step of steps) {
            if (typeof step === 'number')
              taken.push(outbox.take(step)?.slice() ?? new Uint8Array(0));
            else if (outbox.push(step)) accepted.push(step);
            expect(outbox.bytes).toBeLessThanOrEqual(400);
            expect(outbox.length).toBeLessThanOrEqual(10);
          }
          for (let rest = outbox.take(7); rest !== undefined; rest = outbox.take(7))
            taken.push(rest.slice());
          expect(Buffer.concat(taken)).toEqual(Buffer.concat(accepted));
          expect(outbox.bytes).toBe(0);
        },
      ),
    );
  });

  it('drops whole frames only, oldest first, never one that has begun', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(bytes(40, 1), fc.integer({ min: 1, max: 30 })), { maxLength: 200 }),
        (steps) => {
          const outbox = new Outbox({ ...laneLimits.vote, outboxBytes: 300, outboxMessages: 8 });
          const pushed: string[] = [];
          const taken: Uint8Array[] = [];
          for (const step of steps) {
            if (typeof step === 'number')
              taken.push(outbox.take(step)?.slice() ?? new Uint8Array(0));
            else {
              pushed.push(Buffer.from(step).toString('hex'));
              outbox.push(frame(step));
            }
          }
          for (let rest = outbox.take(9); rest !== undefined; rest = outbox.take(9))
            taken.push(rest.slice());
          const reader = new FrameReader(40);
          reader.push(Buffer.concat(taken));
          const seen: string[] = [];
          for (let next = reader.next(); next !== undefined; next = reader.next())
            seen.push(Buffer.from(next).toString('hex'));
          expect(reader.buffered).toBe(0);
          expect(seen.length).toBe(pushed.length - outbox.dropped);
          let at = 0;
          for (const each of seen) {
            at = pushed.indexOf(each, at) + 1;
            expect(at).toBeGreaterThan(0);
          }
        },
      ),
    );
  });

  it('gives frames whole where the transport wants that', () => {
    const outbox = new Outbox(laneLimits.vote);
    outbox.push(Uint8Array.of(1));
    outbox.push(Uint8Array.of(2, 3));
    expect([outbox.takeFrame()?.length, outbox.takeFrame()?.length, outbox.takeFrame()]).toEqual([
      1,
      2,
      undefined,
    ]);
    outbox.push(Uint8Array.of(1));
    expect(outbox.clear()).toBe(1);
    expect(outbox.bytes).toBe(0);
  });
});

/** Every decoder of bytes that peers send. */
const decoders: Readonly<Record<string, (input: Uint8Array) => unknown>> = {
  hello: decodeHelloMessage,
  relay: decodeRelayMessage,
  request: (input) => requestCodec.tryDecode(input),
  end: decodeEnd,
  range: (input) => rangeCodec.tryDecode(input),
  hashes: (input) => hashesCodec.tryDecode(input),
  chunk: (input) => chunkCodec.tryDecode(input),
  peer: (input) => {
    const record = peerRecordCodec.tryDecode(input);
    return record.ok
      ? [peerIdText(record.value.peerId), record.value.addresses.map(decodeAddress)]
      : undefined;
  },
  peerId: peerIdText,
  address: decodeAddress,
  frames: (input) => {
    const reader = new FrameReader(1_000);
    reader.push(input);
    return reader.next();
  },
};

// Messages as nodes really send them: the fuzzer changes, cuts and joins these.
const id16 = new Uint8Array(16).fill(3);
const corpus: readonly Uint8Array[] = [
  encodeHelloMessage({
    type: 'hello',
    hello: helloOf({ listen: [Uint8Array.of(4, 127, 0, 0, 1, 6, 31, 64)] }),
  }),
  encodeHelloMessage({ type: 'refuse', reason: 'banned', text: 'banned' }),
  encodeHelloMessage({
    type: 'proof',
    validatorId: new Uint8Array(20),
    signature: new Uint8Array(64),
  }),
  encodeHelloMessage({ type: 'none' }),
  encodeHelloMessage({ type: 'ready' }),
  encodeHelloMessage({ type: 'ping', id: 1, clockMs: 1_700_000_000_000 }),
  encodePush([new Uint8Array(300).fill(1), new Uint8Array(20).fill(2)]),
  encodeIds('announce', [id16, id16]),
  encodeIds('fetch', [id16]),
  encodeAnswer([id16], [new Uint8Array(50)]),
  requestCodec.encode({
    id: 1,
    maxBytes: 1000,
    payload: rangeCodec.encode({ from: 1, count: 64 }),
  }),
  encodeEnd(1, 'partial', 3),
  hashesCodec.encode([new Uint8Array(64)]),
  chunkCodec.encode({ snapshot: new Uint8Array(64), chunk: 7 }),
  peerRecordCodec.encode({
    peerId: Uint8Array.of(0, 36, 8, 1, 18, 32, ...new Uint8Array(32)),
    addresses: [Uint8Array.of(4, 127, 0, 0, 1, 6, 31, 64)],
  }),
];

const mutated = fc
  .record({
    base: fc.constantFrom(...corpus),
    other: fc.constantFrom(...corpus),
    flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
    keep: fc.nat(400),
    join: fc.boolean(),
  })
  .map(({ base, other, flips, keep, join }) => {
    const out = join ? Buffer.concat([base.subarray(0, keep), other]) : Buffer.from(base);
    for (const [at, value] of flips) if (out.length > 0) out[at % out.length] = value;
    return new Uint8Array(out.subarray(0, join ? out.length : Math.max(1, keep)));
  });

describe('decoders of what peers send', () => {
  it.each(Object.entries(decoders))('%s never throws', (_name, decode) => {
    fc.assert(
      fc.property(fc.oneof(bytes(200), mutated), (input) => void decode(input)),
      { numRuns: 2_000 },
    );
  });

  it('relay messages have one encoding', () => {
    fc.assert(
      fc.property(
        fc.array(bytes(60, 1), { minLength: 1, maxLength: 10 }),
        fc.array(bytes(16, 16), { minLength: 1, maxLength: 10 }),
        (transactions, ids) => {
          expect(decodeRelayMessage(new Uint8Array(encodePush(transactions)))).toEqual({
            type: 'push',
            transactions: transactions.map((t) => new Uint8Array(t)),
          });
          const announce = decodeRelayMessage(new Uint8Array(encodeIds('announce', ids)));
          expect(announce).toEqual({ type: 'announce', ids });
          const answer = decodeRelayMessage(new Uint8Array(encodeAnswer(ids, transactions)));
          expect(answer).toEqual({ type: 'answer', missing: ids, transactions });
        },
      ),
    );
    for (const input of [
      [],
      [0],
      [1],
      [1, 0, 0, 0, 0],
      [1, 0, 0, 0, 9, 1],
      [2],
      [2, ...id16, 1],
      [4, 0],
      [4, 0, 1, 1],
      [9],
    ]) {
      expect(decodeRelayMessage(Uint8Array.from(input))).toBeUndefined();
    }
    expect(decodeRelayMessage(new Uint8Array(1 + 16 * 2_001).fill(2))).toBeUndefined();
  });

  it('take time in proportion to their input', () => {
    // Counted, not timed: a frame reader fed byte by byte does one step per byte.
    const reader = new FrameReader(100_000);
    const framed = frame(new Uint8Array(100_000).fill(1));
    let polls = 0;
    for (const byte of framed) {
      reader.push(Uint8Array.of(byte));
      if (reader.next() !== undefined) polls += 1;
    }
    expect(polls).toBe(1);
  });
});
