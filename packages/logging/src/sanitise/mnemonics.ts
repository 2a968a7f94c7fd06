import { wordlist as english } from '@scure/bip39/wordlists/english.js';
import { wordlist as spanish } from '@scure/bip39/wordlists/spanish.js';

/** What replaces a mnemonic. */
export const redactedMnemonic = '[redacted mnemonic]';

/**
 * Six words in a row count as a part of a mnemonic: with five or fewer of twelve known, 73 bits are
 * left to guess, while ordinary prose rarely has six words of the lists in a row.
 */
const leastWords = 6;
/** Between two words: spaces, commas, numbering. */
const maxGapChars = 8;
const marks = /\p{M}/gu;
const nonAscii = /[\u0080-\uffff]/;

interface WordTable {
  readonly words: ReadonlySet<string>;
  /** A bit per first four letters: both lists are unique in them. */
  readonly prefixes: Uint8Array;
}

interface Token {
  readonly start: number;
  readonly end: number;
}

let table: WordTable | undefined;

const foldAccents = (text: string): string => text.normalize('NFKD').replace(marks, '');

function prefixIndex(text: string, start: number, end: number): number {
  let index = 0;
  for (let i = 0; i < 4; i++) {
    const code = start + i < end ? (text.charCodeAt(start + i) | 0x20) - 96 : 0;
    index = index * 27 + (code >= 0 && code <= 26 ? code : 0);
  }
  return index;
}

function buildTable(): WordTable {
  const words = new Set<string>();
  const prefixes = new Uint8Array(27 ** 4);
  for (const word of [...english, ...spanish].map(foldAccents)) {
    words.add(word);
    // Backup plates carry the first four letters only.
    words.add(word.slice(0, 4));
    prefixes[prefixIndex(word, 0, word.length)] = 1;
  }
  return { words, prefixes };
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 97 && lower <= 122;
}

/**
 * Whether six words in a row have the length of words of the lists and, told `prefixes`, their first
 * letters. Allocates nothing: most texts end here.
 */
function hasCandidates(text: string, prefixes?: Uint8Array): boolean {
  let run = 0;
  let start = 0;
  let isInWord = false;
  let end = 0;
  for (let i = 0; i <= text.length; i++) {
    const isWord = i < text.length && isLetter(text.charCodeAt(i));
    if (isWord === isInWord) continue;
    isInWord = isWord;
    if (isWord) {
      start = i;
      if (i - end > maxGapChars) run = 0;
      continue;
    }
    end = i;
    const length = i - start;
    let could = length >= 3 && length <= 9;
    if (could && prefixes !== undefined) could = prefixes[prefixIndex(text, start, i)] === 1;
    run = could ? run + 1 : 0;
    if (run >= leastWords) return true;
  }
  return false;
}

const letters = /[A-Za-z]+/g;

/** The places of mnemonics, or of six and more words of one, in ASCII text. */
function findPhrases(text: string): Token[] {
  if (!hasCandidates(text)) return [];
  table ??= buildTable();
  const { words, prefixes } = table;
  if (!hasCandidates(text, prefixes)) return [];
  const found: Token[] = [];
  let count = 0;
  let start = 0;
  let end = 0;
  const finish = (): void => {
    if (count >= leastWords) found.push({ start, end });
    count = 0;
  };
  for (const match of text.matchAll(letters)) {
    if (match.index - end > maxGapChars) finish();
    if (words.has(match[0].toLowerCase())) {
      if (count++ === 0) start = match.index;
      end = match.index + match[0].length;
    } else {
      finish();
    }
  }
  finish();
  return found;
}

/** `text` without BIP-39 phrases (English, Spanish) or parts of six words and more. */
export function redactMnemonics(text: string, isAscii: boolean = !nonAscii.test(text)): string {
  if (!isAscii) {
    // Folding accents moves places, so a text with a phrase goes as a whole.
    if (findPhrases(foldAccents(text)).length > 0) return redactedMnemonic;
    return text;
  }
  const phrases = findPhrases(text);
  if (phrases.length === 0) return text;
  let clean = '';
  let last = 0;
  for (const { start, end } of phrases) {
    clean += text.slice(last, start) + redactedMnemonic;
    last = end;
  }
  return clean + text.slice(last);
}
