import { bytesU8, refine, struct, u8, union, type Codec } from '@mxd/codec';
import { SecretBytes } from '@mxd/crypto/secret';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';

import { WalletError } from './errors.ts';

/**
 * What a wallet keeps under its passphrase: the entropy of a mnemonic (its BIP-39 passphrase is not
 * kept), the seed of a whole wallet, or the seed of one key.
 */
export type KeyMaterial =
  | {
      readonly kind: 'entropy';
      readonly language: 'english' | 'spanish';
      readonly entropy: SecretBytes;
    }
  | { readonly kind: 'master'; readonly seed: SecretBytes }
  | { readonly kind: 'key'; readonly suite: SuiteId; readonly seed: SecretBytes };

type Wire =
  | { readonly kind: 1; readonly language: number; readonly entropy: Uint8Array }
  | { readonly kind: 2; readonly seed: Uint8Array }
  | { readonly kind: 3; readonly suite: number; readonly seed: Uint8Array };

const version = 1;
const languages = ['english', 'spanish'] as const;

const wireCodec: Codec<{ readonly version: number; readonly material: Wire }> = struct({
  version: u8,
  material: union('kind', 'u8', {
    1: struct({
      language: refine(u8, (n) => (n < languages.length ? undefined : 'an unknown language')),
      entropy: refine(bytesU8(32), (e) =>
        e.length >= 16 && e.length % 4 === 0 ? undefined : 'entropy of a wrong length',
      ),
    }),
    2: struct({ seed: refine(bytesU8(64), (s) => (s.length >= 16 ? undefined : 'too short')) }),
    3: refine(struct({ suite: u8, seed: bytesU8(64) }), ({ suite, seed }) => {
      const info = suite >= 1 && suite <= 3 ? suiteInfo[suite as SuiteId] : undefined;
      return info?.seedBytes === seed.length ? undefined : 'a seed that fits no suite';
    }),
  }) as unknown as Codec<Wire>,
});

/** Bytes for a keystore. */
export function encodeKeyMaterial(material: KeyMaterial): SecretBytes {
  const wire = ((): Wire => {
    switch (material.kind) {
      case 'entropy': {
        const language = languages.indexOf(material.language);
        return { kind: 1, language, entropy: material.entropy.expose() };
      }
      case 'master':
        return { kind: 2, seed: material.seed.expose() };
      case 'key':
        return { kind: 3, suite: material.suite, seed: material.seed.expose() };
    }
  })();
  return SecretBytes.own(wireCodec.encode({ version, material: wire }));
}

/** @throws WalletError WALLET_KEY_MATERIAL. */
export function decodeKeyMaterial(secret: SecretBytes): KeyMaterial {
  const decoded = wireCodec.tryDecode(secret.expose());
  if (!decoded.ok || decoded.value.version !== version) {
    throw new WalletError('WALLET_KEY_MATERIAL', 'the keystore holds no key material of a wallet');
  }
  const { material } = decoded.value;
  switch (material.kind) {
    case 1:
      return {
        kind: 'entropy',
        language: languages[material.language] ?? 'english',
        entropy: SecretBytes.copyOf(material.entropy),
      };
    case 2:
      return { kind: 'master', seed: SecretBytes.copyOf(material.seed) };
    case 3:
      return {
        kind: 'key',
        suite: material.suite as SuiteId,
        seed: SecretBytes.copyOf(material.seed),
      };
  }
}
