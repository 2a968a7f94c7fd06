import {
  generateMnemonic,
  parseMnemonic,
  seedOfMnemonic,
  type Mnemonic,
  type MnemonicLanguage,
} from '@mxd/crypto/mnemonic';
import { type Secret } from '@mxd/crypto/secret';

import { MasterKey } from './account.ts';

export { generateMnemonic, type Mnemonic, type MnemonicLanguage };

/**
 * The wallet of words that somebody typed, and an optional passphrase. Takes about 10 ms on Node
 * and more in browsers: the words are stretched on purpose.
 * @throws CryptoError MNEMONIC_LENGTH, MNEMONIC_WORD, MNEMONIC_CHECKSUM, MNEMONIC_LANGUAGE.
 */
export async function masterKeyOfWords(
  words: Secret | string,
  passphrase?: Secret,
  language?: MnemonicLanguage,
): Promise<MasterKey> {
  return masterKeyOfMnemonic(parseMnemonic(words, language), passphrase);
}

/** The wallet of a mnemonic and an optional passphrase. */
export async function masterKeyOfMnemonic(
  mnemonic: Mnemonic,
  passphrase?: Secret,
): Promise<MasterKey> {
  return MasterKey.own(await seedOfMnemonic(mnemonic, passphrase));
}
