import { CodecError, fromHex, type Codec } from '@mxd/codec';

import { ClientError } from './errors.ts';

const malformed = (what: string, rule: string): ClientError =>
  new ClientError('CLIENT_MALFORMED', `${what} ${rule}`, { what });

/** Bytes of a field of an answer. @throws ClientError CLIENT_MALFORMED. */
export function bytesOf(value: unknown, what: string, length?: number): Uint8Array {
  if (typeof value !== 'string') throw malformed(what, 'is no text');
  let bytes: Uint8Array;
  try {
    bytes = fromHex(value);
  } catch (error) {
    if (error instanceof CodecError) throw malformed(what, 'is no hexadecimal text');
    throw error;
  }
  if (length !== undefined && bytes.length !== length) {
    throw malformed(what, `has ${bytes.length} bytes, not ${length}`);
  }
  return bytes;
}

/** A value of a codec from hexadecimal text. @throws ClientError CLIENT_MALFORMED. */
export function decodeHex<Value>(codec: Codec<Value>, value: unknown, what: string): Value {
  const decoded = codec.tryDecode(bytesOf(value, what));
  if (decoded.ok) return decoded.value;
  throw malformed(what, `cannot be decoded: ${decoded.error.message}`);
}

/** A whole number of an answer. @throws ClientError CLIENT_MALFORMED. */
export function numberOf(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(what, 'is no whole number');
}

/** Base units of an answer. @throws ClientError CLIENT_MALFORMED. */
export function amountOf(value: unknown, what: string): bigint {
  if (typeof value === 'string' && /^-?(0|[1-9]\d{0,19})$/.test(value)) return BigInt(value);
  throw malformed(what, 'is no amount in base units');
}

/** A list of an answer. @throws ClientError CLIENT_MALFORMED. */
export function listOf(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what, 'is no list');
  if (value.length > most) throw malformed(what, `has ${value.length} entries`);
  return value;
}

/** A JSON object. @throws ClientError CLIENT_MALFORMED. */
export function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw malformed(what, 'is no object');
}
