import { type LaneLimits } from '../limits.ts';

/**
 * A bounded queue of frames for one lane. When full it either drops the oldest frame that has not
 * been started, or refuses the new one, as the lane's limits say. A frame that was started is always
 * finished: half a frame would break the stream.
 */
export class Outbox {
  readonly #limits: LaneLimits;
  #frames: Uint8Array[] = [];
  #head = 0;
  /** Bytes of the head frame that were taken already. */
  #started = 0;
  #bytes = 0;
  /** Frames that gave way, either kind. */
  dropped = 0;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Frames that wait, the started one included. */
  get length(): number {
    return this.#frames.length - this.#head;
  }

  /** Appends a frame; false when the policy refused it. */
  push(frame: Uint8Array): boolean {
    const { outboxBytes, outboxMessages, whenFull } = this.#limits;
    while (
      this.length > 0 &&
      (this.#bytes + frame.length > outboxBytes || this.length >= outboxMessages)
    ) {
      if (whenFull === 'refuse-new' || !this.#dropOldest()) {
        this.dropped += 1;
        return false;
      }
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
    return true;
  }

  #dropOldest(): boolean {
    const index = this.#started > 0 ? this.#head + 1 : this.#head;
    const frame = this.#frames[index];
    if (frame === undefined) return false;
    this.#frames.splice(index, 1);
    this.#bytes -= frame.length;
    this.dropped += 1;
    return true;
  }

  /** Takes the oldest frame whole; for transports that keep message boundaries. */
  takeFrame(): Uint8Array | undefined {
    const first = this.#frames[this.#head];
    if (first === undefined) return undefined;
    this.#bytes -= first.length;
    this.#advance(1);
    return first;
  }

  /** Takes up to `maxBytes` in order: part of a long frame, or several short ones merged. */
  take(maxBytes: number): Uint8Array | undefined {
    const first = this.#frames[this.#head];
    if (first === undefined) return undefined;
    const left = first.length - this.#started;
    if (left > maxBytes) {
      const slice = first.subarray(this.#started, this.#started + maxBytes);
      this.#started += maxBytes;
      this.#bytes -= maxBytes;
      return slice;
    }
    const second = this.#frames[this.#head + 1];
    if (second === undefined || left + second.length > maxBytes) {
      const rest = this.#started === 0 ? first : first.subarray(this.#started);
      this.#bytes -= left;
      this.#started = 0;
      this.#advance(1);
      return rest;
    }
    return this.#merge(first, left, maxBytes);
  }

  #merge(first: Uint8Array, left: number, maxBytes: number): Uint8Array {
    let total = left;
    let count = 1;
    for (let i = this.#head + 1; i < this.#frames.length; i++) {
      const length = (this.#frames[i] as Uint8Array).length;
      if (total + length > maxBytes) break;
      total += length;
      count += 1;
    }
    const out = Buffer.allocUnsafe(total);
    out.set(this.#started === 0 ? first : first.subarray(this.#started), 0);
    let offset = left;
    for (let i = 1; i < count; i++) {
      const frame = this.#frames[this.#head + i] as Uint8Array;
      out.set(frame, offset);
      offset += frame.length;
    }
    this.#bytes -= total;
    this.#started = 0;
    this.#advance(count);
    return out;
  }

  #advance(count: number): void {
    this.#head += count;
    if (this.#head === this.#frames.length) {
      this.#frames.length = 0;
      this.#head = 0;
    } else if (this.#head >= 512) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Empties it when the link is gone; the number of frames lost. */
  clear(): number {
    const lost = this.length;
    this.#frames = [];
    this.#head = 0;
    this.#started = 0;
    this.#bytes = 0;
    return lost;
  }
}
