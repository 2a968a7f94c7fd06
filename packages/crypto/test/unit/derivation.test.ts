import { toHex } from '@mxd/codec';
import { describe, expect, test } from 'vitest';

import { deriveNode, deriveSuiteSeed, formatKeyPath, hkdfSha512 } from '../../src/derivation.ts';
import { sha512 } from '../../src/hash.ts';
import { SecretBytes } from '../../src/secret.ts';
import { pureSuites, suiteIds, suiteInfo } from '../../src/suites.ts';

const seed = SecretBytes.own(Uint8Array.from({ length: 64 }, (_, i) => i));
const first = { account: 0, change: 0, index: 0 };
const coded = (code: string): unknown => expect.objectContaining({ code });

describe('seeds of suites', () => {
  test('are frozen', () => {
    const digests = suiteIds.map((suite) => {
      using derived = deriveSuiteSeed(suite, seed, { account: 1, change: 0, index: 7 });
      return toHex(sha512(pureSuites[suite].publicKeyOf(derived.expose()))).slice(0, 32);
    });
    expect(digests).toMatchInlineSnapshot(`
      [
        "1bf20c6e933ad3c8e4a55b3e8180ca6f",
        "3b2a33d6925e448cee67b37e017228ac",
        "16e6950e6c8bda914451cb97cf21c988",
      ]
    `);
  });

  test('have the suite’s length, and the hybrid’s is both others', () => {
    const seeds = suiteIds.map((suite) => deriveSuiteSeed(suite, seed, first).expose());
    for (const suite of suiteIds) expect(seeds[suite - 1]!.length).toBe(suiteInfo[suite].seedBytes);
    expect(seeds[2]).toEqual(Uint8Array.from([...seeds[0]!, ...seeds[1]!]));
  });

  test('are the SLIP-0010 key, and its HKDF with the chain code as salt', () => {
    using node = deriveNode(seed, "m/44'/7979'/0'/0'/0'");
    expect(deriveSuiteSeed(1, seed, first).equals(node.key)).toBe(true);
    const info = new TextEncoder().encode('mxd/ml-dsa-87');
    const expected = hkdfSha512(node.key.expose(), node.chainCode.expose(), info, 32);
    expect(deriveSuiteSeed(2, seed, first).expose()).toEqual(expected);
  });

  test('differ at every place', () => {
    const places = [
      first,
      { ...first, account: 1 },
      { ...first, change: 1 },
      { ...first, index: 1 },
    ];
    const seeds = places.flatMap((place) =>
      ([1, 2] as const).map((suite) => toHex(deriveSuiteSeed(suite, seed, place).expose())),
    );
    expect(new Set(seeds).size).toBe(8);
  });
});

describe('paths', () => {
  test('are written with all steps hardened', () => {
    expect(formatKeyPath({ account: 3, change: 1, index: 2 ** 31 - 1 })).toBe(
      "m/44'/7979'/3'/1'/2147483647'",
    );
  });

  test('of other forms are refused', () => {
    for (const path of [
      '',
      'm/',
      "44'/0'",
      "m/44'/0",
      "m/x'",
      'm/44h',
      "m/2147483648'",
      "m//0'",
      "m/-1'",
      `m${"/0'".repeat(200)}`,
    ]) {
      expect(() => deriveNode(seed, path)).toThrow(coded('DERIVATION_PATH'));
    }
    for (const index of [-1, 0.5, 2 ** 31, Number.NaN]) {
      expect(() => formatKeyPath({ ...first, index })).toThrow(coded('DERIVATION_PATH'));
    }
    for (const length of [0, 15, 65]) {
      const bad = SecretBytes.own(new Uint8Array(length));
      expect(() => deriveNode(bad, 'm')).toThrow(coded('DERIVATION_SEED'));
    }
    expect(() => deriveSuiteSeed(4 as 1, seed, first)).toThrow(coded('CRYPTO_SUITE'));
  });
});

test('a disposed node is wiped, and disposing it leaves its seeds alone', () => {
  const node = deriveNode(seed, "m/0'");
  const view = node.key.expose();
  node[Symbol.dispose]();
  expect(view.every((byte) => byte === 0)).toBe(true);
  expect(node.chainCode.disposed).toBe(true);
  expect(seed.disposed).toBe(false);
});
