import { toHex } from '@mxd/codec';
import { expect } from 'vitest';

/** Big-endian hexadecimal text of a number in so many bytes. */
export const be = (bytes: number, value: number | bigint): string =>
  BigInt(value)
    .toString(16)
    .padStart(2 * bytes, '0');

/** The same byte, so many times, as hexadecimal text. */
export const fill = (bytes: number, byte: number): string => be(1, byte).repeat(bytes);

/** So many bytes of one value. */
export const of = (bytes: number, byte: number): Uint8Array => new Uint8Array(bytes).fill(byte);

/** A table of the specification: offset, name and content of each field, one after the other. */
export type Layout = readonly (readonly [offset: number, field: string, hex: string])[];

/** Fails at the first field that does not stand at its offset with its content. */
export function expectLayout(encoded: Uint8Array, layout: Layout): void {
  let end = 0;
  for (const [offset, field, hex] of layout) {
    expect(offset, `offset of ${field}`).toBe(end);
    end = offset + hex.length / 2;
    expect(`${field} ${toHex(encoded.subarray(offset, end))}`).toBe(`${field} ${hex}`);
  }
  expect(encoded.length).toBe(end);
}
