/**
 * Signature verification on worker threads: batches in, bitmaps out. Node only.
 */
import { availableParallelism } from 'node:os';

import { CryptoError } from './errors.ts';
import { limits } from './limits.ts';
import { encodedBytes, type VerifyItem } from './pool-messages.ts';
import { PoolQueue } from './pool-queue.ts';
import { PoolThread, type Chunk } from './pool-thread.ts';
import type { SuiteId } from './suite-info.ts';

export type { VerifyItem } from './pool-messages.ts';

/** How a pool is set up. */
export interface PoolOptions {
  /** Number of threads, 1 to 64; as many as the machine runs at once by default. */
  readonly workers?: number;
  /** Most signatures queued or running before callers have to wait. */
  readonly maxSignatures?: number;
  /** Most batches that may wait for room; one more is refused with VERIFY_POOL_FULL. */
  readonly maxWaiting?: number;
}

/** How a batch is treated. */
export interface BatchOptions {
  /** Urgent batches (votes) go before all others that have not started. */
  readonly urgent?: boolean;
}

/** Counters and gauges of a pool. */
export interface PoolStats {
  readonly workers: number;
  /** Signatures queued or running. */
  readonly outstanding: number;
  /** Batches that wait for room. */
  readonly waiting: number;
  /** Batches and signatures accepted so far. */
  readonly batches: number;
  readonly signatures: number;
  /** Threads that ended by themselves, chunks done again for that, batches refused as VERIFY_POOL_FULL. */
  readonly crashes: number;
  readonly retries: number;
  readonly refused: number;
}

/** Relative cost of a verification (55, 275 and 330 us), to share a mixed batch out evenly. */
const costOf = (suite: SuiteId): number => (suite === 1 ? 1 : suite === 2 ? 5 : 6);
/** Below this cost a batch is not split: 64 x 55 us dwarf the 26 us that a message takes. */
const minChunkCost = 64;
/** Above it a batch is split further, so that an urgent one waits at most 30 ms for a thread. */
const maxChunkCost = 512;
/** When a thread ends this often in a row before it was ready, none ever will be. */
const maxFailedStarts = 3;
/** A chunk whose thread ended this often is given up. */
const maxChunkCrashes = 2;

interface Waiting {
  readonly size: number;
  start(): void;
  fail(error: CryptoError): void;
}

