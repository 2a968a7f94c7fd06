import { createHash, type Hash } from 'node:crypto';

const words = 16_384;

/** A cheap fingerprint of bytes, for the event log only. */
export function fingerprint(bytes: Uint8Array): number {
  let h = bytes.length | 0;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  return h >>> 0;
}

/** Hash of everything that happened in a run, in order: two runs are equal iff their digests are. */
export class EventDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #buffer = new Uint32Array(words);
  #used = 0;
  #events = 0;

  get events(): number {
    return this.#events;
  }

  add(kind: number, a: number, b: number, c: number): void {
    if (this.#used + 4 > words) this.#flush();
    const { buffer, at } = { buffer: this.#buffer, at: this.#used };
    buffer[at] = kind;
    buffer[at + 1] = a;
    buffer[at + 2] = b;
    buffer[at + 3] = c;
    this.#used += 4;
    this.#events++;
  }

  #flush(): void {
    this.#hash.update(new Uint8Array(this.#buffer.buffer, 0, this.#used * 4));
    this.#used = 0;
  }

  /** Hexadecimal, 32 digits; ends the log. */
  finish(): string {
    this.#flush();
    return this.#hash.digest('hex').slice(0, 32);
  }
}
