import type { BlockSummary, StreamEvent } from '@mxd/api';

/** Follows the event stream of a node until `signal` aborts, reconnecting where it was cut. */
export async function followEvents(
  url: string,
  topics: string,
  onEvent: (event: StreamEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  let cursor = '';
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = cursor === '' ? {} : { 'last-event-id': cursor };
      const response = await fetch(`${url}/v1/events?topics=${topics}`, { signal, headers });
      const decoder = new TextDecoder();
      let text = '';
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const parts = text.split('\n\n');
        text = parts.pop() ?? '';
        for (const part of parts) {
          const data = /^data: (.*)$/m.exec(part)?.[1];
          if (data === undefined) continue;
          const event = JSON.parse(data) as StreamEvent;
          cursor = event.cursor;
          onEvent(event);
        }
      }
    } catch {
      // the node is away or the stream was cut: come back
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** What the launcher knows of the chain's pace. */
export class Pace {
  readonly #blocks: { readonly atMs: number; readonly txCount: number }[] = [];
  height = 0;

  add(block: BlockSummary): void {
    this.height = block.height;
    this.#blocks.push({ atMs: performance.now(), txCount: block.txCount });
    if (this.#blocks.length > 600) this.#blocks.shift();
  }

  /** Finalized transactions and blocks per second over the last `windowMs`. */
  rates(windowMs = 5_000): { readonly tps: number; readonly bps: number } {
    const since = performance.now() - windowMs;
    const recent = this.#blocks.filter(({ atMs }) => atMs >= since);
    const txs = recent.reduce((sum, { txCount }) => sum + txCount, 0);
    return { tps: (1_000 * txs) / windowMs, bps: (1_000 * recent.length) / windowMs };
  }
}
