/**
 * The texts in which a secret may show up in a log line. They are built in byte arrays, not in
 * strings, so that they can be wiped when the secret is retired; JavaScript strings cannot.
 */

/** One text to look for, as UTF-16 code units, and how to compare it. */
export interface SecretForm {
  readonly codes: Uint16Array;
  /** Compare ASCII letters in either case: hexadecimal digits have no one case. */
  readonly anyCase: boolean;
}

const hexDigits = codesOf('0123456789abcdef');
const base58Digits = codesOf('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz');
const base64Common = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const base64Digits = codesOf(`${base64Common}+/`);
const base64UrlDigits = codesOf(`${base64Common}-_`);
const percent = 0x25;
const space = 0x20;
const colon = 0x3a;
const comma = 0x2c;

function codesOf(text: string): Uint16Array {
  return Uint16Array.from(text, (character) => character.charCodeAt(0));
}

/** RFC 3986 unreserved characters and those that encodeURIComponent leaves alone besides. */
const isUnescaped = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) ||
  (byte >= 65 && byte <= 90) ||
  (byte >= 97 && byte <= 122) ||
  "-_.~!*'()".includes(String.fromCharCode(byte));

/** Hexadecimal digits, with `separator` between bytes when given. */
function hexCodes(secret: Uint8Array, separator?: number): Uint16Array {
  const step = separator === undefined ? 2 : 3;
  const codes = new Uint16Array(secret.length * step - (step - 2));
  secret.forEach((byte, i) => {
    codes[i * step] = hexDigits[byte >> 4] as number;
    codes[i * step + 1] = hexDigits[byte & 15] as number;
    if (separator !== undefined && i + 1 < secret.length) codes[i * step + 2] = separator;
  });
  return codes;
}

/**
 * The Base64 digits that `secret` alone determines when `lead` unknown bytes stand before it:
 * what is left of it inside a longer encoding, such as that of `user:password`.
 */
function base64Codes(secret: Uint8Array, lead: 0 | 1 | 2, digits: Uint16Array): Uint16Array {
  const first = Math.ceil((lead * 8) / 6);
  const end = Math.floor((lead * 8 + secret.length * 8) / 6);
  const codes = new Uint16Array(end - first);
  for (let digit = first; digit < end; digit++) {
    const bit = digit * 6 - lead * 8;
    const index = bit >> 3;
    const pair = ((secret[index] as number) << 8) | (secret[index + 1] ?? 0);
    codes[digit - first] = digits[(pair >> (10 - (bit & 7))) & 63] as number;
  }
  return codes;
}

function base58Codes(secret: Uint8Array): Uint16Array {
  const digits = new Uint8Array(Math.ceil(secret.length * 1.37) + 1);
  let used = 0;
  for (const byte of secret) {
    let carry = byte;
    for (let i = 0; i < used || carry > 0; i++) {
      carry += (digits[i] as number) << 8;
      digits[i] = carry % 58;
      carry = (carry / 58) | 0;
      if (i >= used) used = i + 1;
    }
  }
  let zeros = 0;
  while (zeros < secret.length && secret[zeros] === 0) zeros++;
  const codes = new Uint16Array(zeros + used);
  codes.fill(base58Digits[0] as number, 0, zeros);
  for (let i = 0; i < used; i++) {
    codes[zeros + i] = base58Digits[digits[used - 1 - i] as number] as number;
  }
  digits.fill(0);
  return codes;
}

/** Percent-encoding of the bytes: all of them, or only those that need it. */
function percentCodes(secret: Uint8Array, isPlain: (byte: number) => boolean): Uint16Array {
  let length = 0;
  for (const byte of secret) length += isPlain(byte) ? 1 : 3;
  const codes = new Uint16Array(length);
  let at = 0;
  for (const byte of secret) {
    if (isPlain(byte)) {
      codes[at++] = byte;
    } else {
      codes[at++] = percent;
      codes[at++] = hexDigits[byte >> 4] as number;
      codes[at++] = hexDigits[byte & 15] as number;
    }
  }
  return codes;
}

/** `1,2,3`: what JSON and String() make of a byte array. */
function decimalCodes(secret: Uint8Array): Uint16Array {
  const codes = new Uint16Array(secret.length * 4);
  let at = 0;
  secret.forEach((byte, i) => {
    if (i > 0) codes[at++] = comma;
    if (byte >= 100) codes[at++] = 48 + Math.floor(byte / 100);
    if (byte >= 10) codes[at++] = 48 + (Math.floor(byte / 10) % 10);
    codes[at++] = 48 + (byte % 10);
  });
  return codes.subarray(0, at);
}

/** UTF-8 text as UTF-16 code units; undefined when the bytes are not UTF-8 text. */
function textCodes(secret: Uint8Array): Uint16Array | undefined {
  try {
    // A short-lived string: decoding by hand would be the only way round it.
    return utf16Codes(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(secret));
  } catch {
    return undefined;
  }
}

function utf16Codes(text: string): Uint16Array {
  const codes = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) codes[i] = text.charCodeAt(i);
  return codes;
}

/** The text as it stands inside a JSON string: quotes, backslashes and controls escaped. */
function jsonCodes(text: Uint16Array): Uint16Array {
  const quoted = JSON.stringify(String.fromCharCode(...text));
  return utf16Codes(quoted.slice(1, -1));
}

/** All forms of `secret` that are long enough to be searched for. */
export function formsOf(secret: Uint8Array, leastChars: number): SecretForm[] {
  const forms: SecretForm[] = [];
  const add = (codes: Uint16Array, anyCase: boolean): void => {
    if (codes.length < leastChars) return;
    const known = forms.some((form) => form.anyCase === anyCase && sameCodes(form.codes, codes));
    if (!known) forms.push({ codes, anyCase });
  };
  add(hexCodes(secret), true);
  add(hexCodes(secret, colon), true);
  add(hexCodes(secret, space), true);
  for (const lead of [0, 1, 2] as const) {
    add(base64Codes(secret, lead, base64Digits), false);
    add(base64Codes(secret, lead, base64UrlDigits), false);
  }
  add(base58Codes(secret), false);
  add(decimalCodes(secret), false);
  add(
    percentCodes(secret, () => false),
    true,
  );
  const escaped = percentCodes(secret, isUnescaped);
  // Escapes may have either case, so this form is compared in any case as a whole.
  if (escaped.length > secret.length) add(escaped, true);
  const text = textCodes(secret);
  if (text !== undefined) {
    add(text, false);
    if (text.length < 4096) add(jsonCodes(text), false);
  }
  return forms;
}

function sameCodes(a: Uint16Array, b: Uint16Array): boolean {
  return a.length === b.length && a.every((code, i) => code === b[i]);
}
