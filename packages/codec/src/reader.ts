import { CodecError, type codecErrors } from './errors.ts';

/** Raised inside a decoder; turned into a `CodecError` with the whole path at its edge. */
export class DecodeFailure extends Error {
  readonly code: keyof typeof codecErrors;
  readonly offset: number;
  /** Field names and indices, innermost first. */
  readonly path: (string | number)[] = [];

  constructor(code: keyof typeof codecErrors, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

// A failure is control flow on paths that peers drive: no stack trace is collected for it.
function fail(code: keyof typeof codecErrors, message: string, offset: number): never {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const failure = new DecodeFailure(code, message, offset);
  Error.stackTraceLimit = limit;
  throw failure;
}

/** `block.transactions[3].outputs[0].amount` from a path, innermost first. */
export function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (let i = path.length - 1; i >= 0; i--) {
    const part = path[i] as string | number;
    text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  }
  return text;
}

/** The `CodecError` that a failure becomes outside of this package. */
export function toCodecError(failure: DecodeFailure): CodecError {
  const path = pathText(failure.path);
  const message = path === '' ? failure.message : `${path}: ${failure.message}`;
  return new CodecError(failure.code, message, { path, offset: failure.offset });
}

/** A bounds-checked cursor over input bytes. Byte fields are views of the input, not copies. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  /** Fails unless `count` more bytes exist; called before anything is allocated. */
  need(count: number): void {
    if (count > this.bytes.length - this.offset) {
      fail(
        'CODEC_TRUNCATED',
        `needs ${count} bytes, ${this.bytes.length - this.offset} are left`,
        this.offset,
      );
    }
  }

  u8(): number {
    this.need(1);
    return this.bytes[this.offset++] as number;
  }

  u16(): number {
    this.need(2);
    const value = this.#view.getUint16(this.offset);
    this.offset += 2;
    return value;
  }

  u32(): number {
    this.need(4);
    const value = this.#view.getUint32(this.offset);
    this.offset += 4;
    return value;
  }

  u64(): bigint {
    this.need(8);
    const value = this.#view.getBigUint64(this.offset);
    this.offset += 8;
    return value;
  }

  /** A u64 that must be below 2^53: heights, timestamps. */
  u53(): number {
    this.need(8);
    const high = this.#view.getUint32(this.offset);
    if (high > 0x1f_ffff) fail('CODEC_RANGE', 'the number is 2^53 or more', this.offset);
    const value = high * 0x1_0000_0000 + this.#view.getUint32(this.offset + 4);
    this.offset += 8;
    return value;
  }

  /** A view of the next `count` bytes. */
  take(count: number): Uint8Array {
    this.need(count);
    const start = this.offset;
    this.offset = start + count;
    return this.bytes.subarray(start, this.offset);
  }

  /** Ends decoding with a coded failure at the current offset. */
  fail(code: keyof typeof codecErrors, message: string): never {
    return fail(code, message, this.offset);
  }
}
