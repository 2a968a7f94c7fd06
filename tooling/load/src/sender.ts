import type { SubmissionBatchResult, SubmissionResult } from '@mxd/api';

import { Refusal } from './http.ts';
import type { Loop } from './options.ts';
import type { TargetNode } from './target.ts';
import type { Payment, Tracker } from './tracker.ts';

/** Payments that are due together travel together; this is how long the first of them waits. */
const tickMs = 5;
/** Below the body limit of a node (1 MiB unless configured). */
const bodyChars = 900_000;

export interface SenderOptions {
  readonly nodes: readonly TargetNode[];
  readonly payments: readonly Payment[];
  readonly tracker: Tracker;
  readonly batch: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends payments to all nodes in turn: what is due together to one, as far as a request takes it. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #inFlight = new Set<Promise<void>>();
  #next = 0;
  #turn = 0;
  #wake: (() => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Runs until the time is over, there is nothing left to send, or `signal` aborts. */
  async run(loop: Loop, seconds: number, signal: AbortSignal): Promise<void> {
    const end = performance.now() + seconds * 1_000;
    if (loop.kind === 'open') await this.#open(loop.rate, end, signal);
    else await this.#closed(loop.outstanding, end, signal);
    await Promise.all(this.#inFlight);
  }

  /** A payment became final: a closed loop may send the next one. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async #open(rate: number, end: number, signal: AbortSignal): Promise<void> {
    const { payments } = this.#options;
    const start = performance.now();
    const dueAt = (i: number): number => start + (1_000 * i) / rate;
    while (!signal.aborted && this.#next < payments.length) {
      const now = performance.now();
      if (now >= end) return;
      const due: Payment[] = [];
      while (this.#next < payments.length && dueAt(this.#next) <= now) {
        const payment = payments[this.#next] as Payment;
        payment.dueMs = dueAt(this.#next++);
        due.push(payment);
      }
      this.#sendAll(due);
      await sleep(Math.max(dueAt(this.#next) - performance.now(), tickMs));
    }
  }

  async #closed(outstanding: number, end: number, signal: AbortSignal): Promise<void> {
    const { payments, tracker } = this.#options;
    while (!signal.aborted && this.#next < payments.length) {
      const now = performance.now();
      if (now >= end) return;
      const room = outstanding - tracker.outstanding;
      const due = payments.slice(this.#next, this.#next + Math.max(0, room));
      this.#next += due.length;
      for (const payment of due) payment.dueMs = now;
      this.#sendAll(due);
      await Promise.race([
        sleep(100),
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      ]);
      // What becomes final together is replaced together.
      await sleep(tickMs);
    }
  }

  #sendAll(due: readonly Payment[]): void {
    const { batch } = this.#options;
    let part: Payment[] = [];
    let chars = 0;
    const close = (): void => {
      if (part.length > 0) this.#dispatch(part);
      part = [];
      chars = 0;
    };
    for (const payment of due) {
      const isFull = part.length >= batch || chars + payment.hex.length > bodyChars;
      if (isFull) close();
      part.push(payment);
      chars += payment.hex.length;
    }
    close();
  }

  #dispatch(part: readonly Payment[]): void {
    const { nodes, tracker } = this.#options;
    const index = this.#turn++ % nodes.length;
    for (const payment of part) tracker.send(payment, index);
    const work = this.#post(nodes[index] as TargetNode, part).finally(() =>
      this.#inFlight.delete(work),
    );
    this.#inFlight.add(work);
  }

  async #post(node: TargetNode, part: readonly Payment[]): Promise<void> {
    const { tracker, batch } = this.#options;
    try {
      if (batch === 1) {
        const body = `{"transaction":"${(part[0] as Payment).hex}"}`;
        await node.http.post<SubmissionResult>('/v1/transactions', body);
        tracker.answered(part[0] as Payment, undefined);
        return;
      }
      const body = `{"transactions":["${part.map(({ hex }) => hex).join('","')}"]}`;
      const { items } = await node.http.post<SubmissionBatchResult>('/v1/transactions/batch', body);
      part.forEach((payment, i) => {
        const item = items[i];
        tracker.answered(payment, item !== undefined && 'reason' in item ? item.reason : undefined);
      });
    } catch (error) {
      const reason = error instanceof Refusal ? error.reason : 'NO_ANSWER';
      for (const payment of part) tracker.answered(payment, reason);
    }
  }
}
