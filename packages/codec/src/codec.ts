import { type Result } from './coded-error.ts';
import { CodecError, type codecErrors } from './errors.ts';
import { DecodeFailure, Reader, toCodecError } from './reader.ts';
import { Writer } from './writer.ts';

/**
 * A canonical, strict, total encoding of values of type T: one value has one encoding; every byte
 * string decodes to a value or fails with a coded error, in time and memory bounded by its length.
 */
export interface Codec<T> {
  /** Length of the shortest encoding, in bytes. */
  readonly minBytes: number;
  /** Length of the longest encoding, in bytes. */
  readonly maxBytes: number;
  /** Length of this value's encoding, in bytes. */
  size(value: T): number;
  /** Appends the encoding. @throws CodecError for a value that has none. */
  encodeInto(writer: Writer, value: T): void;
  /** Takes one value off the reader, leaving what follows. Fails by `Reader.fail`. */
  decodeFrom(reader: Reader): T;
  /** The encoding as new bytes. @throws CodecError for a value that has none. */
  encode(value: T): Uint8Array;
  /** The value of exactly these bytes; byte fields are views of them. @throws CodecError. */
  decode(bytes: Uint8Array): T;
  /** Like `decode`, with the error as a value: for bytes that peers sent. */
  tryDecode(bytes: Uint8Array): Result<T, CodecError>;
}

/** What a codec is made from; the rest follows. */
export interface CodecParts<T> {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly size: (value: T) => number;
  readonly encodeInto: (writer: Writer, value: T) => void;
  readonly decodeFrom: (reader: Reader) => T;
}

let spare: Writer | undefined = new Writer(4096);

/** The encoding of one value, made in a reused writer; a nested call gets one of its own. */
function encodeWhole<T>(parts: CodecParts<T>, value: T): Uint8Array {
  const writer = spare ?? new Writer();
  spare = undefined;
  try {
    parts.encodeInto(writer, value);
    return writer.finish();
  } finally {
    writer.reset();
    spare = writer;
  }
}

function decodeWhole<T>(parts: CodecParts<T>, bytes: Uint8Array): T {
  const reader = new Reader(bytes);
  const value = parts.decodeFrom(reader);
  if (reader.offset !== bytes.length) {
    reader.fail('CODEC_TRAILING', `${bytes.length - reader.offset} bytes follow the value`);
  }
  return value;
}

/** Completes a codec from its parts. */
export function makeCodec<T>(parts: CodecParts<T>): Codec<T> {
  return {
    minBytes: parts.minBytes,
    maxBytes: parts.maxBytes,
    size: parts.size,
    encodeInto: parts.encodeInto,
    decodeFrom: parts.decodeFrom,
    encode: (value) => encodeWhole(parts, value),
    decode(bytes) {
      try {
        return decodeWhole(parts, bytes);
      } catch (error) {
        throw error instanceof DecodeFailure ? toCodecError(error) : error;
      }
    },
    tryDecode(bytes) {
      try {
        return { ok: true, value: decodeWhole(parts, bytes) };
      } catch (error) {
        if (error instanceof DecodeFailure) return { ok: false, error: toCodecError(error) };
        if (error instanceof CodecError) return { ok: false, error };
        throw error;
      }
    },
  };
}

/** Throws for a value that cannot be encoded. */
export function badValue(code: keyof typeof codecErrors, message: string): never {
  throw new CodecError(code, message);
}
