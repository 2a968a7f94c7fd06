import {
  type BatchOptions,
  type Entry,
  type KeyValueStore,
  type Operation,
  type RangeOptions,
  type RangeScan,
  type Reader,
  type Snapshot,
  type StoreCounters,
} from '../contract.ts';
import { StorageError, type StorageErrorCode } from '../errors.ts';

export type CallMethod =
  | 'getSync'
  | 'get'
  | 'getMany'
  | 'range'
  | 'page'
  | 'batch'
  | 'snapshot'
  | 'approximateSize'
  | 'compact'
  | 'close';

/** One call of the store under test; `index` counts all calls from 0. */
export interface Call {
  readonly index: number;
  readonly method: CallMethod;
}

/**
 * What happens to a call: it fails before it has any effect, or (batches) after its full effect,
 * as when the disk took the data but the answer was lost. Callers must survive both.
 */
export interface Fault {
  readonly code: StorageErrorCode;
  readonly when: 'before' | 'after';
}

export type FaultPlan = (call: Call) => Fault | undefined;

class Injector {
  readonly #plan: FaultPlan;
  #calls = 0;
  fired = 0;
  stopped = false;

  constructor(plan: FaultPlan) {
    this.#plan = plan;
  }

  get calls(): number {
    return this.#calls;
  }

  next(method: CallMethod): Fault | undefined {
    const fault = this.#plan({ index: this.#calls, method });
    this.#calls += 1;
    if (fault !== undefined) this.fired += 1;
    return fault;
  }

  check(method: CallMethod): void {
    const fault = this.next(method);
    if (fault !== undefined) throw failure(fault, method);
  }
}

function failure(fault: Fault, method: CallMethod): StorageError {
  return new StorageError(fault.code, `Injected fault ${fault.when} ${method}`, { injected: true });
}

class FaultyScan implements RangeScan {
  readonly #inner: RangeScan;
  readonly #injector: Injector;

  constructor(inner: RangeScan, injector: Injector) {
    this.#inner = inner;
    this.#injector = injector;
  }

  async next(): Promise<IteratorResult<Entry, undefined>> {
    await this.#check();
    return this.#inner.next();
  }

  async page(size: number): Promise<readonly Entry[]> {
    await this.#check();
    return this.#inner.page(size);
  }

  return(): Promise<IteratorResult<Entry, undefined>> {
    return this.#inner.return();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncIterator](): RangeScan {
    return this;
  }

  async #check(): Promise<void> {
    try {
      this.#injector.check('page');
    } catch (error) {
      await this.#inner.close();
      throw error;
    }
  }
}

abstract class FaultyReader implements Reader {
  protected readonly injector: Injector;

  constructor(injector: Injector) {
    this.injector = injector;
  }

  protected abstract get reader(): Reader;

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.injector.check('getSync');
    return this.reader.getSync(key);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.injector.check('get');
    return this.reader.get(key);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.injector.check('getMany');
    return this.reader.getMany(keys);
  }

  range(options: RangeOptions = {}): RangeScan {
    this.injector.check('range');
    return new FaultyScan(this.reader.range(options), this.injector);
  }
}

class FaultySnapshot extends FaultyReader implements Snapshot {
  readonly #inner: Snapshot;

  constructor(inner: Snapshot, injector: Injector) {
    super(injector);
    this.#inner = inner;
  }

  protected override get reader(): Reader {
    return this.#inner;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner.close();
  }
}

class FaultyStore extends FaultyReader implements KeyValueStore {
  readonly #inner: KeyValueStore;

  constructor(inner: KeyValueStore, injector: Injector) {
    super(injector);
    this.#inner = inner;
  }

  protected override get reader(): Reader {
    return this.#inner;
  }

  get driver(): string {
    return this.#inner.driver;
  }

  get location(): string | undefined {
    return this.#inner.location;
  }

  get status(): 'open' | 'stopped' | 'closed' {
    return this.#inner.status === 'open' && this.injector.stopped ? 'stopped' : this.#inner.status;
  }

  get counters(): StoreCounters {
    return this.#inner.counters;
  }

  async batch(operations: readonly Operation[], options: BatchOptions = {}): Promise<void> {
    if (this.injector.stopped) {
      throw new StorageError('STORAGE_STOPPED', 'The store stopped after an injected fault');
    }
    const fault = this.injector.next('batch');
    if (fault?.when !== 'before') await this.#inner.batch(operations, options);
    if (fault === undefined) return;
    this.injector.stopped = true;
    throw failure(fault, 'batch');
  }

  snapshot(): Snapshot {
    this.injector.check('snapshot');
    return new FaultySnapshot(this.#inner.snapshot(), this.injector);
  }

  async approximateSize(start: Uint8Array, end: Uint8Array): Promise<number> {
    this.injector.check('approximateSize');
    return this.#inner.approximateSize(start, end);
  }

  async compact(start: Uint8Array, end: Uint8Array): Promise<void> {
    this.injector.check('compact');
    return this.#inner.compact(start, end);
  }

  /** Closes the inner store in any case, then reports the fault: nothing stays open. */
  async close(): Promise<void> {
    const fault = this.status === 'closed' ? undefined : this.injector.next('close');
    await this.#inner.close();
    if (fault !== undefined) throw failure(fault, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A driver around another that fails where the plan says; a failed batch stops it. */
export function faultyStore(inner: KeyValueStore, plan: FaultPlan): KeyValueStore {
  return new FaultyStore(inner, new Injector(plan));
}

/**
 * Runs a scenario once per call that it makes, each time failing another call, until a run meets
 * no fault. `open` gives the store to wrap (a fresh one); `scenario` acts on the wrapped one and
 * its error is passed to `check` with the fault, so that the state behind it can be judged.
 *
 * @returns the number of runs that met a fault.
 */
export async function forEachFault<S extends KeyValueStore>(options: {
  readonly fault: Fault;
  /** Which calls may fail; all by default. */
  readonly methods?: readonly CallMethod[];
  readonly open: () => Promise<S>;
  readonly scenario: (store: KeyValueStore) => Promise<void>;
  readonly check: (inner: S, error: unknown, call: Call) => Promise<void>;
}): Promise<number> {
  for (let target = 0; ; target += 1) {
    const inner = await options.open();
    let matching = 0;
    let failed: Call | undefined;
    const wrapped = faultyStore(inner, (call) => {
      if (options.methods?.includes(call.method) === false) return undefined;
      matching += 1;
      if (matching !== target + 1) return undefined;
      failed = call;
      return options.fault;
    });
    let error: unknown;
    try {
      await options.scenario(wrapped);
    } catch (thrown) {
      error = thrown;
    }
    if (failed === undefined) {
      await inner.close();
      if (error !== undefined) throw error;
      return target;
    }
    await options.check(inner, error, failed);
  }
}
