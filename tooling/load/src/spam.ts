import type { Signed } from './signing.ts';
import type { TargetNode } from './target.ts';

import type { SubmissionBatchResult } from '@mxd/api';

/** Transactions of one request. */
const perRequest = 128;
/** Requests that wait for an answer, per node: beyond, spam is skipped and counted. */
const maxWaiting = 8;

export interface SpamCounts {
  offered: number;
  accepted: number;
  refused: number;
  /** Not sent: the nodes did not answer fast enough. */
  skipped: number;
}

/** Sends transactions as fast as asked, over and over, to all nodes, whatever they answer. */
export class Spammer {
  readonly #nodes: readonly TargetNode[];
  readonly #bodies: readonly string[];
  readonly #waiting: number[];
  readonly counts: SpamCounts = { offered: 0, accepted: 0, refused: 0, skipped: 0 };

  constructor(nodes: readonly TargetNode[], transactions: readonly Signed[]) {
    this.#nodes = nodes;
    this.#waiting = nodes.map(() => 0);
    const bodies: string[] = [];
    for (let at = 0; at < transactions.length; at += perRequest) {
      const hexes = transactions.slice(at, at + perRequest).map(({ hex }) => hex);
      bodies.push(`{"transactions":["${hexes.join('","')}"]}`);
    }
    this.#bodies = bodies;
  }

  async run(rate: number, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    for (let turn = 0; !signal.aborted; turn++) {
      const dueMs = start + (1_000 * turn * perRequest) / rate;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      this.#post(turn);
    }
  }

  #post(turn: number): void {
    const index = turn % this.#nodes.length;
    const node = this.#nodes[index] as TargetNode;
    const waiting = this.#waiting[index] as number;
    if (waiting >= maxWaiting) {
      this.counts.skipped += perRequest;
      return;
    }
    this.#waiting[index] = waiting + 1;
    this.counts.offered += perRequest;
    const body = this.#bodies[turn % this.#bodies.length] as string;
    void this.#count(node, body).finally(() => {
      this.#waiting[index] = (this.#waiting[index] as number) - 1;
    });
  }

  async #count({ http }: TargetNode, body: string): Promise<void> {
    const { counts } = this;
    try {
      const { items } = await http.post<SubmissionBatchResult>('/v1/transactions/batch', body);
      for (const item of items) {
        if ('reason' in item) counts.refused++;
        else if (item.fresh) counts.accepted++;
      }
    } catch {
      counts.refused += perRequest;
    }
  }
}
