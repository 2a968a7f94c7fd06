/** Frames of all MXD streams: u32 length (big-endian), then that many bytes. */

const headerBytes = 4;

/** Anything that libp2p hands over: one buffer or a list of buffers. */
export type Chunk = Uint8Array | Iterable<Uint8Array>;

/** A frame around a payload, in one buffer of its own. */
export function frame(payload: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(headerBytes + payload.length);
  out.writeUInt32BE(payload.length, 0);
  out.set(payload, headerBytes);
  return out;
}

/** A frame around `type` and a payload. */
export function typedFrame(type: number, payload: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(headerBytes + 1 + payload.length);
  out.writeUInt32BE(payload.length + 1, 0);
  out[headerBytes] = type;
  out.set(payload, headerBytes + 1);
  return out;
}

/** Only the header of a frame whose payload follows in writes of its own. */
export function typedFrameHeader(type: number, payloadBytes: number): Uint8Array {
  const out = Buffer.allocUnsafe(headerBytes + 1);
  out.writeUInt32BE(payloadBytes + 1, 0);
  out[headerBytes] = type;
  return out;
}

// A small frame is copied out of a larger buffer, so that keeping it does not keep the buffer.
const copyBelowBytes = 4096;

/**
 * Cuts a stream of chunks into frames. A length beyond `maxBytes` is refused on its header, before
 * anything is allocated for it; buffered memory is what was received, never what was announced.
 */
export class FrameReader {
  readonly maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #head = 0;
  #offset = 0;
  #available = 0;
  /** Set when a frame longer than `maxBytes` was announced; nothing is read any more. */
  oversized = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes received and not yet taken as frames. */
  get buffered(): number {
    return this.#available;
  }

  push(chunk: Chunk): void {
    if (chunk instanceof Uint8Array) this.#append(chunk);
    else for (const part of chunk) this.#append(part);
  }

  #append(part: Uint8Array): void {
    if (part.length === 0) return;
    // Never a Buffer: its `slice` is a view, not a copy, and receivers rely on the copy.
    const plain =
      part.constructor === Uint8Array
        ? part
        : new Uint8Array(part.buffer, part.byteOffset, part.length);
    this.#chunks.push(plain);
    this.#available += part.length;
  }

  /** The next whole frame's payload, or undefined until more arrives. */
  next(): Uint8Array | undefined {
    if (this.oversized || this.#available < headerBytes) return undefined;
    const length = this.#peekLength();
    if (length > this.maxBytes) {
      this.oversized = true;
      return undefined;
    }
    if (this.#available < headerBytes + length) return undefined;
    this.#skip(headerBytes);
    return this.#take(length);
  }

  #peekLength(): number {
    const chunk = this.#chunks[this.#head] as Uint8Array;
    const at = this.#offset;
    if (chunk.length - at >= headerBytes) {
      return (
        (chunk[at] as number) * 0x100_0000 +
        ((chunk[at + 1] as number) << 16) +
        ((chunk[at + 2] as number) << 8) +
        (chunk[at + 3] as number)
      );
    }
    let length = 0;
    let index = this.#head;
    let offset = at;
    for (let i = 0; i < headerBytes; i++) {
      while (offset >= (this.#chunks[index] as Uint8Array).length) {
        index += 1;
        offset = 0;
      }
      length = length * 256 + ((this.#chunks[index] as Uint8Array)[offset++] as number);
    }
    return length;
  }

  #skip(count: number): void {
    this.#available -= count;
    let left = count;
    while (left > 0) {
      const chunk = this.#chunks[this.#head] as Uint8Array;
      const here = Math.min(left, chunk.length - this.#offset);
      this.#offset += here;
      left -= here;
      if (this.#offset === chunk.length) this.#dropHead();
    }
  }

  #dropHead(): void {
    this.#chunks[this.#head] = emptyBytes;
    this.#head += 1;
    this.#offset = 0;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }

  #take(length: number): Uint8Array {
    if (length === 0) return emptyBytes;
    const chunk = this.#chunks[this.#head] as Uint8Array;
    const start = this.#offset;
    if (chunk.length - start >= length) {
      const end = start + length;
      const pins = length < copyBelowBytes && chunk.buffer.byteLength > 2 * length;
      const out = pins ? chunk.slice(start, end) : chunk.subarray(start, end);
      this.#available -= length;
      this.#offset = end;
      if (end === chunk.length) this.#dropHead();
      return out;
    }
    // Every byte is overwritten below: zeroing a megabyte first costs as much as the copy.
    const out = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let filled = 0;
    while (filled < length) {
      const part = this.#chunks[this.#head] as Uint8Array;
      const here = Math.min(length - filled, part.length - this.#offset);
      out.set(part.subarray(this.#offset, this.#offset + here), filled);
      filled += here;
      this.#offset += here;
      if (this.#offset === part.length) this.#dropHead();
    }
    this.#available -= length;
    return out;
  }
}

const emptyBytes = new Uint8Array(0);
