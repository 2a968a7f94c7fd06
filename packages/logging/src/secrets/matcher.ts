/**
 * Search for many texts at once: Wu and Manber's algorithm (TR-94-17) over blocks of 4 characters.
 *
 * A table maps the hash of a block to how far the window may move. With 32 registered keys (about
 * 450 texts of at least 42 characters) most probes skip 15 to 20 characters, so a log line of 400
 * characters costs about 25 probes, where a regular expression would try every text at every place.
 */
import type { SecretForm } from './forms.ts';

const blockChars = 4;
const tableBits = 16;
const tableSize = 1 << tableBits;
/** A longer window would put more blocks into the table than longer skips are worth. */
const maxWindow = 24;
/** Texts are compared up to here; beyond it a match is followed as far as it goes. */
const comparedChars = 192;

/** A place in a text: from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const fold = (code: number): number => code | 0x20;

function hashBlock(a: number, b: number, c: number, d: number): number {
  // Letters hash alike in both cases, because hexadecimal forms are compared in any case.
  const mixed =
    Math.imul(((a | 0x20) << 8) ^ (b | 0x20), 0x9e3779b1) ^ (((c | 0x20) << 8) ^ (d | 0x20));
  return Math.imul(mixed, 0x85ebca6b) >>> (32 - tableBits);
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 97 && lower <= 122;
}

function sameCode(expected: number, actual: number, anyCase: boolean): boolean {
  if (expected === actual) return true;
  return anyCase && fold(expected) === fold(actual) && isLetter(expected) && isLetter(actual);
}

/** A compiled set of texts. Immutable but for `wipe`. */
export class SecretMatcher {
  readonly #forms: readonly SecretForm[];
  readonly #window: number;
  /** How far the window moves for a block; 0: a text may end its window here. */
  readonly #shift: Uint8Array;
  /** First form (plus 1) for a block, then chained by `#next`. */
  readonly #head: Uint16Array;
  readonly #next: Uint16Array;

  /** @param forms at most 65,535 texts, each of at least 4 characters. */
  constructor(forms: readonly SecretForm[]) {
    this.#forms = forms;
    let window = maxWindow;
    for (const form of forms) window = Math.min(window, form.codes.length);
    this.#window = window;
    this.#shift = new Uint8Array(tableSize).fill(window - blockChars + 1);
    this.#head = new Uint16Array(tableSize);
    this.#next = new Uint16Array(forms.length + 1);
    forms.forEach((form, index) => this.#addForm(form.codes, index + 1));
  }

  #addForm(codes: Uint16Array, number: number): void {
    const at = (i: number): number => codes[i] as number;
    for (let end = blockChars - 1; end < this.#window; end++) {
      const block = hashBlock(at(end - 3), at(end - 2), at(end - 1), at(end));
      const distance = this.#window - 1 - end;
      if (distance < (this.#shift[block] as number)) this.#shift[block] = distance;
      if (distance === 0) {
        this.#next[number] = this.#head[block] as number;
        this.#head[block] = number;
      }
    }
  }

  /** The first place at or after `from` where one of the texts stands. */
  find(text: string, from = 0): Span | undefined {
    const window = this.#window;
    const shifts = this.#shift;
    const length = text.length;
    if (this.#forms.length === 0) return undefined;
    let end = from + window - 1;
    while (end < length) {
      const block = hashBlock(
        text.charCodeAt(end - 3),
        text.charCodeAt(end - 2),
        text.charCodeAt(end - 1),
        text.charCodeAt(end),
      );
      const shift = shifts[block] as number;
      if (shift > 0) {
        end += shift;
        continue;
      }
      const found = this.#verify(text, end - window + 1, block);
      if (found > 0) return { start: end - window + 1, end: found };
      end++;
    }
    return undefined;
  }

  /** The end of the longest text that stands at `start`; 0 when none does. */
  #verify(text: string, start: number, block: number): number {
    let best = 0;
    for (let n = this.#head[block] as number; n !== 0; n = this.#next[n] as number) {
      const { codes, anyCase } = this.#forms[n - 1] as SecretForm;
      const needed = Math.min(codes.length, comparedChars);
      if (start + needed > text.length) continue;
      let i = 0;
      while (
        i < codes.length &&
        start + i < text.length &&
        sameCode(codes[i] as number, text.charCodeAt(start + i), anyCase)
      ) {
        i++;
      }
      if (i >= needed) best = Math.max(best, start + i);
    }
    return best;
  }

  /** Forgets the tables, from which parts of the texts could be read. The forms are the caller's. */
  wipe(): void {
    this.#shift.fill(0xff);
    this.#head.fill(0);
    this.#next.fill(0);
  }
}
