import type { Effect, JournalRecord } from '@mxd/consensus';
import { Outbox } from '@mxd/consensus/outbox';

/** What the barrier needs of a journal; it calls back when records have become durable. */
export interface JournalPort {
  /** Hands a record over and gives its number, counted from 1. */
  append(record: JournalRecord): number;
  /** Sets who is told that all records up to a number are durable, or that writing failed. */
  listen(onDurable: (upTo: number) => void, onFailure: (error: unknown) => void): void;
  /** A height is durably in the chain store: older records may go (rule J6). */
  committed(height: number): void;
}

/**
 * The durability barrier (rule R0b) over a real journal: a vote leaves only after the record that
 * remembers it has been synced. The journal syncs everything of a turn at once.
 */
export class DurableEffects {
  readonly #outbox = new Outbox();
  readonly #journal: JournalPort | undefined;
  readonly #perform: (effect: Effect) => void;
  readonly #onSynced: (durationMs: number) => void;
  #firstWaiting = 0;

  constructor(options: {
    /** Absent for an observer, which remembers nothing and signs nothing. */
    readonly journal: JournalPort | undefined;
    readonly perform: (effect: Effect) => void;
    readonly onFailure: (error: unknown) => void;
    /** Time from the first record of a batch to its being durable. */
    readonly onSynced: (durationMs: number) => void;
  }) {
    this.#journal = options.journal;
    this.#perform = options.perform;
    this.#onSynced = options.onSynced;
    this.#journal?.listen((upTo) => this.#durable(upTo), options.onFailure);
  }

  /** Effects that wait for the disk. */
  get waiting(): number {
    return this.#outbox.size;
  }

  append(record: JournalRecord): void {
    if (this.#journal === undefined) return;
    if (this.#firstWaiting === 0) this.#firstWaiting = performance.now();
    this.#outbox.append();
    this.#journal.append(record);
  }

  /** Carries a visible effect out, now or as soon as what was appended before it is durable. */
  submit(effect: Effect): void {
    if (this.#outbox.admit(effect)) this.#perform(effect);
  }

  #durable(upTo: number): void {
    this.#onSynced(performance.now() - this.#firstWaiting);
    this.#firstWaiting = upTo < this.#outbox.appended ? performance.now() : 0;
    for (const effect of this.#outbox.durable(upTo)) this.#perform(effect);
  }
}
