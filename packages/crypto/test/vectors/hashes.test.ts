import { asciiBytes, fromHex, toHex } from '@mxd/codec';
import { describe, expect, test } from 'vitest';

import { detectNodeHashes, nobleHashes } from '../../src/hash-backend.ts';
import { hash160, hashBackendName } from '../../src/hash.ts';

const node = detectNodeHashes();
if (node === undefined) throw new Error('this Node has no one-shot hashes');

test('Node gives the hashes here', () => {
  expect(hashBackendName).toBe('node:crypto');
});

describe.each([nobleHashes, node].map((backend) => [backend.name, backend] as const))(
  'hashes by %s',
  (_, backend) => {
    test('SHA-512 and SHA-256 of "abc" (FIPS 180-4)', () => {
      expect(toHex(backend.sha512(asciiBytes('abc')))).toBe(
        'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
      );
      expect(toHex(backend.sha256(asciiBytes('abc')))).toBe(
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      );
    });

    test('RIPEMD-160 of "abc" (its authors)', () => {
      expect(toHex(backend.ripemd160(asciiBytes('abc')))).toBe(
        '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc',
      );
    });

    test('SHAKE-128 of nothing (FIPS 202)', () => {
      expect(toHex(backend.shake128(new Uint8Array(0), 32))).toBe(
        '7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26',
      );
      expect(backend.shake128(new Uint8Array(0), 0)).toEqual(new Uint8Array(0));
    });

    test('results are plain byte arrays whose slices are copies', () => {
      const digest = backend.sha512(new Uint8Array(1));
      expect(Object.getPrototypeOf(digest)).toBe(Uint8Array.prototype);
    });
  },
);

test("HASH160 of the secp256k1 generator is Bitcoin's well-known one", () => {
  const key = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
  expect(toHex(hash160(key))).toBe('751e76e8199196d454941c45d1b3a323f1433bd6');
});
