/** CRC-32C (Castagnoli, RFC 3720 B.4), reflected polynomial 0x82f63b78, eight bytes per round. */
const tables: readonly Uint32Array[] = makeTables();

function makeTables(): readonly Uint32Array[] {
  const all = Array.from({ length: 8 }, () => new Uint32Array(256));
  const [first] = all;
  if (first === undefined) return all;
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = (c & 1) === 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    first[i] = c;
  }
  for (let t = 1; t < 8; t++) {
    const table = all[t] as Uint32Array;
    const before = all[t - 1] as Uint32Array;
    for (let i = 0; i < 256; i++) {
      const c = before[i] as number;
      table[i] = (c >>> 8) ^ (first[c & 0xff] as number);
    }
  }
  return all;
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** Continues a checksum over more bytes; `state` of an earlier call, or 0 to begin. */
export function crc32c(bytes: Uint8Array, state = 0): number {
  let c = ~state;
  let i = 0;
  const end = bytes.length - 7;
  for (; i < end; i += 8) {
    const low =
      c ^
      ((bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24));
    c =
      (t7[low & 0xff] as number) ^
      (t6[(low >>> 8) & 0xff] as number) ^
      (t5[(low >>> 16) & 0xff] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[bytes[i + 4] as number] as number) ^
      (t2[bytes[i + 5] as number] as number) ^
      (t1[bytes[i + 6] as number] as number) ^
      (t0[bytes[i + 7] as number] as number);
  }
  for (; i < bytes.length; i++) {
    c = (c >>> 8) ^ (t0[(c ^ (bytes[i] as number)) & 0xff] as number);
  }
  return ~c >>> 0;
}
