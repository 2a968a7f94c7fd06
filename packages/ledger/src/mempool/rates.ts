import type { RateOptions } from './types.ts';

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Token buckets by name: bytes that may be sent, refilled with time. The oldest is forgotten. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #burst: number;
  readonly #start: number;
  readonly #perSecond: number;
  readonly #max: number;

  constructor(options: { burst: number; start: number; perSecond: number; max: number }) {
    this.#burst = options.burst;
    this.#start = options.start;
    this.#perSecond = options.perSecond;
    this.#max = options.max;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #at(name: string, nowMs: number): number {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return this.#start;
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    const refill = Math.floor((elapsedMs * this.#perSecond) / 1000);
    return Math.min(this.#burst, bucket.tokens + refill);
  }

  has(name: string, cost: number, nowMs: number): boolean {
    return cost <= this.#at(name, nowMs);
  }

  take(name: string, cost: number, nowMs: number): void {
    if (cost === 0) return;
    const tokens = this.#at(name, nowMs) - cost;
    // Moved to the end: the first is the one that has been idle longest.
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens, atMs: nowMs });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#max) break;
      this.#buckets.delete(oldest);
    }
  }
}

/**
 * 64 KiB at once and 256 bytes a second let an address pay once a minute with the largest
 * signatures for ever; who shuffles fresh coins faster waits. A peer may relay 2,000 small
 * payments of fresh coins a second; rested coins cost nothing.
 */
export const defaultRates: RateOptions = {
  addressBurstBytes: 65_536,
  addressStartBytes: 32_768,
  addressBytesPerSecond: 256,
  peerBurstBytes: 8_388_608,
  peerBytesPerSecond: 524_288,
  restedBlocks: 100,
};

/**
 * What a transaction costs: nothing if its coins rested `restedBlocks` on average (weighted by
 * amount), its size if they were just moved.
 */
export function rateCost(
  sizeBytes: number,
  coinAge: bigint,
  amount: bigint,
  restedBlocks: number,
): number {
  if (amount === 0n) return sizeBytes;
  const average = coinAge / amount;
  if (average >= BigInt(restedBlocks)) return 0;
  return sizeBytes - Math.floor((sizeBytes * Number(average)) / restedBlocks);
}
