import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import {
  addAmounts,
  asciiBytes,
  checkAmount,
  CodecError,
  compareBytes,
  concatBytes,
  decodeBase58Check,
  encodeBase58Check,
  equalBytes,
  formatAmount,
  fromHex,
  isZeroBytes,
  maxAmount,
  parseAmount,
  subtractAmounts,
  toHex,
} from '../../src/index.ts';

const code = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('hex', () => {
  test('round trip agrees with Node', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (input) => {
        expect(toHex(input)).toBe(Buffer.from(input).toString('hex'));
        expect([...fromHex(toHex(input).toUpperCase())]).toEqual([...input]);
      }),
    );
  });
  test.each(['a', '0g', 'xx', ' 00', '0x00', '00 ', 'é0', '@0', 'G0', '0`', '0/', '0:'])(
    '"%s" is refused',
    (text) => {
      expect(code(() => fromHex(text))).toBe('HEX_INVALID');
    },
  );
});

describe('amounts', () => {
  test('round trip', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: maxAmount }), (units) => {
        expect(parseAmount(formatAmount(units))).toBe(units);
      }),
    );
  });
  test.each([
    ['0', 0n],
    ['1', 100_000_000n],
    ['0.00000001', 1n],
    ['120.0', 12_000_000_000n],
    ['00012.5', 1_250_000_000n],
    ['184467440737.09551615', maxAmount],
  ])('%s is %s base units', (text, units) => {
    expect(parseAmount(text)).toBe(units);
  });
  test.each([
    ['', 'AMOUNT_FORMAT'],
    ['.5', 'AMOUNT_FORMAT'],
    ['5.', 'AMOUNT_FORMAT'],
    ['-1', 'AMOUNT_FORMAT'],
    ['+1', 'AMOUNT_FORMAT'],
    ['1e8', 'AMOUNT_FORMAT'],
    ['1,5', 'AMOUNT_FORMAT'],
    ['0x10', 'AMOUNT_FORMAT'],
    [' 1', 'AMOUNT_FORMAT'],
    ['1\n', 'AMOUNT_FORMAT'],
    ['٣', 'AMOUNT_FORMAT'],
    ['Infinity', 'AMOUNT_FORMAT'],
    ['9'.repeat(41), 'AMOUNT_FORMAT'],
    ['1.000000001', 'AMOUNT_DECIMALS'],
    ['1.000000000', 'AMOUNT_DECIMALS'],
    ['184467440737.09551616', 'AMOUNT_RANGE'],
    ['9'.repeat(40), 'AMOUNT_RANGE'],
  ])('"%s" is refused: %s', (text, expected) => {
    expect(code(() => parseAmount(text))).toBe(expected);
  });
  test('sums and differences never wrap', () => {
    expect(addAmounts(1n, 2n)).toBe(3n);
    expect(subtractAmounts(3n, 2n)).toBe(1n);
    expect(code(() => addAmounts(maxAmount, 1n))).toBe('AMOUNT_RANGE');
    expect(code(() => subtractAmounts(1n, 2n))).toBe('AMOUNT_RANGE');
    expect(code(() => formatAmount(-1n))).toBe('AMOUNT_RANGE');
    expect(checkAmount(0n)).toBe(0n);
  });
});

describe('Base58Check', () => {
  const checksum = (payload: Uint8Array): Uint8Array => {
    const once = createHash('sha512').update(payload).digest();
    return createHash('sha512').update(once).digest().subarray(0, 4);
  };
  const encode = (payload: Uint8Array) => encodeBase58Check(payload, checksum);
  const decode = (text: string) => decodeBase58Check(text, checksum);

  test('round trip, leading zeros kept', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (payload) => {
        expect([...decode(encode(payload))]).toEqual([...payload]);
      }),
    );
  });
  test('every single-character change is caught', () => {
    const text = encode(Uint8Array.from({ length: 21 }, (_, i) => i * 7));
    for (let i = 0; i < text.length; i++) {
      const other = text[i] === 'z' ? 'y' : 'z';
      const changed = text.slice(0, i) + other + text.slice(i + 1);
      expect(code(() => decode(changed))).toMatch(/^BASE58_/);
    }
  });
  test.each([
    ['0OIl', 'BASE58_CHARACTER'],
    ['abc+', 'BASE58_CHARACTER'],
    ['', 'BASE58_LENGTH'],
    ['111', 'BASE58_LENGTH'],
    ['1'.repeat(129), 'BASE58_LENGTH'],
    ['1111', 'BASE58_CHECKSUM'],
  ])('"%s" is refused: %s', (text, expected) => {
    expect(code(() => decode(text))).toBe(expected);
  });
});

describe('bytes', () => {
  test('order as Buffer.compare does', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
        expect([...concatBytes(a, b)]).toEqual([...a, ...b]);
      }),
    );
    const same = new Uint8Array([1]);
    expect(equalBytes(same, same)).toBe(true);
  });
  test('zero and text', () => {
    expect(isZeroBytes(new Uint8Array(3))).toBe(true);
    expect(isZeroBytes(new Uint8Array([0, 1]))).toBe(false);
    expect([...asciiBytes('AZ')]).toEqual([65, 90]);
  });
});
