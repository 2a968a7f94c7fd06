import { compareBytes } from '@mxd/codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesKey,
  descendingKey,
  type KeyCodec,
  StorageError,
  textKey,
  tupleKey,
  u16Key,
  u32Key,
  u53Key,
  u64Key,
  u8Key,
  varBytesKey,
} from '../../src/index.ts';

function encode<K>(codec: KeyCodec<K>, key: K): Uint8Array {
  const target = new Uint8Array(codec.size(key));
  expect(codec.write(target, 0, key)).toBe(target.length);
  return target;
}

function decode<K>(codec: KeyCodec<K>, bytes: Uint8Array): K {
  const [key, next] = codec.read(bytes, 0);
  expect(next).toBe(bytes.length);
  return key;
}

type Order<K> = (left: K, right: K) => number;
const numbers: Order<number | bigint> = (left, right) => (left < right ? -1 : left > right ? 1 : 0);
const bytes: Order<Uint8Array> = (left, right) => Math.sign(compareBytes(left, right));
const codePoints: Order<string> = (left, right) => {
  const a = Array.from(left, (character) => character.codePointAt(0) ?? 0);
  const b = Array.from(right, (character) => character.codePointAt(0) ?? 0);
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    if (a[index] !== b[index]) return numbers(a[index]!, b[index]!);
  }
  return numbers(a.length, b.length);
};

/** Round trip, and the order of the encodings is the order of the keys. */
function holds<K>(codec: KeyCodec<K>, keys: fc.Arbitrary<K>, order: Order<K>): void {
  fc.assert(
    fc.property(keys, keys, (left, right) => {
      const [a, b] = [encode(codec, left), encode(codec, right)];
      expect(decode(codec, a)).toEqual(left);
      expect(Math.sign(compareBytes(a, b))).toBe(order(left, right));
    }),
    { numRuns: 300 },
  );
}

const fewBytes = fc
  .array(fc.constantFrom(0, 1, 0x7f, 0xfe, 0xff), { maxLength: 6 })
  .map((each) => Uint8Array.from(each));
const anyText = fc.string({ unit: 'binary', maxLength: 8 });

describe('keys keep their order and come back', () => {
  test('numbers', () => {
    holds(u8Key, fc.nat(255), numbers);
    holds(u16Key, fc.nat(65_535), numbers);
    holds(u32Key, fc.nat(0xffffffff), numbers);
    holds(u53Key, fc.maxSafeNat(), numbers);
    holds(u64Key, fc.bigInt(0n, 2n ** 64n - 1n), numbers);
  });

  test('bytes and text', () => {
    holds(bytesKey(3), fc.uint8Array({ minLength: 3, maxLength: 3 }), bytes);
    holds(varBytesKey(6), fewBytes, bytes);
    holds(textKey(64), anyText, codePoints);
  });

  test('tuples, first part first', () => {
    const codec = tupleKey(varBytesKey(6), u16Key, textKey(64));
    const keys = fc.tuple(fewBytes, fc.nat(3), anyText);
    holds<readonly [Uint8Array, number, string]>(
      codec,
      keys,
      (left, right) =>
        bytes(left[0], right[0]) || numbers(left[1], right[1]) || codePoints(left[2], right[2]),
    );
  });

  test('descending, also within a tuple', () => {
    holds(descendingKey(u53Key), fc.maxSafeNat(), (left, right) => numbers(right, left));
    holds(descendingKey(varBytesKey(6)), fewBytes, (left, right) => bytes(right, left));
    holds<readonly [number, number]>(
      tupleKey(u8Key, descendingKey(u32Key)),
      fc.tuple(fc.nat(2), fc.nat(5)),
      (left, right) => numbers(left[0], right[0]) || numbers(right[1], left[1]),
    );
  });

  test('a prefix covers exactly the keys that begin with its parts', () => {
    const codec = tupleKey(varBytesKey(6), u16Key);
    fc.assert(
      fc.property(fewBytes, fewBytes, fc.nat(3), (wanted, other, number) => {
        const prefix = codec.encodePrefix([wanted]);
        const begins =
          bytes(encode(codec, [other, number]).subarray(0, prefix.length), prefix) === 0;
        expect(begins).toBe(bytes(wanted, other) === 0);
      }),
    );
  });
});

describe('reading is total', () => {
  const codecs: readonly (readonly [string, KeyCodec<unknown>])[] = [
    ['u8', u8Key as KeyCodec<unknown>],
    ['u53', u53Key as KeyCodec<unknown>],
    ['u64', u64Key as KeyCodec<unknown>],
    ['bytes', bytesKey(5) as KeyCodec<unknown>],
    ['varBytes', varBytesKey(6) as KeyCodec<unknown>],
    ['text', textKey(6) as KeyCodec<unknown>],
    ['descending', descendingKey(textKey(6)) as KeyCodec<unknown>],
    ['tuple', tupleKey(u8Key, textKey(6), u32Key) as unknown as KeyCodec<unknown>],
  ];

  test.each(codecs)(
    '%s: any bytes give the key that writes them, or STORAGE_KEY',
    (_name, codec) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 12 }), (input) => {
          try {
            const [key, next] = codec.read(input, 0);
            expect(encode(codec, key)).toEqual(input.subarray(0, next));
          } catch (error) {
            expect(error).toBeInstanceOf(StorageError);
            expect((error as StorageError).code).toBe('STORAGE_KEY');
          }
        }),
        { numRuns: 500 },
      );
    },
  );
});

describe('what has no encoding is refused', () => {
  const refused: readonly (readonly [string, () => unknown])[] = [
    ['a negative number', () => encode(u32Key, -1)],
    ['a fraction', () => encode(u32Key, 1.5)],
    ['a number that is too large', () => encode(u16Key, 65_536)],
    ['an unsafe number', () => encode(u53Key, 2 ** 53)],
    ['a negative amount', () => encode(u64Key, -1n)],
    ['an amount of 2^64', () => encode(u64Key, 2n ** 64n)],
    ['bytes of another length', () => encode(bytesKey(3), new Uint8Array(2))],
    ['too many bytes', () => encode(varBytesKey(3), new Uint8Array(4))],
    ['a lone surrogate', () => encode(textKey(10), '\ud800')],
    ['text that is too long in UTF-8', () => encode(textKey(3), 'éé')],
    ['a tuple with a part missing', () => encode(tupleKey(u8Key, u8Key), [1] as never)],
    ['a prefix with too many parts', () => tupleKey(u8Key).encodePrefix([1, 2] as never)],
  ];

  test.each(refused)('%s', (_name, task) => {
    expect(task).toThrow(expect.objectContaining({ code: 'STORAGE_KEY' }));
  });
});
