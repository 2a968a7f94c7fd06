import type { Stream } from '@libp2p/interface';
import { FrameReader, frame } from './frames.ts';

/** How reading a frame ended without one. */
export type ReadEnd = 'ended' | 'oversized' | 'timeout';

type Outcome = Uint8Array | ReadEnd;

/**
 * Frames over a libp2p stream, one reader at a time, with back-pressure in both directions.
 * For handshakes and requests; the lanes of a link have a leaner path of their own.
 */
export class FrameStream {
  readonly stream: Stream;
  readonly #reader: FrameReader;
  readonly #pauseAbove: number;
  #ended = false;
  #paused = false;
  #waiting: ((outcome: Outcome) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  bytesIn = 0;

  constructor(stream: Stream, maxBytes: number) {
    this.stream = stream;
    this.#reader = new FrameReader(maxBytes);
    this.#pauseAbove = maxBytes + 256 * 1024;
    stream.addEventListener('message', (event) => {
      this.bytesIn += event.data.byteLength;
      this.#reader.push(event.data);
      this.#settle();
    });
    const end = (): void => {
      this.#ended = true;
      this.#settle();
    };
    stream.addEventListener('close', end);
    stream.addEventListener('remoteCloseWrite', end);
  }

  #settle(): void {
    const waiting = this.#waiting;
    const outcome = waiting === undefined ? undefined : this.#poll();
    if (waiting !== undefined && outcome !== undefined) {
      this.#waiting = undefined;
      clearTimeout(this.#timer);
      waiting(outcome);
    }
    if (!this.#ended && !this.#paused && this.#reader.buffered > this.#pauseAbove) {
      this.#paused = true;
      this.stream.pause();
    }
  }

  #poll(): Outcome | undefined {
    const payload = this.#reader.next();
    if (payload !== undefined) return payload;
    if (this.#reader.oversized) return 'oversized';
    if (this.#paused && !this.#ended) {
      this.#paused = false;
      this.stream.resume();
      return this.#reader.next();
    }
    return this.#ended ? 'ended' : undefined;
  }

  /** The next frame's payload, or why there is none. A frame that is there is given at once. */
  read(timeoutMs: number): Promise<Outcome> | Outcome {
    const now = this.#poll();
    if (now !== undefined) return now;
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#timer = setTimeout(() => {
        this.#waiting = undefined;
        resolve('timeout');
      }, timeoutMs);
    });
  }

  /** Ends a pending read as `ended`: the reader has lost interest. */
  cancelRead(): void {
    this.#ended = true;
    this.#settle();
  }

  /** Sends a payload as one frame; false when the stream can not be written any more. */
  send(payload: Uint8Array): boolean {
    return this.write(frame(payload));
  }

  /** Sends ready-made bytes; false when the stream can not be written any more. */
  write(bytes: Uint8Array): boolean {
    if (this.stream.writeStatus !== 'writable') return false;
    try {
      this.stream.send(bytes);
      return true;
    } catch {
      return false;
    }
  }

  /** Waits until the other side takes more; false when it does not within the time. */
  async drained(timeoutMs: number): Promise<boolean> {
    if (!this.stream.writableNeedsDrain) return this.stream.writeStatus === 'writable';
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const onDrain = (): void => resolve(true);
    const onClose = (): void => resolve(false);
    this.stream.addEventListener('drain', onDrain);
    this.stream.addEventListener('close', onClose);
    const result = await promise;
    clearTimeout(timer);
    this.stream.removeEventListener('drain', onDrain);
    this.stream.removeEventListener('close', onClose);
    return result && this.stream.writeStatus === 'writable';
  }
}
