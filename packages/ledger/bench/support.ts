/** Chains for the benchmarks: signed payments with distinct keys, in blocks that are final. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { VerificationPool } from '@mxd/crypto/pool';
import type { SuiteId } from '@mxd/crypto/suites';
import { openLevelStore, type KeyValueStore } from '@mxd/storage';

import type { BenchmarkContext } from '../../../tooling/bench/src/harness.ts';
import type { FinalBlock } from '../src/maintenance/replay.ts';
import type { Pace, VerifySignatures } from '../src/types.ts';
import { key, World, type Key } from '../src/testing/world.ts';

/** For set-up only: signatures made here are good. */
export const trust: VerifySignatures = async (checks) =>
  new Uint8Array(Math.ceil(checks.length / 8)).fill(255);

/** Lets the event loop turn every 5 ms and notes the longest time between two turns, waits included. */
export class MeasuredPace implements Pace {
  #since = performance.now();
  longestMs = 0;
  pauses = 0;

  due(): boolean {
    return performance.now() - this.#since > 5;
  }

  async pause(): Promise<void> {
    this.longestMs = Math.max(this.longestMs, performance.now() - this.#since);
    this.pauses++;
    await new Promise((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}

export async function diskStore(context: BenchmarkContext): Promise<KeyValueStore> {
  const directory = await mkdtemp(join(tmpdir(), 'mxd-ledger-bench-'));
  context.onEnd(() => rm(directory, { recursive: true, force: true }));
  const store = await openLevelStore(directory);
  context.onEnd(() => store.close());
  return store;
}

export function verificationPool(context: BenchmarkContext, workers = 2): VerifySignatures {
  const pool = new VerificationPool({ workers });
  context.onEnd(() => pool.close());
  return (checks) => pool.verify(checks);
}

export function makeKeys(count: number, suite: SuiteId = 1): readonly Key[] {
  return Array.from({ length: count }, (_, i) => key(10_000 + i, suite));
}

export interface PaymentChain {
  readonly world: World;
  readonly blocks: readonly FinalBlock[];
  readonly transactions: number;
}

/** Payments with one input and two outputs, each from a key of its own. */
export async function paymentChain(
  count: number,
  perBlock: number,
  suite: SuiteId = 1,
): Promise<PaymentChain> {
  const keys = makeKeys(count, suite);
  const world = await World.open(keys, 1_000_000n, {
    members: 4,
    parameters: { epochLength: 4_096 },
    ledger: { verifySignatures: trust },
  });
  const blocks: FinalBlock[] = [];
  for (let start = 0; start < count; start += perBlock) {
    const transactions = world.coins.slice(start, start + perBlock).map((coin, i) => {
      const to = [
        { spender: keys[(start + i + 7) % count] as Key, amount: 400_000n },
        { spender: keys[start + i] as Key, amount: 600_000n },
      ];
      return world.transaction({ from: [coin], to }).bytes;
    });
    const block = await world.extend(transactions);
    const finalization = await world.ledger.reader.finalization(block.header.height);
    blocks.push({ block, finalization });
  }
  return { world, blocks, transactions: count };
}
