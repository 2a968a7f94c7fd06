import { write, writeSync } from 'node:fs';

import { limits } from '../limits.ts';

/** What a destination counted; plain numbers for metrics. */
export interface DestinationCounts {
  /** Lines that were dropped because too many waited. */
  readonly dropped: number;
  /** Failed writes and rotations. */
  readonly errors: number;
}

/** Where lines go. `write` takes a line with its line break and does not throw or block for long. */
export interface Destination {
  write(line: string): void;
  /** Writes out what waits, now. */
  flush(): void;
  /** Writes out what waits and lets go of the file. Further lines are dropped. */
  close(): Promise<void>;
  readonly isTerminal: boolean;
  readonly counts: DestinationCounts;
}

/** A destination that forgets everything, for benchmarks and quiet tools. */
export function nullDestination(): Destination {
  return {
    write: () => {},
    flush: () => {},
    close: () => Promise.resolve(),
    isTerminal: false,
    counts: { dropped: 0, errors: 0 },
  };
}

/** Tried again later rather than given up: the reader is slow, not gone. */
const isBusy = (error: unknown): boolean =>
  ['EAGAIN', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '');

const maxWriteChars = 65_536;
const retryMs = 100;
/** How long `flush` waits for a reader that does not take a byte, in steps of `retryMs`. */
const maxFlushWaits = 20;

/**
 * Lines for an open descriptor, written one chunk at a time off the main thread. What the system
 * refuses for good (a closed pipe, a full disk) is dropped and counted.
 *
 * Not pino's own destination: its `flushSync` repeats a write that failed for good, for ever, and so
 * stops the whole process when standard error goes to a full disk or a reader that is gone.
 */
class DescriptorDestination implements Destination {
  readonly isTerminal: boolean;
  readonly #fd: number;
  #lines: string[] = [];
  /** What a short or refused write left over. */
  #rest: Buffer | undefined;
  /** Characters of the lines; at most one chunk more is being written. */
  #chars = 0;
  #isWriting = false;
  #retry: NodeJS.Timeout | undefined;
  #dropped = 0;
  #errors = 0;

  constructor(fd: number, isTerminal: boolean) {
    this.#fd = fd;
    this.isTerminal = isTerminal;
  }

  get counts(): DestinationCounts {
    return { dropped: this.#dropped, errors: this.#errors };
  }

  write(line: string): void {
    if (this.#chars + line.length > limits.destinationBufferBytes.value) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#chars += line.length;
    this.#next();
  }

  flush(): void {
    for (let waits = 0; ;) {
      const chunk = this.#take();
      if (chunk === undefined) return;
      try {
        this.#wrote(chunk, writeSync(this.#fd, chunk));
        waits = 0;
      } catch (error) {
        this.#failed(chunk, error);
        if (isBusy(error) && ++waits > maxFlushWaits) return;
        if (isBusy(error)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
      }
    }
  }

  close(): Promise<void> {
    this.flush();
    return Promise.resolve();
  }

  /** Writes the next chunk, unless one is on its way. */
  #next(): void {
    if (this.#isWriting || this.#retry !== undefined) return;
    const chunk = this.#take();
    if (chunk === undefined) return;
    this.#isWriting = true;
    write(this.#fd, chunk, (error, written) => {
      this.#isWriting = false;
      if (error === null) this.#wrote(chunk, written);
      else this.#failed(chunk, error);
      this.#next();
    });
  }

  /** What is left of the last chunk, else as many whole lines as fit one write, at least one. */
  #take(): Buffer | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined || this.#lines.length === 0) return rest;
    let chars = 0;
    let count = 0;
    while (count < this.#lines.length && (count === 0 || chars < maxWriteChars)) {
      chars += (this.#lines[count++] as string).length;
    }
    const chunk = Buffer.from(this.#lines.slice(0, count).join(''));
    this.#lines = this.#lines.slice(count);
    this.#chars -= chars;
    return chunk;
  }

  #wrote(chunk: Buffer, written: number): void {
    if (written < chunk.length) this.#keep(chunk.subarray(written));
  }

  /** Puts bytes back to the front; a flush may have put back what follows them. */
  #keep(left: Buffer): void {
    this.#rest = this.#rest === undefined ? left : Buffer.concat([left, this.#rest]);
  }

  #failed(chunk: Buffer, error: unknown): void {
    this.#errors++;
    if (isBusy(error)) {
      this.#keep(chunk);
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.#next();
      }, retryMs);
    } else {
      for (const byte of chunk) if (byte === 0x0a) this.#dropped++;
    }
  }
}

/**
 * Standard output or error. Writes are asynchronous: a stopped terminal or a full pipe costs dropped
 * lines after `limits.destinationBufferBytes`, never a stopped node. Call `flush` before exiting: it
 * waits two seconds at most for a reader that takes nothing.
 */
export function consoleDestination(stream: 'stdout' | 'stderr' = 'stderr'): Destination {
  return descriptorDestination(stream === 'stdout' ? 1 : 2, process[stream].isTTY);
}

/** The same for any open descriptor, which stays its opener's to close. */
export function descriptorDestination(fd: number, isTerminal: boolean): Destination {
  return new DescriptorDestination(fd, isTerminal);
}
