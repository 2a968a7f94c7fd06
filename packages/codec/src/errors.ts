import { CodedError } from './coded-error.ts';

/** Every code that this package can throw, with what it means. */
export const codecErrors = {
  CODEC_TRUNCATED: 'The input ended before the value was complete.',
  CODEC_TRAILING: 'Bytes are left over after the value.',
  CODEC_LENGTH: 'A length or count lies outside the range that the format allows.',
  CODEC_RANGE: 'A number lies outside the range that the format allows.',
  CODEC_TAG: 'A tag names no known variant.',
  CODEC_RULE: 'The value breaks a rule of its format.',
  CODEC_VALUE: 'The value to encode has the wrong type or shape.',
  HEX_INVALID: 'The text is not an even number of hexadecimal digits.',
  BASE58_CHARACTER: 'The text has a character that Base58 does not use (0, O, I, l or a symbol).',
  BASE58_LENGTH: 'The Base58 text has the wrong length.',
  BASE58_CHECKSUM: 'The checksum does not match: the text was mistyped or cut.',
  AMOUNT_FORMAT: 'The amount is not a plain decimal number.',
  AMOUNT_DECIMALS: 'The amount has more than 8 decimals.',
  AMOUNT_RANGE:
    'The amount is larger than 2^64 - 1 base units, or a sum or difference left that range.',
} as const;

/** Thrown for malformed input and values that have no encoding. */
export class CodecError extends CodedError<keyof typeof codecErrors> {}
