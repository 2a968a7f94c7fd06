import { badValue, makeCodec, type Codec } from './codec.ts';
import { u16, u32, u8 } from './integers.ts';

function checkBytes(value: Uint8Array): void {
  if (!(value instanceof Uint8Array)) badValue('CODEC_VALUE', 'expected bytes');
}

/** Exactly `length` bytes, no prefix. */
export function bytes(length: number): Codec<Uint8Array> {
  return makeCodec({
    minBytes: length,
    maxBytes: length,
    size: () => length,
    encodeInto(writer, value) {
      checkBytes(value);
      if (value.length !== length) {
        badValue('CODEC_LENGTH', `${value.length} bytes where ${length} are needed`);
      }
      writer.bytes(value);
    },
    decodeFrom: (reader) => reader.take(length),
  });
}

function prefixed(prefix: Codec<number>, max: number, min: number): Codec<Uint8Array> {
  return makeCodec({
    minBytes: prefix.minBytes + min,
    maxBytes: prefix.maxBytes + max,
    size: (value) => prefix.maxBytes + value.length,
    encodeInto(writer, value) {
      checkBytes(value);
      if (value.length < min || value.length > max) {
        badValue('CODEC_LENGTH', `${value.length} bytes where ${min} to ${max} are allowed`);
      }
      prefix.encodeInto(writer, value.length);
      writer.bytes(value);
    },
    decodeFrom(reader) {
      const length = prefix.decodeFrom(reader);
      if (length < min || length > max) {
        reader.fail('CODEC_LENGTH', `length ${length} where ${min} to ${max} is allowed`);
      }
      return reader.take(length);
    },
  });
}

/** A u8 length, then that many bytes, `min` to `max`. */
export const bytesU8 = (max = 0xff, min = 0): Codec<Uint8Array> => prefixed(u8, max, min);
/** A u16 length, then that many bytes, `min` to `max`. */
export const bytesU16 = (max = 0xffff, min = 0): Codec<Uint8Array> => prefixed(u16, max, min);
/** A u32 length, then that many bytes, `min` to `max`. */
export const bytesU32 = (max: number, min = 0): Codec<Uint8Array> => prefixed(u32, max, min);
