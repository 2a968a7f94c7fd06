import { CodecError } from './errors.ts';

/** A growing buffer that encoders write into. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  offset = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #reserve(count: number): void {
    const needed = this.offset + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.offset));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.offset++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.offset, value);
    this.offset += 2;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.offset, value);
    this.offset += 4;
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.offset, value);
    this.offset += 8;
  }

  u53(value: number): void {
    this.#reserve(8);
    this.#view.setUint32(this.offset, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(this.offset + 4, value >>> 0);
    this.offset += 8;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.offset);
    this.offset += value.length;
  }

  /** Overwrites the u32 at `at`, which was written before: for lengths known only afterwards. */
  patchU32(at: number, value: number): void {
    if (at + 4 > this.offset) {
      throw new CodecError('CODEC_VALUE', `nothing was written at offset ${at}`, { at });
    }
    this.#view.setUint32(at, value);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.offset);
  }

  /** Forgets what was written and keeps the buffer, unless it has grown past `keepBytes`. */
  reset(keepBytes: number = 1 << 20): void {
    this.offset = 0;
    if (this.#bytes.length > keepBytes) {
      this.#bytes = new Uint8Array(1024);
      this.#view = new DataView(this.#bytes.buffer);
    }
  }
}
