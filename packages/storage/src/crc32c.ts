/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), eight bytes per step. Written out because
 * `node:zlib` only has the IEEE polynomial, while LevelDB's files carry this one.
 */
const polynomial = 0x82f63b78;

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let index = 0; index < 256; index += 1) {
    let crc = index;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    tables[index] = crc;
  }
  for (let table = 1; table < 8; table += 1) {
    for (let index = 0; index < 256; index += 1) {
      const previous = tables[(table - 1) * 256 + index] ?? 0;
      tables[table * 256 + index] = (previous >>> 8) ^ (tables[previous & 255] ?? 0);
    }
  }
  return tables;
}

const tables: Int32Array = makeTables();
const word = (index: number): number => tables[index] as number;
const byte = (bytes: Uint8Array, index: number): number => bytes[index] as number;

/**
 * The checksum of `bytes[start, end)` as an unsigned 32-bit number; `seed` is the checksum of what
 * came before, so that parts can be checked one after the other.
 */
export function crc32c(bytes: Uint8Array, seed = 0, start = 0, end: number = bytes.length): number {
  let crc = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc ^=
      byte(bytes, at) |
      (byte(bytes, at + 1) << 8) |
      (byte(bytes, at + 2) << 16) |
      (byte(bytes, at + 3) << 24);
    crc =
      word(1792 + (crc & 255)) ^
      word(1536 + ((crc >>> 8) & 255)) ^
      word(1280 + ((crc >>> 16) & 255)) ^
      word(1024 + (crc >>> 24)) ^
      word(768 + byte(bytes, at + 4)) ^
      word(512 + byte(bytes, at + 5)) ^
      word(256 + byte(bytes, at + 6)) ^
      word(byte(bytes, at + 7));
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ word((crc ^ byte(bytes, at)) & 255);
  return ~crc >>> 0;
}
