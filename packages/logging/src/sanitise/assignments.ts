/** `name=value`, `name: value` and `"name":"value"` inside text, for names that mark secrets. */
import { kindOfName } from './names.ts';

const redacted = '[redacted]';
const maxNameChars = 64;
const equals = 0x3d;
const colon = 0x3a;

const isNameCode = (code: number): boolean =>
  (code >= 48 && code <= 57) ||
  (code >= 65 && code <= 90) ||
  (code >= 97 && code <= 122) ||
  code === 0x5f ||
  code === 0x2d ||
  code === 0x2e;

/** Quote, backslash, or blank: may stand between a name, its separator and its value. */
const isPadding = (character: string | undefined): boolean =>
  character === '"' ||
  character === "'" ||
  character === '\\' ||
  character === ' ' ||
  character === '`' ||
  character === '\t' ||
  character === ']' ||
  character === '[';

const isSmallNumber = /^\d{1,15}$/;
const valueEnd = /[\s,;&"'`)}\]<>\\]/g;
const lineEnd = /[\r\n]/g;

function endAt(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? text.length : match.index;
}

function nameBefore(text: string, separator: number, least: number): string {
  let end = separator;
  while (end > least && separator - end < 4 && isPadding(text[end - 1])) end--;
  let start = end;
  while (start > least && end - start < maxNameChars && isNameCode(text.charCodeAt(start - 1))) {
    start--;
  }
  return text.slice(start, end);
}

interface Value {
  readonly start: number;
  readonly end: number;
}

function valueAfter(text: string, separator: number, wholeLine: boolean): Value {
  let start = separator + 1;
  let quote: string | undefined;
  // Also skips the rest of `=>`, `==` and `:=`.
  while (start < text.length && start - separator < 12) {
    const character = text[start];
    if (character === '"' || character === "'" || character === '`') quote = character;
    else if (
      character !== ' ' &&
      character !== '\t' &&
      character !== '\\' &&
      character !== '=' &&
      character !== '>'
    )
      break;
    start++;
  }
  if (quote !== undefined) {
    const end = text.indexOf(quote, start);
    return { start, end: end === -1 ? text.length : end };
  }
  if (text[start] === '{' || text[start] === '[') return { start, end: text.length };
  return { start, end: endAt(wholeLine ? lineEnd : valueEnd, text, start) };
}

/** `text` with the values of secret-like names replaced. Linear in its length. */
export function redactAssignments(text: string): string {
  let clean = '';
  let last = 0;
  for (let i = 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== equals && code !== colon) continue;
    const name = nameBefore(text, i, last);
    if (name.length < 2) continue;
    const kind = kindOfName(name);
    if (kind === 'plain') continue;
    // After `Passphrase: ` a secret may have blanks of its own.
    const wholeLine = kind === 'strict' && code === colon && text[i + 1] === ' ';
    const value = valueAfter(text, i, wholeLine);
    const shown = text.slice(value.start, value.end);
    if (shown === '' || (kind === 'soft' && isSmallNumber.test(shown))) continue;
    clean += text.slice(last, value.start) + redacted;
    last = value.end;
    i = value.end - 1;
  }
  return last === 0 ? text : clean + text.slice(last);
}