/** Whether bit `index` of a bitmap is set: item `index` is valid. */
export const isValid = (bitmap: Uint8Array, index: number): boolean =>
  (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;

/** Whether the first `count` items are all valid. */
export function allValid(bitmap: Uint8Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (!isValid(bitmap, i)) return false;
  return true;
}

/** Where a batch is cut: the ends of its chunks, multiples of 8 so that bitmaps join by bytes. */
function chunkEnds(items: readonly VerifyItem[], workers: number): number[] {
  let total = 0;
  for (const item of items) total += costOf(item.suite);
  const share = Math.ceil(total / (workers * 2));
  const target = Math.min(maxChunkCost, Math.max(minChunkCost, share));
  const ends: number[] = [];
  let cost = 0;
  for (const [index, item] of items.entries()) {
    cost += costOf(item.suite);
    if (cost < target || (index + 1) % 8 !== 0) continue;
    ends.push(index + 1);
    cost = 0;
  }
  if (ends.at(-1) !== items.length) ends.push(items.length);
  return ends;
}

/**
 * A fixed number of threads that verify signatures with the native backends.
 *
 * Bounds: at most `maxSignatures` signatures are queued or running; further batches wait in turn,
 * at most `maxWaiting` of them; what comes then is refused with VERIFY_POOL_FULL. A thread that ends is
 * replaced and its work done again by another; a batch whose thread ends twice is rejected with
 * VERIFY_POOL_CRASHED and has no verdict. Idle threads do not keep the process alive.
 */
export class VerificationPool implements AsyncDisposable {
  readonly #threads = new Set<PoolThread>();
  readonly #workers: number;
  readonly #maxSignatures: number;
  readonly #maxWaiting: number;
  readonly #urgent = new PoolQueue<Chunk>();
  readonly #normal = new PoolQueue<Chunk>();
  readonly #waiting = new PoolQueue<Waiting>();
  readonly #onIdle: (() => void)[] = [];
  #outstanding = 0;
  #failedStarts = 0;
  #started = 0;
  #batches = 0;
  #signatures = 0;
  #crashes = 0;
  #retries = 0;
  #refused = 0;
  #ended: CryptoError | undefined;

  /** Starts the threads. @throws CryptoError VERIFY_POOL_BATCH for a number of workers out of range. */
  constructor(options: PoolOptions = {}) {
    this.#workers = options.workers ?? Math.min(availableParallelism(), limits.poolWorkers.value);
    this.#maxSignatures = options.maxSignatures ?? limits.poolQueue.value;
    this.#maxWaiting = options.maxWaiting ?? limits.poolWaiting.value;
    const most = limits.poolWorkers.value;
    if (!Number.isSafeInteger(this.#workers) || this.#workers < 1 || this.#workers > most) {
      throw new CryptoError('VERIFY_POOL_BATCH', `a pool has 1 to ${most} workers`, {
        workers: this.#workers,
      });
    }
    for (let i = 0; i < this.#workers; i++) this.#startThread();
  }

  /**
   * The verdicts on a batch: bit i of the bitmap (lowest first) is set iff item i is valid. Resolves
   * when there was room and all are judged. An empty batch has an empty bitmap.
   * @throws CryptoError VERIFY_POOL_CLOSED, VERIFY_POOL_FULL, VERIFY_POOL_BATCH, VERIFY_POOL_CRASHED, as rejections.
   */
  verify(items: readonly VerifyItem[], options: BatchOptions = {}): Promise<Uint8Array> {
    const urgent = options.urgent ?? false;
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(items);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      if (items.length === 0) {
        resolve(new Uint8Array(0));
        return;
      }
      const start = (): void => {
        this.#start(items, urgent, resolve, reject);
      };
      const room = this.#outstanding + items.length <= this.#maxSignatures;
      if (room && (urgent || this.#waiting.length === 0)) {
        start();
      } else if (this.#waiting.length < this.#maxWaiting) {
        const waiting = { size: items.length, start, fail: reject };
        if (urgent) this.#waiting.putBack(waiting);
        else this.#waiting.push(waiting);
      } else {
        this.#refused++;
        const text = `${this.#waiting.length} batches wait already`;
        reject(new CryptoError('VERIFY_POOL_FULL', text, { waiting: this.#waiting.length }));
      }
    });
  }

  /** Counters since the start, and how full the pool is. */
  stats(): PoolStats {
    return {
      workers: this.#threads.size,
      outstanding: this.#outstanding,
      waiting: this.#waiting.length,
      batches: this.#batches,
      signatures: this.#signatures,
      crashes: this.#crashes,
      retries: this.#retries,
      refused: this.#refused,
    };
  }

  /**
   * Ends the pool. New batches are refused; those accepted are finished first, unless `drain` is
   * false: then they are rejected with VERIFY_POOL_CLOSED. Resolves when all threads have ended.
   */
  async close(options: { readonly drain?: boolean } = {}): Promise<void> {
    const error = new CryptoError('VERIFY_POOL_CLOSED', 'the verification pool has been closed');
    this.#ended ??= error;
    if (options.drain === false) this.#failAll(error);
    if (this.#outstanding > 0 && options.drain !== false) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #refusal(items: readonly VerifyItem[]): CryptoError | undefined {
    if (this.#ended !== undefined) return this.#ended;
    if (items.length > this.#maxSignatures) {
      return new CryptoError(
        'VERIFY_POOL_BATCH',
        `a batch has at most ${this.#maxSignatures} items`,
        {
          items: items.length,
        },
      );
    }
    let sizeBytes = 0;
    for (const item of items) sizeBytes += encodedBytes(item);
    if (sizeBytes <= limits.poolBatchBytes.value) return undefined;
    return new CryptoError('VERIFY_POOL_BATCH', 'the batch has too many bytes', { sizeBytes });
  }

  #start(
    items: readonly VerifyItem[],
    urgent: boolean,
    resolve: (bitmap: Uint8Array) => void,
    reject: (error: CryptoError) => void,
  ): void {
    const bitmap = new Uint8Array(Math.ceil(items.length / 8));
    const queue = urgent ? this.#urgent : this.#normal;
    const ends = chunkEnds(items, this.#workers);
    let open = ends.length;
    let start = 0;
    for (const end of ends) {
      const from = start;
      queue.push({
        items,
        start: from,
        end,
        crashes: 0,
        done: (part) => {
          bitmap.set(part, from >> 3);
          if (--open === 0) resolve(bitmap);
          this.#finished(end - from);
        },
        fail: (error) => {
          reject(error);
          this.#finished(end - from);
        },
      });
      start = end;
    }
    this.#batches++;
    this.#signatures += items.length;
    if (this.#outstanding === 0) for (const thread of this.#threads) thread.hold(true);
    this.#outstanding += items.length;
    this.#dispatch();
  }

  #finished(signatures: number): void {
    this.#outstanding -= signatures;
    let next = this.#waiting.peek();
    while (next !== undefined && this.#outstanding + next.size <= this.#maxSignatures) {
      this.#waiting.shift();
      next.start();
      next = this.#waiting.peek();
    }
    if (this.#outstanding > 0) return;
    for (const thread of this.#threads) thread.hold(false);
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Gives chunks to threads, the least loaded first. */
  #dispatch(): void {
    for (;;) {
      let best: PoolThread | undefined;
      for (const thread of this.#threads) {
        if (thread.free && (best === undefined || thread.load < best.load)) best = thread;
      }
      if (best === undefined) return;
      const chunk = this.#urgent.shift() ?? this.#normal.shift();
      if (chunk === undefined) return;
      best.give(chunk);
    }
  }

  #startThread(): void {
    const thread: PoolThread = new PoolThread(`mxd-verify-${++this.#started}`, {
      free: () => {
        this.#failedStarts = 0;
        this.#dispatch();
      },
      ended: (chunks, wasReady, cause) => {
        this.#threads.delete(thread);
        this.#replace(chunks, wasReady, cause);
      },
    });
    if (this.#outstanding > 0) thread.hold(true);
    this.#threads.add(thread);
  }

  /** A thread has ended by itself: its oldest chunk is the suspect, the others go unblamed. */
  #replace(chunks: readonly Chunk[], wasReady: boolean, cause: unknown): void {
    this.#crashes++;
    this.#failedStarts = wasReady ? 0 : this.#failedStarts + 1;
    const [suspect] = chunks;
    if (suspect !== undefined) suspect.crashes++;
    const crashed = (text: string): CryptoError =>
      new CryptoError('VERIFY_POOL_CRASHED', text, {}, cause === undefined ? {} : { cause });
    for (const chunk of chunks.toReversed()) {
      if (chunk.crashes >= maxChunkCrashes) {
        chunk.fail(crashed('the worker that verified the batch ended twice'));
      } else {
        this.#retries++;
        this.#urgent.putBack(chunk);
      }
    }
    if (this.#failedStarts < maxFailedStarts) {
      this.#startThread();
    } else if (this.#threads.size === 0) {
      this.#ended ??= crashed('the workers end as soon as they start');
      this.#failAll(this.#ended);
    }
    this.#dispatch();
  }

  /** Rejects all that waits or is queued; what runs is rejected when its thread ends. */
  #failAll(error: CryptoError): void {
    for (const waiting of this.#waiting) waiting.fail(error);
    for (const chunk of this.#urgent) chunk.fail(error);
    for (const chunk of this.#normal) chunk.fail(error);
  }
}
