import { asciiBytes, concatBytes, toHex } from '@mxd/codec';
import { describe, expect, test } from 'vitest';

import { makeSodiumHashes, nobleHashes } from '../../src/hash-backend.ts';
import { domainTags, sha512, sha512Of, shake128, tagBytes, taggedHash } from '../../src/hash.ts';
import { sodium } from '../../src/sodium.ts';

describe('domain tags', () => {
  const tags = Object.values(domainTags);

  test('are all different, 8 upper-case ASCII characters each', () => {
    expect(new Set(tags).size).toBe(tags.length);
    for (const tag of tags) expect(tag).toMatch(/^(?:RSC1|MXD5)[A-Z]{4}$/);
  });

  test('are exactly those of the specification', () => {
    expect(tags.toSorted()).toEqual(
      (
        'MXD5ADDR MXD5APIC MXD5AUDT MXD5HYBR MXD5LTHD MXD5POLI MXD5SIGN MXD5TXID MXD5UTXO ' +
        'MXD5WTXI RSC1APPR RSC1APPS RSC1BLCK RSC1CERT RSC1GALL RSC1GENE RSC1GPOP RSC1GSIG ' +
        'RSC1JOIN RSC1LATR RSC1LEAV RSC1PEER RSC1ROTK RSC1SCHD RSC1SIGL RSC1SYSR RSC1TABL ' +
        'RSC1TIPS RSC1VOTE'
      ).split(' '),
    );
  });

  test('have their bytes, in a fresh copy each time', () => {
    tagBytes('RSC1VOTE').fill(0);
    expect(tagBytes('RSC1VOTE')).toEqual(asciiBytes('RSC1VOTE'));
  });

  test('that do not exist are refused', () => {
    expect(() => taggedHash('NONE' as 'RSC1VOTE')).toThrow(
      expect.objectContaining({ code: 'CRYPTO_TAG' }),
    );
  });
});

describe('tagged hashes', () => {
  test('are SHA-512 of tag and parts, short and long, however they are cut', () => {
    for (const length of [0, 1, 110, 4087, 4088, 4089, 100_000]) {
      const data = new Uint8Array(length).map((_, i) => i);
      const expected = toHex(sha512(concatBytes(asciiBytes('MXD5TXID'), data)));
      expect(toHex(taggedHash('MXD5TXID', data))).toBe(expected);
      const cut = Math.floor(length / 3);
      const parts = [data.subarray(0, cut), data.subarray(cut)] as const;
      expect(toHex(taggedHash('MXD5TXID', ...parts))).toBe(expected);
      expect(toHex(sha512Of(asciiBytes('MXD5TXID'), ...parts))).toBe(expected);
    }
  });

  test('do not share memory between calls', () => {
    const first = taggedHash('MXD5TXID', Uint8Array.of(1));
    const kept = toHex(first);
    taggedHash('MXD5TXID', Uint8Array.of(2));
    expect(toHex(first)).toBe(kept);
  });
});

test('SHAKE-128 outputs are prefixes of longer ones, and absurd lengths are refused', () => {
  const long = shake128(Uint8Array.of(5), 2048);
  expect(shake128(Uint8Array.of(5), 100)).toEqual(long.slice(0, 100));
  for (const length of [-1, 0.5, 2 ** 24 + 1, Number.NaN]) {
    expect(() => shake128(new Uint8Array(0), length)).toThrow(
      expect.objectContaining({ code: 'CRYPTO_LENGTH' }),
    );
  }
});

describe('short inputs by libsodium', () => {
  const rest = { ...nobleHashes, sha512: () => Uint8Array.of(1), sha256: () => Uint8Array.of(2) };

  test('give the hashes of the portable backend at every length', () => {
    const backend = makeSodiumHashes(sodium!, nobleHashes)!;
    for (let length = 0; length <= 600; length += 7) {
      const data = new Uint8Array(length).map((_, i) => i * 31);
      expect(backend.sha512(data)).toEqual(nobleHashes.sha512(data));
      expect(backend.sha256(data)).toEqual(nobleHashes.sha256(data));
    }
  });

  test('do not share memory between calls', () => {
    const backend = makeSodiumHashes(sodium!, nobleHashes)!;
    const first = backend.sha512(Uint8Array.of(1));
    backend.sha512(Uint8Array.of(2));
    backend.sha256(Uint8Array.of(3));
    expect(first).toEqual(nobleHashes.sha512(Uint8Array.of(1)));
  });

  test('are not used beside a backend, or with a library, that answers otherwise', () => {
    expect(makeSodiumHashes(sodium!, rest)).toBeUndefined();
    const broken = { crypto_hash_sha512() {}, crypto_hash_sha256() {} };
    expect(makeSodiumHashes(broken, nobleHashes)).toBeUndefined();
    const failing = {
      crypto_hash_sha512() {
        throw new TypeError('refused');
      },
      crypto_hash_sha256() {},
    };
    expect(makeSodiumHashes(failing, nobleHashes)).toBeUndefined();
  });
});
