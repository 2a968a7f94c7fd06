import type { StreamEvent } from '@mxd/api';

import type { TargetNode } from './target.ts';
import type { Tracker } from './tracker.ts';

/** Follows the final transactions of some nodes. */
export class Observers {
  readonly #ending = new AbortController();
  readonly #running: Promise<void>[] = [];
  /** Times that a stream was cut or said that it skipped events: what is missing is asked for. */
  gaps = 0;

  /** Starts following; resolves when every stream is open. */
  async open(
    nodes: readonly TargetNode[],
    indices: Iterable<number>,
    tracker: Tracker,
  ): Promise<void> {
    const opened: Promise<void>[] = [];
    for (const index of indices) {
      const node = nodes[index] as TargetNode;
      const ready = Promise.withResolvers<void>();
      opened.push(ready.promise);
      this.#running.push(this.#follow(node, index, tracker, ready.resolve));
    }
    await Promise.all(opened);
  }

  async #follow(
    node: TargetNode,
    index: number,
    tracker: Tracker,
    open: () => void,
  ): Promise<void> {
    let cursor = '';
    const data = (json: string): void => {
      const event = JSON.parse(json) as StreamEvent;
      cursor = event.cursor;
      if (event.topic === 'missed') this.gaps++;
      else if (event.topic === 'transaction' && event.data.state === 'final') {
        tracker.seen(event.data.txid, event.data.height ?? 0, index);
      }
    };
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const from = cursor === '' ? '' : `&cursor=${cursor}`;
      try {
        await node.http.follow(`/v1/events?topics=transaction${from}`, { open, data }, signal);
      } catch {
        if (signal.aborted) return;
      }
      this.gaps++;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#running);
  }
}
