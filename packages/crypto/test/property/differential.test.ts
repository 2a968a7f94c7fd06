import { concatBytes, fromHex } from '@mxd/codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { nativeSuites } from '../../src/native.ts';
import { pureSuites } from '../../src/suites.ts';
import { ed25519Backends, mlDsaBackends } from '../backends.ts';

const seed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const message = fc.uint8Array({ maxLength: 300 });

/** The one verdict of all backends; fails when they differ. */
function verdict(
  backends: typeof ed25519Backends,
  key: Uint8Array,
  text: Uint8Array,
  signature: Uint8Array,
): boolean {
  const verdicts = new Set(backends.map((suite) => suite.verify(key, text, signature)));
  expect(verdicts.size).toBe(1);
  return verdicts.has(true);
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  const index = bit % (copy.length * 8);
  copy[index >> 3] = (copy[index >> 3] as number) ^ (1 << (index & 7));
  return copy;
}

describe('Ed25519: all backends are one function', () => {
  test('same keys, same signatures, all accepted', () => {
    fc.assert(
      fc.property(seed(32), message, (s, m) => {
        const keys = ed25519Backends.map((suite) => suite.publicKeyOf(s));
        const signatures = ed25519Backends.map((suite) => suite.sign(s, m));
        for (const key of keys) expect(key).toEqual(keys[0]);
        for (const signature of signatures) expect(signature).toEqual(signatures[0]);
        expect(verdict(ed25519Backends, keys[0]!, m, signatures[0]!)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('one flipped bit anywhere is refused by all', () => {
    fc.assert(
      fc.property(seed(32), message, fc.nat(511), fc.nat(255), (s, m, bit, keyBit) => {
        const key = pureSuites[1].publicKeyOf(s);
        const signature = nativeSuites()[1].sign(s, m);
        expect(verdict(ed25519Backends, key, m, flip(signature, bit))).toBe(false);
        expect(verdict(ed25519Backends, flip(key, keyBit), m, signature)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('arbitrary bytes of any length get one verdict', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 30, maxLength: 34 }),
        message,
        fc.uint8Array({ minLength: 62, maxLength: 66 }),
        (key, m, signature) => {
          expect(verdict(ed25519Backends, key, m, signature)).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('arbitrary keys and commitments with a reduced S get one verdict', () => {
    fc.assert(
      fc.property(seed(32), seed(32), seed(31), message, (key, commitment, s, m) => {
        const signature = concatBytes(commitment, s, Uint8Array.of(0x0f));
        verdict(ed25519Backends, key, m, signature);
      }),
      { numRuns: 200 },
    );
  });
});

/** FIPS 204, algorithm 20: where the hint of an ML-DSA-87 signature lies, and its parameters. */
const hint = { offset: 4627 - 83, omega: 75, k: 8 };

describe('ML-DSA-87: all backends are one function', () => {
  const s = new Uint8Array(32).fill(7);
  const m = fromHex('00ff');
  const key = nativeSuites()[2].publicKeyOf(s);
  const good = pureSuites[2].sign(s, m);
  const judge = (signature: Uint8Array, text = m, k = key): boolean =>
    verdict(mlDsaBackends, k, text, signature);
  const changed = (change: (copy: Uint8Array) => void): Uint8Array => {
    const copy = good.slice();
    change(copy);
    return copy;
  };

  test('each accepts what the other signed', () => {
    for (const suite of mlDsaBackends) expect(judge(suite.sign(s, m))).toBe(true);
    expect(judge(good)).toBe(true);
    expect(mlDsaBackends.map((suite) => suite.publicKeyOf(s))).toEqual([key, key]);
  });

  test('signing is hedged: two signatures of one message differ', () => {
    for (const suite of mlDsaBackends) expect(suite.sign(s, m)).not.toEqual(suite.sign(s, m));
  });

  test('truncated and extended inputs are refused', () => {
    for (const length of [0, 1, 64, 4626]) expect(judge(good.slice(0, length))).toBe(false);
    expect(judge(concatBytes(good, Uint8Array.of(0)))).toBe(false);
    expect(judge(good, m, key.slice(0, 2591))).toBe(false);
    expect(judge(good, m, concatBytes(key, Uint8Array.of(0)))).toBe(false);
    expect(judge(good, concatBytes(m, Uint8Array.of(0)))).toBe(false);
  });

  test('every flipped bit of the hint is refused', () => {
    for (let bit = hint.offset * 8; bit < good.length * 8; bit += 3) {
      expect(judge(flip(good, bit))).toBe(false);
    }
  });

  test('malformed hints are refused: order, repetition, padding, counts', () => {
    const { offset, omega, k } = hint;
    const total = good[offset + omega + k - 1]!;
    const first = good[offset + omega]!;
    const cases: Uint8Array[] = [
      changed((copy) => copy.fill(0, offset)),
      changed((copy) => copy.fill(0xff, offset)),
      changed((copy) => (copy[offset + omega + k - 1] = omega + 1)),
      changed((copy) => (copy[offset + omega] = 255)),
      changed((copy) => (copy[offset + omega + 3] = 0)),
    ];
    if (total < omega) cases.push(changed((copy) => (copy[offset + total] = 1)));
    if (first >= 2) {
      cases.push(
        changed((copy) => copy.copyWithin(offset + 1, offset, offset + 1)),
        changed((copy) => {
          copy[offset] = good[offset + 1]!;
          copy[offset + 1] = good[offset]!;
        }),
      );
    }
    for (const signature of cases) expect(judge(signature)).toBe(false);
  });

  test('z at and beyond its bound is refused', () => {
    // The challenge has 64 bytes, z follows with 20 bits for each coefficient.
    expect(judge(changed((copy) => copy.fill(0x00, 64, 64 + 640)))).toBe(false);
    expect(judge(changed((copy) => copy.fill(0xff, 64, 64 + 640)))).toBe(false);
  });

  test('flipped bits and arbitrary bytes get one verdict', () => {
    const bit = fc.nat(4627 * 8 - 1);
    fc.assert(
      fc.property(bit, fc.nat(2592 * 8 - 1), (signatureBit, keyBit) => {
        expect(judge(flip(good, signatureBit))).toBe(false);
        expect(judge(good, m, flip(key, keyBit))).toBe(false);
      }),
      { numRuns: 40 },
    );
    fc.assert(
      fc.property(seed(4627), seed(2592), (signature, k) => {
        expect(judge(signature, m, k)).toBe(false);
      }),
      { numRuns: 10 },
    );
  });
});

describe('the hybrid suite', () => {
  const s = Uint8Array.from({ length: 64 }, (_, i) => i);
  const m = fromHex('c0ffee');
  const suites = [pureSuites[3], nativeSuites()[3]];
  const key = suites[1]!.publicKeyOf(s);
  const good = suites[1]!.sign(s, m);

  test('both backends agree, and each half has to be right', () => {
    expect(suites[0]!.publicKeyOf(s)).toEqual(key);
    for (const suite of suites) {
      expect(suite.verify(key, m, suite.sign(s, m))).toBe(true);
      expect(suite.verify(key, m, good)).toBe(true);
      expect(suite.verify(key, m, flip(good, 3))).toBe(false);
      expect(suite.verify(key, m, flip(good, 64 * 8 + 3))).toBe(false);
      expect(suite.verify(key, fromHex('c0ffef'), good)).toBe(false);
      expect(suite.verify(key, m, good.slice(1))).toBe(false);
      expect(suite.verify(key.slice(1), m, good)).toBe(false);
    }
  });

  test('its halves sign nothing by themselves', () => {
    expect(pureSuites[1].verify(key.slice(0, 32), m, good.slice(0, 64))).toBe(false);
    expect(pureSuites[2].verify(key.slice(32), m, good.slice(64))).toBe(false);
  });

  test('a half of another hybrid key cannot be put in', () => {
    const other = s.toReversed();
    const otherKey = suites[1]!.publicKeyOf(other);
    const otherSignature = suites[1]!.sign(other, m);
    const mixedKey = concatBytes(key.slice(0, 32), otherKey.slice(32));
    const mixedSignature = concatBytes(good.slice(0, 64), otherSignature.slice(64));
    for (const suite of suites) expect(suite.verify(mixedKey, m, mixedSignature)).toBe(false);
  });
});
