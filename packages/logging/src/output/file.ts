import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

import { LoggingError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Destination, DestinationCounts } from './destination.ts';
import { prune, rotatedPath, type Retention } from './rotation.ts';

/** Options of a log file; sizes in bytes, times in milliseconds. */
export interface FileOptions {
  readonly path: string;
  /** The file is rotated before it grows beyond this. Default 64 MiB. */
  readonly maxSizeBytes?: number;
  /** The file is rotated when it is this old. Default one day. */
  readonly maxAgeMs?: number;
  /** How many rotated files are kept. Default 14. */
  readonly keepFiles?: number;
  /** How long rotated files are kept. Default 14 days. */
  readonly keepAgeMs?: number;
  /** How large rotated files may be together. Default 1 GiB. */
  readonly keepBytes?: number;
  /** Permissions of new files. Default 0o640. */
  readonly mode?: number;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

const dayMs = 86_400_000;
const maintenanceMs = 3_600_000;
const retryMs = 1000;

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new LoggingError('LOGGING_OPTION', `${name} must be above 0, not ${value}`, { name });
}

/**
 * A log file with rotation by size and age, and retention by number, age and total size.
 *
 * Lines are gathered and written once per turn of the event loop, in one call that appends whole
 * lines. When the disk is full they wait, up to `limits.destinationBufferBytes`, and are tried again
 * every second; beyond that they are dropped and counted.
 */
export class FileDestination implements Destination {
  readonly isTerminal = false;
  readonly #path: string;
  readonly #maxSizeBytes: number;
  readonly #maxAgeMs: number;
  readonly #keep: Retention;
  readonly #mode: number;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #fd: number | undefined;
  #isRegular = true;
  #sizeBytes = 0;
  #bornMs = 0;
  #lines: string[] = [];
  #waitingChars = 0;
  /** What a failed or short write left over. */
  #rest: Buffer | undefined;
  #isScheduled = false;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #dropped = 0;
  #errors = 0;
  #rotations = 0;

  /** @throws LoggingError LOGGING_OPTION, LOGGING_DESTINATION. */
  constructor(options: FileOptions) {
    this.#path = resolve(options.path);
    this.#maxSizeBytes = positive('maxSizeBytes', options.maxSizeBytes ?? 64 * 1024 * 1024);
    this.#maxAgeMs = positive('maxAgeMs', options.maxAgeMs ?? dayMs);
    this.#keep = {
      keepFiles: positive('keepFiles', options.keepFiles ?? 14),
      keepAgeMs: positive('keepAgeMs', options.keepAgeMs ?? 14 * dayMs),
      keepBytes: positive('keepBytes', options.keepBytes ?? 1024 * 1024 * 1024),
    };
    this.#mode = options.mode ?? 0o640;
    this.#now = options.now ?? Date.now;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o750 });
      this.#open();
    } catch (cause) {
      throw new LoggingError(
        'LOGGING_DESTINATION',
        `cannot open the log file ${this.#path}: ${(cause as Error).message}`,
        { path: this.#path },
        { cause },
      );
    }
    this.#prune();
    this.#timer = setInterval(() => this.#maintain(), maintenanceMs).unref();
  }

  get counts(): DestinationCounts & { readonly rotations: number } {
    return { dropped: this.#dropped, errors: this.#errors, rotations: this.#rotations };
  }

  write(line: string): void {
    // Line terminators and multi-byte characters aside, characters are bytes here.
    if (this.#isClosed || this.#waitingChars + line.length > limits.destinationBufferBytes.value) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#waitingChars += line.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  flush(): void {
    this.#writeOut();
  }

  /** Lets go of the file and opens it by its name again, after an outside tool has moved it. */
  reopen(): void {
    this.#writeOut();
    this.#release();
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#writeOut();
      this.#dropped += this.#lines.length;
      this.#release();
      clearInterval(this.#timer);
      clearTimeout(this.#retry);
    }
    return Promise.resolve();
  }

  #turn(): void {
    this.#isScheduled = false;
    this.#writeOut();
  }

  #open(): void {
    const fd = openSync(this.#path, 'a', this.#mode);
    const stat = fstatSync(fd);
    this.#fd = fd;
    this.#isRegular = stat.isFile();
    this.#sizeBytes = stat.size;
    this.#bornMs = stat.size === 0 ? this.#now() : stat.birthtimeMs || stat.mtimeMs;
  }

  #release(): void {
    if (this.#fd === undefined) return;
    try {
      closeSync(this.#fd);
    } catch {
      this.#errors++;
    }
    this.#fd = undefined;
  }

  /** Writes what waits. On failure it stays, and another try is made later. */
  #writeOut(): void {
    try {
      while (this.#rest !== undefined || this.#lines.length > 0) {
        this.#rest ??= this.#nextBatch();
        if (this.#fd === undefined) this.#open();
        const written = writeSync(this.#fd as number, this.#rest);
        this.#sizeBytes += written;
        this.#rest = written < this.#rest.length ? this.#rest.subarray(written) : undefined;
      }
      this.#waitingChars = 0;
    } catch {
      this.#errors++;
      this.#retryLater();
    }
  }

  /** As many whole lines as fit the file, at least one; rotates first when the file is due. */
  #nextBatch(): Buffer {
    if (this.#isDue(Buffer.byteLength(this.#lines[0] ?? ''))) this.#rotate();
    let room = this.#maxSizeBytes - this.#sizeBytes;
    let count = 0;
    for (const line of this.#lines) {
      room -= Buffer.byteLength(line);
      if (count > 0 && room < 0) break;
      count++;
    }
    const batch = Buffer.from(this.#lines.slice(0, count).join(''));
    this.#lines = this.#lines.slice(count);
    return batch;
  }

  #isDue(nextBytes: number): boolean {
    if (!this.#isRegular || this.#sizeBytes === 0) return false;
    if (this.#sizeBytes + nextBytes > this.#maxSizeBytes) return true;
    return this.#now() - this.#bornMs >= this.#maxAgeMs;
  }

  #rotate(): void {
    this.#release();
    try {
      if (existsSync(this.#path)) {
        const nowMs = this.#now();
        let sequence = 1;
        while (sequence < 9999 && existsSync(rotatedPath(this.#path, nowMs, sequence))) sequence++;
        renameSync(this.#path, rotatedPath(this.#path, nowMs, sequence));
        this.#rotations++;
      }
    } catch {
      // Without rotation the file grows, which is better than losing lines.
      this.#errors++;
    }
    this.#open();
    this.#prune();
  }

  #prune(): void {
    try {
      prune(this.#path, this.#keep, this.#now());
    } catch {
      this.#errors++;
    }
  }

  #maintain(): void {
    if (this.#isDue(0)) this.#rotate();
    else this.#prune();
  }

  #retryLater(): void {
    if (this.#retry !== undefined || this.#isClosed) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#writeOut();
    }, retryMs).unref();
  }
}
