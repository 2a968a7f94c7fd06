import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  bytes,
  bytesU16,
  bytesU32,
  bytesU8,
  CodecError,
  constant,
  list,
  mapped,
  refine,
  sized,
  struct,
  toHex,
  u16,
  u32,
  u53,
  u64,
  u8,
  union,
  type Codec,
} from '../../src/index.ts';

const inner = struct({ id: u16, name: bytesU8(20), pair: bytes(2) });
const shapes = union('kind', 'u8', {
  1: struct({ radius: u32 }),
  7: struct({ width: u16, height: u16 }),
});

/** A codec that uses every combinator, with an arbitrary value of it. */
const everything = struct({
  tag: constant(new Uint8Array([1, 2, 3])),
  a: u8,
  b: u16,
  c: u32,
  d: u53,
  e: u64,
  fixed: bytes(5),
  small: bytesU16(300, 1),
  large: bytesU32(1000),
  items: list(inner, { count: 'u16', max: 9 }),
  shape: sized('u32', shapes, 64),
  even: refine(u8, (value) => (value % 2 === 0 ? undefined : `${value} is odd`)),
  text: mapped(
    bytesU8(),
    (b) => toHex(b),
    (text) => Uint8Array.from(Buffer.from(text, 'hex')),
  ),
});

const byteArray = (constraints: fc.IntArrayConstraints = {}) => fc.uint8Array(constraints);
const exactly = (length: number) => byteArray({ minLength: length, maxLength: length });
const max32 = 0xffff_ffff;

const arbitraryInner = fc.record({
  id: fc.integer({ min: 0, max: 0xffff }),
  name: byteArray({ maxLength: 20 }),
  pair: exactly(2),
});
const arbitraryShape = fc.oneof(
  fc.record({ kind: fc.constant(1 as const), radius: fc.nat(max32) }),
  fc.record({
    kind: fc.constant(7 as const),
    width: fc.nat(0xffff),
    height: fc.nat(0xffff),
  }),
);
const arbitrary = fc.record({
  tag: fc.constant(undefined),
  a: fc.nat(255),
  b: fc.nat(0xffff),
  c: fc.nat(max32),
  d: fc.maxSafeNat(),
  e: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fixed: exactly(5),
  small: byteArray({ minLength: 1, maxLength: 300 }),
  large: byteArray({ maxLength: 1000 }),
  items: fc.array(arbitraryInner, { maxLength: 9 }),
  shape: arbitraryShape,
  even: fc.nat(127).map((n) => 2 * n),
  text: byteArray({ maxLength: 40 }).map((b) => toHex(b)),
});

const plain = <T>(value: T): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === 'bigint' ? `${v}n` : v instanceof Uint8Array ? toHex(v) : v,
    ),
  );

describe('every combinator at once', () => {
  test('what is encoded decodes to the same value, in the size that was announced', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const encoded = everything.encode(value as never);
        expect(encoded.length).toBe(everything.size(value as never));
        expect(encoded.length).toBeGreaterThanOrEqual(everything.minBytes);
        expect(encoded.length).toBeLessThanOrEqual(everything.maxBytes);
        expect(plain(everything.decode(encoded))).toEqual(plain(value));
      }),
    );
  });

  test('whatever decodes has only this one encoding', () => {
    fc.assert(
      fc.property(
        arbitrary,
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 4 }),
        (value, edits) => {
          const encoded = everything.encode(value as never);
          for (const [at, byte] of edits) encoded[at % encoded.length] = byte;
          const result = everything.tryDecode(encoded);
          if (result.ok) expect(toHex(everything.encode(result.value))).toBe(toHex(encoded));
          else expect(result.error).toBeInstanceOf(CodecError);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('every truncation and every extension is refused with a code', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), exactly(3), (value, cut, extra) => {
        const encoded = everything.encode(value as never);
        const shorter = everything.tryDecode(encoded.subarray(0, cut % encoded.length));
        expect(shorter.ok).toBe(false);
        const longer = everything.tryDecode(Buffer.concat([encoded, extra]));
        expect(longer.ok ? '' : longer.error.code).toBe('CODEC_TRAILING');
      }),
    );
  });

  test('arbitrary bytes give a value or a coded error and nothing else', () => {
    fc.assert(
      fc.property(byteArray({ maxLength: 200 }), (input) => {
        const result = everything.tryDecode(input);
        if (!result.ok) expect(result.error).toBeInstanceOf(CodecError);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('hostile lengths', () => {
  const refuse = (codec: Codec<unknown>, hex: string): string => {
    const result = codec.tryDecode(Uint8Array.from(Buffer.from(hex, 'hex')));
    return result.ok ? 'accepted' : result.error.code;
  };

  test('a count that the input cannot hold is refused before anything is allocated', () => {
    const before = process.memoryUsage().heapUsed;
    const million = list(bytes(64), { count: 'u32', max: 0xffff_ffff });
    for (let i = 0; i < 200; i++) expect(refuse(million, 'ffffffff00')).toBe('CODEC_TRUNCATED');
    expect(refuse(bytesU32(0xffff_ffff), 'ffffffff00')).toBe('CODEC_TRUNCATED');
    expect(refuse(sized('u32', bytesU32(0xffff_ffff)), 'ffffffff00')).toBe('CODEC_TRUNCATED');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 1024 * 1024);
  });

  test.each([
    [bytesU8(3), '0400000000', 'CODEC_LENGTH'],
    [bytesU8(3, 2), '0100', 'CODEC_LENGTH'],
    [list(u8, { count: 'u8', max: 2 }), '03010203', 'CODEC_LENGTH'],
    [list(u8, { count: 'u8', max: 2, min: 1 }), '00', 'CODEC_LENGTH'],
    [sized('u8', u16), '03000000', 'CODEC_LENGTH'],
    [sized('u8', u16), '010000', 'CODEC_LENGTH'],
    [sized('u8', u16), '0200', 'CODEC_TRUNCATED'],
    [sized('u8', bytesU8(9)), '0301ff00', 'CODEC_LENGTH'],
    [shapes, '0200', 'CODEC_TAG'],
    [constant(new Uint8Array([9])), '08', 'CODEC_TAG'],
    [u53, '0020000000000000', 'CODEC_RANGE'],
    [refine(u8, () => 'never'), '00', 'CODEC_RULE'],
  ] as const)('%#: %s', (codec, hex, code) => {
    expect(refuse(codec as Codec<unknown>, hex)).toBe(code);
  });

  test('u53 takes 2^53 - 1', () => {
    expect(u53.decode(u53.encode(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('work grows with the input, not with its square', () => {
  // Counted, not timed: bytes that the reader hands out for an input of n items.
  test.each([100, 1_000, 10_000])('a list of %i items is read in one pass', (n) => {
    let reads = 0;
    const counting = mapped(
      u16,
      (value) => {
        reads++;
        return value;
      },
      (value) => value,
    );
    const codec = list(counting, { count: 'u32', max: 100_000 });
    codec.decode(codec.encode(Array.from({ length: n }, (_, i) => i)));
    expect(reads).toBe(n);
  });
});
