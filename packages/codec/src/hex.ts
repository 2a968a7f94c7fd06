import { CodecError } from './errors.ts';

const pairs: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** Value of an ASCII code unit as a hexadecimal digit, or -1. */
function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Lower-case hexadecimal text of bytes. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += pairs[bytes[i] as number] as string;
  return text;
}

/**
 * Bytes of hexadecimal text, both cases accepted, no prefix.
 * @throws CodecError HEX_INVALID for an odd length or another character.
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) {
    throw new CodecError('HEX_INVALID', `hex text has an odd length of ${text.length}`, {
      length: text.length,
    });
  }
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) {
    const high = nibble(text.charCodeAt(2 * i));
    const low = nibble(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) {
      const position = high < 0 ? 2 * i : 2 * i + 1;
      throw new CodecError('HEX_INVALID', `hex text has a bad digit at position ${position}`, {
        position,
      });
    }
    out[i] = high * 16 + low;
  }
  return out;
}
