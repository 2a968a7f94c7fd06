import { crc32c } from './crc32c.ts';

const checksumBytes = 4;

/** The value followed by the CRC-32C over key and value, big-endian. */
export function appendChecksum(key: Uint8Array, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(value.length + checksumBytes);
  stored.set(value);
  const crc = crc32c(value, crc32c(key));
  stored[value.length] = crc >>> 24;
  stored[value.length + 1] = crc >>> 16;
  stored[value.length + 2] = crc >>> 8;
  stored[value.length + 3] = crc;
  return stored;
}

/** The value without its checksum; nothing if that does not match. */
export function withoutChecksum(key: Uint8Array, stored: Uint8Array): Uint8Array | undefined {
  const end = stored.length - checksumBytes;
  if (end < 0) return undefined;
  const found =
    ((stored[end] ?? 0) << 24) |
    ((stored[end + 1] ?? 0) << 16) |
    ((stored[end + 2] ?? 0) << 8) |
    (stored[end + 3] ?? 0);
  return found >>> 0 === crc32c(stored, crc32c(key), 0, end) ? stored.subarray(0, end) : undefined;
}
