import { badValue, makeCodec, type Codec } from './codec.ts';

function checkUnsigned(value: number, max: number, name: string): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    badValue('CODEC_RANGE', `${String(value)} is no ${name}`);
  }
}

/** Unsigned 8-bit integer. */
export const u8: Codec<number> = makeCodec({
  minBytes: 1,
  maxBytes: 1,
  size: () => 1,
  encodeInto(writer, value) {
    checkUnsigned(value, 0xff, 'u8');
    writer.u8(value);
  },
  decodeFrom: (reader) => reader.u8(),
});

/** Unsigned 16-bit integer, big-endian. */
export const u16: Codec<number> = makeCodec({
  minBytes: 2,
  maxBytes: 2,
  size: () => 2,
  encodeInto(writer, value) {
    checkUnsigned(value, 0xffff, 'u16');
    writer.u16(value);
  },
  decodeFrom: (reader) => reader.u16(),
});

/** Unsigned 32-bit integer, big-endian. */
export const u32: Codec<number> = makeCodec({
  minBytes: 4,
  maxBytes: 4,
  size: () => 4,
  encodeInto(writer, value) {
    checkUnsigned(value, 0xffff_ffff, 'u32');
    writer.u32(value);
  },
  decodeFrom: (reader) => reader.u32(),
});

/** Unsigned 64-bit integer that must be below 2^53: heights and timestamps in milliseconds. */
export const u53: Codec<number> = makeCodec({
  minBytes: 8,
  maxBytes: 8,
  size: () => 8,
  encodeInto(writer, value) {
    checkUnsigned(value, Number.MAX_SAFE_INTEGER, 'u64 below 2^53');
    writer.u53(value);
  },
  decodeFrom: (reader) => reader.u53(),
});

/** Unsigned 64-bit integer, big-endian, as bigint: amounts. */
export const u64: Codec<bigint> = makeCodec({
  minBytes: 8,
  maxBytes: 8,
  size: () => 8,
  encodeInto(writer, value) {
    if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) {
      badValue('CODEC_RANGE', `${String(value)} is no u64`);
    }
    writer.u64(value);
  },
  decodeFrom: (reader) => reader.u64(),
});
