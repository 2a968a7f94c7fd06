import { Worker } from 'node:worker_threads';

import { CryptoError } from './errors.ts';
import { encodeChunk, type VerifyItem, type WorkerMessage } from './pool-messages.ts';

/** A piece of a batch: what one worker does at a time. */
export interface Chunk {
  readonly items: readonly VerifyItem[];
  readonly start: number;
  readonly end: number;
  /** How often a worker ended while this chunk was its oldest. */
  crashes: number;
  done(bitmap: Uint8Array): void;
  fail(error: CryptoError): void;
}

/** What the pool wants to hear from a thread. */
export interface ThreadEvents {
  /** The thread has room for another chunk. */
  free(): void;
  /** The thread ended by itself, with these chunks unanswered, oldest first; `error` if it threw. */
  ended(chunks: readonly Chunk[], wasReady: boolean, error: unknown): void;
}

/** Two chunks in flight hide the way there and back (26 us) behind work. */
const maxInFlight = 2;

/** `new URL('./x.ts', ...)` is not rewritten by the compiler: the extension follows this file's. */
const fromSource = import.meta.url.endsWith('.ts');
const workerUrl = new URL(fromSource ? './pool-worker.ts' : './pool-worker.js', import.meta.url);

/** One worker thread of a pool. */
export class PoolThread {
  readonly #worker: Worker;
  readonly #events: ThreadEvents;
  readonly #inFlight = new Map<number, Chunk>();
  #nextId = 0;
  #ready = false;
  #closing = false;
  #error: unknown;

  constructor(name: string, events: ThreadEvents) {
    this.#events = events;
    // From source, workspace packages resolve to source as well. Nothing is inherited: flags such as
    // --input-type or a preloaded module are for the caller's thread.
    const execArgv = fromSource ? ['--conditions=@mxd/source'] : [];
    this.#worker = new Worker(workerUrl, { name, execArgv });
    this.#worker.on('message', (message: WorkerMessage) => {
      this.#receive(message);
    });
    // 'exit' follows every error; without a listener the error would end the process.
    this.#worker.on('error', (error: unknown) => {
      this.#error = error;
    });
    this.#worker.on('exit', () => {
      this.#end();
    });
    this.#worker.unref();
  }

  /** Whether another chunk may be given now. */
  get free(): boolean {
    return this.#ready && !this.#closing && this.#inFlight.size < maxInFlight;
  }

  /** Chunks given and not yet answered. */
  get load(): number {
    return this.#inFlight.size;
  }

  /** Keeps the process alive for this thread, or no longer. */
  hold(held: boolean): void {
    if (held) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Gives the thread a chunk. */
  give(chunk: Chunk): void {
    const id = this.#nextId++;
    this.#inFlight.set(id, chunk);
    const buffer = encodeChunk(chunk.items, chunk.start, chunk.end);
    this.#worker.postMessage({ id, count: chunk.end - chunk.start, buffer }, [buffer]);
  }

  /** Ends the thread at once; chunks in flight are failed. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#worker.terminate();
  }

  #receive(message: WorkerMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#ready = true;
        break;
      case 'verdicts': {
        const chunk = this.#inFlight.get(message.id);
        this.#inFlight.delete(message.id);
        chunk?.done(message.bitmap);
        break;
      }
    }
    this.#events.free();
  }

  #end(): void {
    const chunks = [...this.#inFlight.values()];
    this.#inFlight.clear();
    if (!this.#closing) {
      this.#events.ended(chunks, this.#ready, this.#error);
      return;
    }
    const error = new CryptoError('VERIFY_POOL_CLOSED', 'the verification pool has been closed');
    for (const chunk of chunks) chunk.fail(error);
  }
}
