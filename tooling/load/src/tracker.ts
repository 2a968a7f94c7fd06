import type { Signed } from './signing.ts';

/** One payment of the run and what became of it. Times are `performance.now()`. */
export interface Payment extends Signed {
  /** When it was to be sent; waiting for the sender counts as latency. */
  dueMs: number;
  /** Index of the node that got it; -1 before. */
  node: number;
  answeredMs: number;
  finalMs: number;
  height: number;
  /** Why the node did not take it. */
  refused: string | undefined;
}

export const paymentOf = ({ txid, hex }: Signed): Payment => ({
  txid,
  hex,
  dueMs: 0,
  node: -1,
  answeredMs: 0,
  finalMs: 0,
  height: 0,
  refused: undefined,
});

/** Payments on their way, found by txid. */
export class Tracker {
  readonly #open = new Map<string, Payment>();
  readonly #observerOf: (node: number) => number;
  readonly #onFinal: (payment: Payment) => void;
  /** Payments that were sent. */
  readonly sent: Payment[] = [];
  finals = 0;
  refusals = 0;
  readonly refusedBy: Map<string, number> = new Map();

  constructor(observerOf: (node: number) => number, onFinal: (payment: Payment) => void) {
    this.#observerOf = observerOf;
    this.#onFinal = onFinal;
  }

  get outstanding(): number {
    return this.#open.size;
  }

  send(payment: Payment, node: number): void {
    payment.node = node;
    this.sent.push(payment);
    this.#open.set(payment.txid, payment);
  }

  answered(payment: Payment, refused: string | undefined): void {
    payment.answeredMs = performance.now();
    if (refused === undefined) return;
    payment.refused = refused;
    this.refusals++;
    this.refusedBy.set(refused, (this.refusedBy.get(refused) ?? 0) + 1);
    this.#open.delete(payment.txid);
  }

  /** A node says that a transaction is final; it counts if that node was not the one it went to. */
  seen(txid: string, height: number, observer: number): void {
    const payment = this.#open.get(txid);
    if (payment === undefined || this.#observerOf(payment.node) !== observer) return;
    this.#open.delete(txid);
    payment.finalMs = performance.now();
    payment.height = height;
    this.finals++;
    this.#onFinal(payment);
  }
}
