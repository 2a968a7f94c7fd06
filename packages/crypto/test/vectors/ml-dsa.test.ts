import { ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { toHex } from '@mxd/codec';
import { describe, expect, test } from 'vitest';

import { sha512 } from '../../src/hash.ts';
import { mlDsaBackends } from '../backends.ts';
import signing from './data/wycheproof-mldsa-87-sign.json' with { type: 'json' };
import verifying from './data/wycheproof-mldsa-87-verify.json' with { type: 'json' };

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));

describe.each(mlDsaBackends.map((suite) => [suite.backend, suite] as const))(
  'ML-DSA-87 by %s',
  (_, suite) => {
    test('makes the keys of the known answers from their seeds (FIPS 204, KeyGen)', () => {
      for (const item of signing.tests) {
        expect(suite.publicKeyOf(bytes(item.seed))).toEqual(bytes(item.publicKey));
      }
    });

    test('judges the known signatures and malformed ones as Wycheproof does', () => {
      const wrong = verifying.tests.filter((item) => {
        const key = bytes(verifying.keys[item.key] as string);
        return suite.verify(key, bytes(item.message), bytes(item.signature)) !== item.valid;
      });
      expect(wrong.map((item) => item.id)).toEqual([]);
      expect(verifying.tests.filter((item) => !item.valid).length).toBeGreaterThan(20);
    });

    test('accepts the known deterministic signatures and none of them for another message', () => {
      for (const item of signing.tests.slice(0, 4)) {
        const [key, message] = [bytes(item.publicKey), bytes(item.message)];
        expect(suite.verify(key, message, bytes(item.signature))).toBe(true);
        expect(suite.verify(key, sha512(message), bytes(item.signature))).toBe(false);
      }
    });
  },
);

test('the portable signing core gives the known deterministic signatures (FIPS 204, Sign)', () => {
  for (const item of signing.tests) {
    const { secretKey } = ml_dsa87.keygen(bytes(item.seed));
    const signature = ml_dsa87.sign(bytes(item.message), secretKey, { extraEntropy: false });
    expect(toHex(sha512(signature))).toBe(toHex(sha512(bytes(item.signature))));
  }
});

test('RFC 9881, the example key of seed 00 01 .. 1f, begins as printed there', () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i);
  for (const suite of mlDsaBackends) {
    expect(toHex(suite.publicKeyOf(seed).slice(0, 16))).toBe('9792bcec2f2430686a82fccf3c2f5ff6');
  }
});
