import { fromHex } from '@mxd/codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  entropyOfMnemonic,
  generateMnemonic,
  mnemonicLanguages,
  mnemonicOfEntropy,
  mnemonicWords,
  parseMnemonic,
  seedOfMnemonic,
  type MnemonicLanguage,
  type MnemonicWordCount,
} from '../../src/mnemonic.ts';
import { Secret, SecretBytes } from '../../src/secret.ts';

const about = `${'abandon '.repeat(11)}about`;
const coded = (code: string): unknown => expect.objectContaining({ code });

describe('generated mnemonics', () => {
  test.each(
    mnemonicLanguages.flatMap((language) => [12, 15, 18, 21, 24].map((n) => [language, n])),
  )('%s, %d words, come back', (language, words) => {
    const made = generateMnemonic(words as MnemonicWordCount, language as MnemonicLanguage);
    const parsed = parseMnemonic(made.text);
    expect(parsed.wordCount).toBe(words);
    expect(parsed.language).toBe(language);
    expect(parsed.text.equals(made.text)).toBe(true);
    expect(entropyOfMnemonic(parsed).length).toBe((Number(words) / 3) * 4);
  });

  test('differ, and show nothing', () => {
    const [a, b] = [generateMnemonic(), generateMnemonic()];
    expect(a.wordCount).toBe(24);
    expect(a.text.equals(b.text)).toBe(false);
    expect(JSON.stringify(a)).not.toContain(a.text.expose().slice(0, 5));
  });

  test('have 2,048 words to draw from', () => {
    for (const language of mnemonicLanguages) {
      expect(new Set(mnemonicWords(language)).size).toBe(2048);
    }
  });

  test('of other lengths or languages are refused', () => {
    expect(() => generateMnemonic(13 as MnemonicWordCount)).toThrow(coded('MNEMONIC_LENGTH'));
    expect(() => mnemonicOfEntropy(SecretBytes.random(17))).toThrow(coded('MNEMONIC_LENGTH'));
    expect(() => generateMnemonic(12, 'klingon' as 'english')).toThrow(coded('MNEMONIC_LANGUAGE'));
    expect(() => parseMnemonic(about, 'toString' as 'english')).toThrow(coded('MNEMONIC_LANGUAGE'));
  });
});

describe('typed mnemonics', () => {
  test('letter case, spacing and accents do not matter', () => {
    const spanish = mnemonicOfEntropy(
      SecretBytes.own(fromHex('72754293ddabb5286e683ab657636637')),
      'spanish',
    );
    const text = spanish.text.expose();
    const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '');
    expect(plain).not.toBe(text);
    for (const typed of [
      text.normalize('NFC'),
      text.toUpperCase(),
      plain,
      `  ${plain.replaceAll(' ', '\n\t ')} `,
    ]) {
      expect(parseMnemonic(typed).text.expose()).toBe(text);
    }
    expect(parseMnemonic(about.toUpperCase()).text.expose()).toBe(about);
  });

  test('errors name the rule, and the place of a bad word but never the word', () => {
    const misspelled = about.replace(/^abandon abandon/, 'abandon abandonn');
    try {
      parseMnemonic(misspelled);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'MNEMONIC_WORD', details: { position: 2 } });
      expect(JSON.stringify(error)).not.toContain('abandon');
    }
    const wrong = `${'abandon '.repeat(11)}abandon`;
    expect(() => parseMnemonic(wrong)).toThrow(coded('MNEMONIC_CHECKSUM'));
    for (const text of [
      '',
      '   ',
      'abandon',
      about.split(' ').slice(1).join(' '),
      `${about} about`,
    ]) {
      expect(() => parseMnemonic(text)).toThrow(coded('MNEMONIC_LENGTH'));
    }
    expect(() => parseMnemonic('x'.repeat(100_000))).toThrow(coded('MNEMONIC_LENGTH'));
    expect(() => parseMnemonic(about, 'spanish')).toThrow(coded('MNEMONIC_WORD'));
  });

  test('one changed word fails in all but 1 of 16 cases, and always with a code', () => {
    const words = about.split(' ');
    const list = mnemonicWords('english');
    fc.assert(
      fc.property(fc.nat(11), fc.nat(2047), (place, index) => {
        const changed = words.with(place, list[index]!).join(' ');
        try {
          expect(parseMnemonic(changed).text.expose()).toBe(changed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'MNEMONIC_CHECKSUM' });
        }
      }),
    );
  });

  test('arbitrary text gives a coded error', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 24 }), (words) => {
        expect(() => parseMnemonic(words.join(' '))).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^MNEMONIC_/) }),
        );
      }),
    );
  });
});

test('the passphrase changes the seed, in any Unicode form alike', async () => {
  const mnemonic = parseMnemonic(about);
  const plain = await seedOfMnemonic(mnemonic);
  const composed = await seedOfMnemonic(mnemonic, Secret.of('caf\u00e9'));
  const decomposed = await seedOfMnemonic(mnemonic, Secret.of('cafe\u0301'));
  expect(plain.length).toBe(64);
  expect(plain.equals(composed)).toBe(false);
  expect(composed.equals(decomposed)).toBe(true);
});
