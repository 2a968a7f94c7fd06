import { concatBytes, encodeBase58Check } from '@mxd/codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  accountId,
  addressHashBytes,
  addressOfKey,
  addressOfPolicy,
  decodeAddress,
  formatAddress,
  isAddressVersion,
  parseAddress,
  sortPolicyKeys,
  tryParseAddress,
  type Address,
  type AddressVersion,
  type SuiteKey,
} from '../../src/address.ts';
import type { CryptoErrorCode } from '../../src/errors.ts';
import { hash160, sha512 } from '../../src/hash.ts';
import { suiteInfo, type SuiteId } from '../../src/suites.ts';

const coded = (code: CryptoErrorCode): unknown => expect.objectContaining({ code });
const checksum = (payload: Uint8Array): Uint8Array => sha512(sha512(payload)).slice(0, 4);
const textOf = (payload: Uint8Array): string => `mx${encodeBase58Check(payload, checksum)}`;
const keyOf = (suite: SuiteId, fill = 7): Uint8Array =>
  new Uint8Array(suiteInfo[suite].publicKeyBytes).fill(fill);

const anyAddress: fc.Arbitrary<Address> = fc
  .constantFrom<AddressVersion>(0x32, 0x33, 0x34, 0x35)
  .chain((version) => {
    const length = addressHashBytes(version);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((hash) => ({ version, hash }));
  });

describe('addresses of keys', () => {
  test('are frozen', () => {
    const texts = ([1, 2, 3] as const).flatMap((suite) =>
      (['main', 'test'] as const).map((network) =>
        formatAddress(addressOfKey(suite, keyOf(suite)), network),
      ),
    );
    expect(texts).toMatchInlineSnapshot(`
      [
        "mxMQostsMWnYDMGbEta2MbrMaJ7zXehk6JUL",
        "mxoASUupRxE5sRcLAS8sfztNzeQH22FxbPLz",
        "mxMaXBSVUEqAC5mBXjUv5U4hPfbhh1dsRKYH",
        "mxoL9nTSYgGhrA6vTH3mPs6ip1szBP57fhUV",
        "mx2kfe8Fk8uZ6NQX6C7XwTvvwsArKLkuEoZXgkSWxBm5KH4rTJrdW",
        "mx4u5HR6UBSnNs32HL8dfQyTKRn9jJMyAqvSDe46yZP1k6efEiZqc",
      ]
    `);
  });

  test('have the hash of suite and key, 20 bytes, and 32 for the hybrid', () => {
    const key = keyOf(1);
    const preimage = concatBytes(Uint8Array.of(1), key);
    expect(addressOfKey(1, key)).toEqual({ version: 0x32, hash: hash160(preimage) });
    expect(accountId(1, key)).toEqual(hash160(preimage));
    expect(addressOfKey(2, keyOf(2)).hash).toEqual(accountId(2, keyOf(2)));
    expect(addressOfKey(3, keyOf(3)).hash.length).toBe(32);
    expect(accountId(3, keyOf(3)).length).toBe(20);
  });

  test('need a key of the suite', () => {
    expect(() => addressOfKey(1, keyOf(2))).toThrow(coded('CRYPTO_LENGTH'));
    expect(() => accountId(2, keyOf(1))).toThrow(coded('CRYPTO_LENGTH'));
    expect(() => addressOfKey(9 as SuiteId, keyOf(1))).toThrow(coded('CRYPTO_SUITE'));
  });
});

describe('addresses of policies', () => {
  const keys: SuiteKey[] = sortPolicyKeys([
    { suite: 2, publicKey: keyOf(2, 1) },
    { suite: 1, publicKey: keyOf(1, 9) },
    { suite: 1, publicKey: keyOf(1, 3) },
  ]);

  test('are frozen, and depend on the threshold and on each key', () => {
    expect(keys.map((key) => key.suite)).toEqual([1, 1, 2]);
    const two = addressOfPolicy({ threshold: 2, keys });
    expect(formatAddress(two, 'main')).toMatchInlineSnapshot(
      `"mx2oWvE49rSfgfQJfGD9bg8wE4nH5UWKkxMf8Ct7Vf3F34Va3vvuA"`,
    );
    expect(two.version).toBe(0x35);
    expect(addressOfPolicy({ threshold: 1, keys }).hash).not.toEqual(two.hash);
    expect(addressOfPolicy({ threshold: 2, keys: keys.slice(1) }).hash).not.toEqual(two.hash);
  });

  test('refuse what is no policy', () => {
    const refuse = (threshold: number, list: readonly SuiteKey[], code: CryptoErrorCode): void => {
      expect(() => addressOfPolicy({ threshold, keys: list })).toThrow(coded(code));
    };
    for (const threshold of [0, 4, 1.5, Number.NaN]) refuse(threshold, keys, 'POLICY_THRESHOLD');
    refuse(1, [], 'POLICY_KEYS');
    refuse(1, keys.toReversed(), 'POLICY_KEYS');
    refuse(1, [keys[0]!, keys[0]!], 'POLICY_KEYS');
    const many = Array.from(
      { length: 17 },
      (_, i) => ({ suite: 1, publicKey: keyOf(1, i) }) as const,
    );
    refuse(1, many, 'POLICY_KEYS');
    expect(addressOfPolicy({ threshold: 16, keys: many.slice(0, 16) }).hash.length).toBe(32);
    refuse(1, [{ suite: 1, publicKey: keyOf(2) }], 'CRYPTO_LENGTH');
    refuse(1, [{ suite: 4 as SuiteId, publicKey: keyOf(1) }], 'CRYPTO_SUITE');
  });
});

