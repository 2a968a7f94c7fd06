import { fromHex, toHex } from '@mxd/codec';
import { describe, expect, test } from 'vitest';

import { deriveNode, hkdfSha512 } from '../../src/derivation.ts';
import {
  entropyOfMnemonic,
  mnemonicOfEntropy,
  parseMnemonic,
  seedOfMnemonic,
} from '../../src/mnemonic.ts';
import { Secret, SecretBytes } from '../../src/secret.ts';
import { pureSuites } from '../../src/suites.ts';
import bip39 from './data/bip39.json' with { type: 'json' };
import slip10 from './data/slip10-ed25519.json' with { type: 'json' };
import hkdf from './data/wycheproof-hkdf-sha512.json' with { type: 'json' };

describe.each(['english', 'spanish'] as const)('BIP-39, %s', (language) => {
  test.each(bip39[language] as [string, string, string][])(
    'entropy %s',
    async (entropy, words, seed) => {
      const mnemonic = mnemonicOfEntropy(SecretBytes.own(fromHex(entropy)), language);
      expect(mnemonic.text.expose()).toBe(words.normalize('NFKD'));
      const parsed = parseMnemonic(words);
      expect(parsed.language).toBe(language);
      expect(toHex(entropyOfMnemonic(parsed).expose())).toBe(entropy);
      const derived = await seedOfMnemonic(parsed, Secret.of('TREZOR'));
      expect(toHex(derived.expose())).toBe(seed);
    },
  );
});

test.each(slip10.tests)('SLIP-0010, ed25519, $path', ({ seed, path, key, chainCode, publicKey }) => {
  using node = deriveNode(SecretBytes.own(fromHex(seed)), path);
  expect(toHex(node.key.expose())).toBe(key);
  expect(toHex(node.chainCode.expose())).toBe(chainCode);
  expect(toHex(pureSuites[1].publicKeyOf(node.key.expose()))).toBe(publicKey);
});

test('HKDF-SHA-512 answers Wycheproof', () => {
  for (const item of hkdf.tests) {
    const run = (): string =>
      toHex(
        hkdfSha512(fromHex(item.material), fromHex(item.salt), fromHex(item.info), item.size),
      );
    if (item.valid) expect(run()).toBe(item.output);
    else expect(run).toThrow(expect.objectContaining({ code: 'CRYPTO_LENGTH' }));
  }
  expect(hkdf.tests.filter((item) => item.valid).length).toBeGreaterThan(70);
});
