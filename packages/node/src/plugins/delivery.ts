import type { Logger } from '@mxd/logging';
import { checkOperations, type FinalOutcome } from '@mxd/plugin/host';

import { limits } from './limits.ts';
import type { LoadBlock } from './services.ts';
import type { PluginSlot } from './slot.ts';
import type { PluginBucket } from './store.ts';

export interface DeliveryParts {
  readonly slot: PluginSlot;
  readonly bucket: PluginBucket;
  readonly load: LoadBlock;
  readonly head: () => number;
  /** Lowest height whose body is kept. */
  readonly firstBody: () => number;
  readonly logger: Logger;
  readonly backOffMs: number;
  readonly backOffMaxMs: number;
}

/**
 * Delivers final blocks to one plugin: each at least once, by height, one at a time. The cursor
 * moves when the plugin has answered, in one batch with what it wants kept, so that neither a
 * restart of the plugin nor of the node loses a block. A block that the plugin fails on is
 * delivered again and again, ever more slowly: it is never skipped.
 */
export class FinalDelivery {
  readonly #parts: DeliveryParts;
  #running = false;
  #stopped = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #done: Promise<void> = Promise.resolve();
  /** Blocks that were pruned before they could be delivered. */
  missedBlocks = 0;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Sets the cursor of a plugin that has none yet. */
  async begin(finalFrom: 'head' | number): Promise<void> {
    const { bucket, head } = this.#parts;
    if (bucket.cursor() !== undefined) return;
    await bucket.write([], finalFrom === 'head' ? head() : finalFrom - 1);
  }

  get cursor(): number {
    return this.#parts.bucket.cursor() ?? 0;
  }

  /** Blocks that the plugin has not taken. */
  get lag(): number {
    return Math.max(0, this.#parts.head() - this.cursor);
  }

  get failures(): number {
    return this.#failures;
  }

  /** There is a new block, or the plugin runs again. */
  wake(): void {
    if (this.#running || this.#stopped || this.#retry !== undefined) return;
    this.#running = true;
    this.#done = this.#drain().finally(() => {
      this.#running = false;
    });
  }

  async #drain(): Promise<void> {
    const { slot, head } = this.#parts;
    while (!this.#stopped && slot.state === 'running' && this.cursor < head()) {
      try {
        const taken = await this.#deliverNext();
        if (!taken) return;
        this.#failures = 0;
      } catch (error) {
        this.#failed(error);
        return;
      }
    }
  }

  /** False if the next block is not there. */
  async #deliverNext(): Promise<boolean> {
    const { slot, bucket, load } = this.#parts;
    const { height, missedBefore } = this.#next();
    const block = await load(height);
    if (block === undefined) return false;
    const input = { ...block, missedBefore };
    const answer = await slot.call(
      { kind: 'hook', hook: 'block:final', inputs: [input] },
      limits.observerMs.value,
    );
    const [outcome] = answer as readonly (FinalOutcome | undefined)[];
    await bucket.write(checkOperations(outcome?.store ?? []), height);
    this.missedBlocks += missedBefore;
    return true;
  }

  #next(): { readonly height: number; readonly missedBefore: number } {
    const wanted = this.cursor + 1;
    const height = Math.max(wanted, this.#parts.firstBody());
    return { height, missedBefore: height - wanted };
  }

  #failed(error: unknown): void {
    const { slot, logger, backOffMs, backOffMaxMs } = this.#parts;
    const reason = error instanceof Error ? error.message : String(error);
    this.#failures++;
    if (slot.state !== 'running' || this.#stopped) return; // the next start wakes this
    const waitMs = Math.min(backOffMaxMs, backOffMs * 2 ** Math.min(this.#failures - 1, 20));
    const height = this.cursor + 1;
    logger.warn('a plugin did not take a block', { plugin: slot.name, height, reason, waitMs });
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.wake();
    }, waitMs);
    this.#retry.unref();
  }

  /** The plugin runs (again): what waited for it need not wait any longer. */
  restarted(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.wake();
  }

  /** Waits for a delivery that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#done;
  }
}