describe('the text form', () => {
  test('comes back as it went, for both kinds of network', () => {
    fc.assert(
      fc.property(anyAddress, fc.constantFrom('main', 'test'), (address, network) => {
        const text = formatAddress(address, network);
        expect(text.startsWith('mx')).toBe(true);
        expect(parseAddress(text, network)).toEqual(address);
        expect(decodeAddress(text)).toEqual({ address, network });
        const other = network === 'main' ? 'test' : 'main';
        expect(() => parseAddress(text, other)).toThrow(coded('ADDRESS_NETWORK'));
      }),
    );
  });

  test('a changed character is noticed', () => {
    fc.assert(
      fc.property(anyAddress, fc.nat(), fc.nat(57), (address, at, digit) => {
        const text = formatAddress(address, 'main');
        const position = 2 + (at % (text.length - 2));
        const character = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'.charAt(
          digit,
        );
        fc.pre(text.charAt(position) !== character);
        const changed = text.slice(0, position) + character + text.slice(position + 1);
        expect(tryParseAddress(changed, 'main').ok).toBe(false);
      }),
    );
  });

  test('errors say which rule failed', () => {
    const good = formatAddress(addressOfKey(1, keyOf(1)), 'main');
    const cases: [string, CryptoErrorCode][] = [
      ['', 'ADDRESS_PREFIX'],
      [good.slice(2), 'ADDRESS_PREFIX'],
      [good.toUpperCase(), 'ADDRESS_PREFIX'],
      ['mx', 'ADDRESS_LENGTH'],
      ['mx1', 'ADDRESS_LENGTH'],
      [`${good.slice(0, 8)}0${good.slice(9)}`, 'ADDRESS_CHARACTER'],
      [`${good} `, 'ADDRESS_CHARACTER'],
      [good.slice(0, -1), 'ADDRESS_CHECKSUM'],
      [`${good}1`, 'ADDRESS_CHECKSUM'],
      [`mx${'1'.repeat(34)}`, 'ADDRESS_CHECKSUM'],
      [`mx${'f'.repeat(34)}`, 'ADDRESS_CHECKSUM'],
      [`mx${'z'.repeat(500)}`, 'ADDRESS_LENGTH'],
      [textOf(new Uint8Array(0)), 'ADDRESS_LENGTH'],
      [textOf(concatBytes(Uint8Array.of(0x31), new Uint8Array(20))), 'ADDRESS_VERSION'],
      [textOf(concatBytes(Uint8Array.of(0x36), new Uint8Array(20))), 'ADDRESS_VERSION'],
      [textOf(concatBytes(Uint8Array.of(0x71), new Uint8Array(20))), 'ADDRESS_VERSION'],
      [textOf(concatBytes(Uint8Array.of(0x76), new Uint8Array(32))), 'ADDRESS_VERSION'],
      [textOf(concatBytes(Uint8Array.of(0x32), new Uint8Array(32))), 'ADDRESS_LENGTH'],
      [textOf(concatBytes(Uint8Array.of(0x34), new Uint8Array(20))), 'ADDRESS_LENGTH'],
    ];
    for (const [text, code] of cases) {
      const result = tryParseAddress(text, 'main');
      expect([text, result.ok ? 'ok' : result.error.code]).toEqual([text, code]);
    }
  });

  test('a bad character is named by its place', () => {
    const result = tryParseAddress('mxab0cd', 'main');
    expect(result).toMatchObject({ ok: false, error: { details: { position: 4 } } });
    expect(result.ok ? '' : result.error.message).toContain('character 5');
  });

  test('never fails otherwise, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.boolean(), (text, prefixed) => {
        const result = tryParseAddress(prefixed ? `mx${text}` : text, 'test');
        expect(result.ok ? '' : result.error.code).toMatch(/^ADDRESS_/);
      }),
    );
  });

  test('an impossible address has none', () => {
    const bad = { version: 0x36 as AddressVersion, hash: new Uint8Array(20) };
    expect(() => formatAddress(bad, 'main')).toThrow(coded('ADDRESS_VERSION'));
    const short: Address = { version: 0x35, hash: new Uint8Array(20) };
    expect(() => formatAddress(short, 'main')).toThrow(coded('ADDRESS_LENGTH'));
    expect(isAddressVersion(0x72)).toBe(false);
  });
});
