import { CodecError } from './errors.ts';

/** Base units of one MXD. */
export const unitsPerMxd: bigint = 100_000_000n;
/** The largest amount, 2^64 - 1 base units. */
export const maxAmount: bigint = 0xffff_ffff_ffff_ffffn;

const decimals = 8;
const format = /^(\d+)(?:\.(\d+))?$/;

/**
 * Base units of a decimal text in MXD, such as `1`, `0.5` or `12.00000001`.
 * No sign, no exponent, no separators, no rounding.
 * @throws CodecError AMOUNT_FORMAT, AMOUNT_DECIMALS or AMOUNT_RANGE.
 */
export function parseAmount(text: string): bigint {
  // 20 digits before the point can hold 2^64 in any unit; the bound keeps the conversion cheap.
  if (text.length > 40) {
    throw new CodecError('AMOUNT_FORMAT', 'the amount is longer than 40 characters', {
      length: text.length,
    });
  }
  const match = format.exec(text);
  if (match === null) {
    throw new CodecError('AMOUNT_FORMAT', `"${text}" is not a decimal number such as 12.5`, {
      text,
    });
  }
  const fraction = match[2] ?? '';
  if (fraction.length > decimals) {
    throw new CodecError(
      'AMOUNT_DECIMALS',
      `"${text}" has ${fraction.length} decimals; the smallest unit is 0.00000001 MXD`,
      { text },
    );
  }
  const units = BigInt(match[1] as string) * unitsPerMxd + BigInt(fraction.padEnd(decimals, '0'));
  if (units > maxAmount) {
    throw new CodecError('AMOUNT_RANGE', `"${text}" is more than 184467440737.09551615 MXD`, {
      text,
    });
  }
  return units;
}

/** Decimal text in MXD of base units, without trailing zeros: `12.5`, `0.00000001`, `3`. */
export function formatAmount(units: bigint): string {
  checkAmount(units);
  const whole = units / unitsPerMxd;
  const fraction = (units % unitsPerMxd).toString().padStart(decimals, '0').replace(/0+$/, '');
  return fraction === '' ? whole.toString() : `${whole}.${fraction}`;
}

/** The amount itself, if it is 0 to 2^64 - 1. @throws CodecError AMOUNT_RANGE. */
export function checkAmount(units: bigint): bigint {
  if (units < 0n || units > maxAmount) {
    throw new CodecError('AMOUNT_RANGE', `${units} base units is not 0 to 2^64 - 1`, { units });
  }
  return units;
}

/** Sum of two amounts. @throws CodecError AMOUNT_RANGE past 2^64 - 1. */
export const addAmounts = (a: bigint, b: bigint): bigint => checkAmount(a + b);

/** Difference of two amounts. @throws CodecError AMOUNT_RANGE below zero. */
export const subtractAmounts = (a: bigint, b: bigint): bigint => checkAmount(a - b);
