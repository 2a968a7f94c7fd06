import * as fc from 'fast-check';
import { CodecError, toHex, type Codec } from '@mxd/codec';
import { describe, expect, test } from 'vitest';

import { codecs } from '../codecs.ts';

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === 'bigint' ? `${v}n` : v instanceof Uint8Array ? toHex(v) : v,
    ) ?? 'null',
  );

describe.each(Object.keys(codecs))('%s', (name) => {
  const [codec, arbitrary] = codecs[name]! as unknown as readonly [
    Codec<unknown>,
    fc.Arbitrary<unknown>,
  ];

  test('round trip in the announced size', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const encoded = codec.encode(value);
        expect(encoded.length).toBe(codec.size(value));
        expect(encoded.length).toBeGreaterThanOrEqual(codec.minBytes);
        expect(encoded.length).toBeLessThanOrEqual(codec.maxBytes);
        expect(plain(codec.decode(encoded))).toEqual(plain(value));
      }),
      { numRuns: 60 },
    );
  });

  test('mutated encodings are refused with a code, or decode canonically', () => {
    const edit = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(
        arbitrary,
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        (value, edits, cut) => {
          const encoded = codec.encode(value);
          for (const [at, byte] of edits) encoded[at % encoded.length] = byte;
          const mutated = cut % 4 === 0 ? encoded.subarray(0, cut % encoded.length) : encoded;
          const result = codec.tryDecode(mutated);
          if (result.ok) expect(toHex(codec.encode(result.value))).toBe(toHex(mutated));
          else expect(result.error).toBeInstanceOf(CodecError);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('trailing and missing bytes are refused', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const encoded = codec.encode(value);
        expect(codec.tryDecode(encoded.subarray(0, -1)).ok).toBe(false);
        expect(codec.tryDecode(Buffer.concat([encoded, new Uint8Array(1)])).ok).toBe(false);
      }),
      { numRuns: 20 },
    );
  });
});
