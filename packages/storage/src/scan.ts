import { type RangeScan } from './contract.ts';
import { StorageError } from './errors.ts';
import { type Held, type Lifetimes } from './lifetimes.ts';
import { limits } from './limits.ts';

/** What a driver supplies for a scan; it is read by one caller at a time. */
export interface PageSource<T> extends Held {
  readonly kind: 'scan';
  /** At least one and at most `size` entries; none at the end. */
  read(size: number): Promise<readonly T[]>;
}

const done: IteratorResult<never, undefined> = { done: true, value: undefined };
const firstPage = 16;
const lastPage = 1024;

/** The one scan of all drivers: paging, order of concurrent calls, closing, leaks. */
export class PagedScan<T> implements RangeScan<T> {
  readonly #source: PageSource<T>;
  protected readonly reader: object;
  readonly #lifetimes: Lifetimes;
  readonly #signal: AbortSignal | undefined;
  #page: readonly T[] = [];
  #position = 0;
  #pageSize: number = firstPage;
  #tail: Promise<unknown> | undefined;
  #state: 'open' | 'ended' | 'closed' = 'open';

  /** `reader`: the store or snapshot scanned, kept from collection as long as the scan lives. */
  constructor(
    source: PageSource<T>,
    lifetimes: Lifetimes,
    reader: object,
    signal: AbortSignal | undefined,
  ) {
    this.#source = source;
    this.reader = reader;
    this.#lifetimes = lifetimes;
    this.#signal = signal;
    lifetimes.adopt(this, source);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#tail === undefined && this.#position < this.#page.length && !this.#interrupted()) {
      const value = this.#page[this.#position] as T;
      this.#position += 1;
      return Promise.resolve({ done: false, value });
    }
    return this.#inTurn(() => this.#next());
  }

  page(size: number): Promise<readonly T[]> {
    if (!(Number.isSafeInteger(size) && size >= 1)) {
      return Promise.reject(
        new StorageError('STORAGE_ARGUMENT', `A page has at least one entry, not ${size}`),
      );
    }
    return this.#inTurn(async () => {
      const most = Math.min(size, limits.scanPageEntries.value);
      if (this.#position === this.#page.length) return this.#read(most);
      this.#check();
      const page = this.#page.slice(this.#position, this.#position + most);
      this.#position += page.length;
      return page;
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.close();
    return done;
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    await this.#finish('closed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): RangeScan<T> {
    return this;
  }

  /** Runs `task` after the calls before it: a driver's iterator takes one call at a time. */
  #inTurn<R>(task: () => Promise<R>): Promise<R> {
    const turn: Promise<R> = this.#tail === undefined ? task() : this.#tail.then(task, task);
    this.#tail = turn;
    const settle = (): void => {
      if (this.#tail === turn) this.#tail = undefined;
    };
    turn.then(settle, settle);
    return turn;
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#position === this.#page.length) {
      this.#page = await this.#read(this.#pageSize);
      this.#position = 0;
      this.#pageSize = Math.min(this.#pageSize * 4, lastPage);
      if (this.#page.length === 0) return done;
    }
    this.#check();
    const value = this.#page[this.#position] as T;
    this.#position += 1;
    return { done: false, value };
  }

  async #read(size: number): Promise<readonly T[]> {
    this.#check();
    if (this.#state === 'ended') return [];
    try {
      this.#signal?.throwIfAborted();
      const page = await this.#source.read(size);
      if (page.length === 0) await this.#finish('ended');
      return page;
    } catch (error) {
      await this.#finish('closed');
      throw error;
    }
  }

  #interrupted(): boolean {
    return this.#state === 'closed' || this.#lifetimes.closed || (this.#signal?.aborted ?? false);
  }

  #check(): void {
    if (this.#state === 'closed') throw new StorageError('STORAGE_CLOSED', 'The scan is closed');
    if (this.#state === 'open') this.#lifetimes.checkOpen();
    if (this.#signal?.aborted === true) {
      this.#finish('closed').catch(() => undefined);
      this.#signal.throwIfAborted();
    }
  }

  async #finish(state: 'ended' | 'closed'): Promise<void> {
    const wasOpen = this.#state === 'open';
    this.#state = state;
    if (state === 'closed') this.#page = [];
    if (state === 'closed') this.#position = 0;
    if (!wasOpen) return;
    this.#lifetimes.release(this, this.#source);
    await this.#source.close();
  }
}
