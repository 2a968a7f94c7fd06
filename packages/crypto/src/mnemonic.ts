import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeed as seedOf } from '@scure/bip39';
import { wordlist as english } from '@scure/bip39/wordlists/english.js';
import { wordlist as spanish } from '@scure/bip39/wordlists/spanish.js';

import { CryptoError } from './errors.ts';
import { limits } from './limits.ts';
import { Secret, SecretBytes, wipe } from './secret.ts';

/** Languages of word lists. */
export type MnemonicLanguage = 'english' | 'spanish';

/** Numbers of words that BIP-39 allows, of 128 to 256 bits. */
export type MnemonicWordCount = 12 | 15 | 18 | 21 | 24;

const wordLists: Readonly<Record<MnemonicLanguage, readonly string[]>> = { english, spanish };
const wordCounts: readonly number[] = [12, 15, 18, 21, 24];

/** The languages known, the default first. */
export const mnemonicLanguages: readonly MnemonicLanguage[] = ['english', 'spanish'];

/**
 * A word without accents, in the form that lookups use. BIP-39's Spanish list takes accented letters
 * and ñ for equal to the plain ones, so a keyboard without them will do.
 */
const plainForm = (word: string): string =>
  word.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

const lookups: Readonly<Record<MnemonicLanguage, ReadonlyMap<string, string>>> = {
  english: new Map(english.map((word) => [plainForm(word), word])),
  spanish: new Map(spanish.map((word) => [plainForm(word), word])),
};

/** The 2,048 words of a language. @throws CryptoError MNEMONIC_LANGUAGE. */
export function mnemonicWords(language: MnemonicLanguage): readonly string[] {
  const words = Object.hasOwn(wordLists, language) ? wordLists[language] : undefined;
  if (words === undefined) {
    throw new CryptoError('MNEMONIC_LANGUAGE', `no word list for "${String(language)}"`);
  }
  return words;
}

/** A valid mnemonic in its normal form: NFKD, one space between words. */
export interface Mnemonic {
  readonly text: Secret;
  readonly language: MnemonicLanguage;
  readonly wordCount: MnemonicWordCount;
}

const describe = (text: string, language: MnemonicLanguage): Mnemonic => ({
  text: Secret.of(text.normalize('NFKD')),
  language,
  wordCount: text.split(' ').length as MnemonicWordCount,
});

/**
 * The mnemonic of 16, 20, 24, 28 or 32 bytes of entropy.
 * @throws CryptoError MNEMONIC_LENGTH, MNEMONIC_LANGUAGE.
 */
export function mnemonicOfEntropy(
  entropy: SecretBytes,
  language: MnemonicLanguage = 'english',
): Mnemonic {
  const words = mnemonicWords(language);
  if (![16, 20, 24, 28, 32].includes(entropy.length)) {
    throw new CryptoError('MNEMONIC_LENGTH', 'entropy has 16, 20, 24, 28 or 32 bytes', {
      actual: entropy.length,
    });
  }
  return describe(entropyToMnemonic(entropy.expose(), [...words]), language);
}

/** A mnemonic of fresh entropy. @throws CryptoError MNEMONIC_LENGTH, MNEMONIC_LANGUAGE. */
export function generateMnemonic(
  wordCount: MnemonicWordCount = 24,
  language: MnemonicLanguage = 'english',
): Mnemonic {
  if (!wordCounts.includes(wordCount)) {
    throw new CryptoError('MNEMONIC_LENGTH', `a mnemonic cannot have ${String(wordCount)} words`, {
      words: wordCount,
    });
  }
  using entropy = SecretBytes.random((wordCount / 3) * 4);
  return mnemonicOfEntropy(entropy, language);
}

/** Either the words in the list's spelling, or the place (from 1) of the first unknown word. */
function spell(words: readonly string[], language: MnemonicLanguage): string[] | number {
  const found: string[] = [];
  for (const [index, word] of words.entries()) {
    const known = lookups[language].get(plainForm(word));
    if (known === undefined) return index + 1;
    found.push(known);
  }
  return found;
}

function checksumFits(words: readonly string[], language: MnemonicLanguage): boolean {
  try {
    wipe(mnemonicToEntropy(words.join(' '), [...wordLists[language]]));
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks a mnemonic that somebody typed: letter case, accents and spacing do not matter. The
 * language is found from the words unless it is given. Errors name the place of a bad word, never
 * the word.
 * @throws CryptoError MNEMONIC_LENGTH, MNEMONIC_WORD, MNEMONIC_CHECKSUM, MNEMONIC_LANGUAGE.
 */
export function parseMnemonic(input: Secret | string, language?: MnemonicLanguage): Mnemonic {
  const text = typeof input === 'string' ? input : input.expose();
  if (language !== undefined) mnemonicWords(language);
  if (text.length > limits.mnemonicText.value) {
    throw new CryptoError('MNEMONIC_LENGTH', 'the text is far too long for a mnemonic', {
      characters: text.length,
    });
  }
  const typed = text.trim().split(/\s+/u);
  if (!wordCounts.includes(typed.length) || text.trim() === '') {
    const words = text.trim() === '' ? 0 : typed.length;
    throw new CryptoError(
      'MNEMONIC_LENGTH',
      `a mnemonic has 12, 15, 18, 21 or 24 words, not ${words}`,
      { words },
    );
  }
  const candidates = language === undefined ? mnemonicLanguages : [language];
  let unknown = 0;
  let spelled = false;
  for (const candidate of candidates) {
    const words = spell(typed, candidate);
    if (typeof words === 'number') {
      unknown = Math.max(unknown, words);
      continue;
    }
    spelled = true;
    if (checksumFits(words, candidate)) return describe(words.join(' '), candidate);
  }
  if (spelled) {
    throw new CryptoError(
      'MNEMONIC_CHECKSUM',
      'every word is known, but together they fail the checksum: check their order and spelling',
    );
  }
  throw new CryptoError('MNEMONIC_WORD', `word ${unknown} is not in the word list`, {
    position: unknown,
  });
}

/** The entropy of a mnemonic. */
export function entropyOfMnemonic(mnemonic: Mnemonic): SecretBytes {
  const words = [...mnemonicWords(mnemonic.language)];
  return SecretBytes.own(mnemonicToEntropy(mnemonic.text.expose(), words));
}

/**
 * The 64-byte seed of a mnemonic and an optional passphrase: PBKDF2-HMAC-SHA-512, 2,048 rounds
 * (BIP-39). Every passphrase gives a valid seed; there is no wrong one.
 */
export async function seedOfMnemonic(
  mnemonic: Mnemonic,
  passphrase?: Secret,
): Promise<SecretBytes> {
  return SecretBytes.own(await seedOf(mnemonic.text.expose(), passphrase?.expose() ?? ''));
}
