/** Wallets in keystore files. Node only, as `@mxd/crypto/keystore` is. */
import {
  createKeystore,
  openKeystore,
  type CreateOptions,
  type KeystoreInfo,
} from '@mxd/crypto/keystore';
import { mnemonicOfEntropy, seedOfMnemonic } from '@mxd/crypto/mnemonic';
import { type Secret } from '@mxd/crypto/secret';

import { accountFromSeed, MasterKey, type SigningAccount } from './account.ts';
import { decodeKeyMaterial, encodeKeyMaterial, type KeyMaterial } from './key-material.ts';

export { type KeyMaterial };

/**
 * Writes key material to a new keystore file (mode 0600, written atomically).
 * @throws CryptoError KEYSTORE_EXISTS, KEYSTORE_IO, KEYSTORE_PARAMETERS.
 */
export async function saveKeystore(
  path: string,
  material: KeyMaterial,
  passphrase: Secret,
  options: CreateOptions = {},
): Promise<void> {
  using secret = encodeKeyMaterial(material);
  await createKeystore(path, secret, passphrase, options);
}

/** An opened keystore: a whole wallet, or one key. */
export type OpenedWallet =
  | { readonly kind: 'wallet'; readonly master: MasterKey; readonly info: KeystoreInfo }
  | { readonly kind: 'key'; readonly account: SigningAccount; readonly info: KeystoreInfo };

/**
 * Opens a keystore file of a wallet. `mnemonicPassphrase` is the BIP-39 one, for keystores that hold
 * the entropy of a mnemonic.
 * @throws CryptoError KEYSTORE_PASSPHRASE, KEYSTORE_CORRUPT, KEYSTORE_VERSION, KEYSTORE_IO.
 * @throws WalletError WALLET_KEY_MATERIAL.
 */
export async function openWallet(
  path: string,
  passphrase: Secret,
  mnemonicPassphrase?: Secret,
): Promise<OpenedWallet> {
  const { secret, info } = await openKeystore(path, passphrase);
  using bytes = secret;
  const material = decodeKeyMaterial(bytes);
  switch (material.kind) {
    case 'key': {
      using seed = material.seed;
      return { kind: 'key', account: accountFromSeed(material.suite, seed), info };
    }
    case 'master':
      return { kind: 'wallet', master: MasterKey.own(material.seed), info };
    case 'entropy': {
      using entropy = material.entropy;
      const mnemonic = mnemonicOfEntropy(entropy, material.language);
      const seed = await seedOfMnemonic(mnemonic, mnemonicPassphrase);
      mnemonic.text[Symbol.dispose]();
      return { kind: 'wallet', master: MasterKey.own(seed), info };
    }
  }
}

/** What a keystore file holds, to export a mnemonic, for example. @throws as `openWallet`. */
export async function readKeyMaterial(path: string, passphrase: Secret): Promise<KeyMaterial> {
  const { secret } = await openKeystore(path, passphrase);
  using bytes = secret;
  return decodeKeyMaterial(bytes);
}
