import type { Benchmark, BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import { nativeSuites } from '../src/native.ts';
import { VerificationPool, type VerifyItem } from '../src/pool.ts';
import { suiteIds, type SuiteId } from '../src/suites.ts';

const names: Readonly<Record<SuiteId, string>> = { 1: 'Ed25519', 2: 'ML-DSA-87', 3: 'hybrid' };
const batchOf: Readonly<Record<SuiteId, number>> = { 1: 1000, 2: 200, 3: 200 };

/** Valid signatures over distinct keys. */
function signed(id: SuiteId, count: number): VerifyItem[] {
  const suite = nativeSuites()[id];
  return Array.from({ length: count }, (_, i) => {
    const seed = new Uint8Array(suite.seedBytes);
    new DataView(seed.buffer).setUint32(0, i + 1);
    using signer = suite.signer(seed);
    const message = seed.slice(0, 32);
    return { suite: id, publicKey: signer.publicKey, message, signature: signer.sign(message) };
  });
}

const verifyHere = (items: readonly VerifyItem[]): void => {
  const suites = nativeSuites();
  for (const item of items) {
    suites[item.suite].verify(item.publicKey, item.message, item.signature);
  }
};

const speedUp = (id: SuiteId): Benchmark => ({
  name: `${names[id]}, batches of ${batchOf[id]}: 2 workers against one thread`,
  ...(id === 1 ? { target: { atLeast: 1.6 } } : {}),
  samples: 15,
  compare: [
    {
      name: '2 workers',
      operations: batchOf[id],
      prepare: async (context) => {
        const items = signed(id, context.smoke ? 16 : batchOf[id]);
        const pool = new VerificationPool({ workers: 2 });
        context.onEnd(() => pool.close());
        await Promise.all([pool.verify(items), pool.verify(items)]);
        return () => pool.verify(items);
      },
    },
    {
      name: 'one thread',
      operations: batchOf[id],
      prepare: (context) => {
        const items = signed(id, context.smoke ? 16 : batchOf[id]);
        return () => {
          verifyHere(items);
        };
      },
    },
  ],
});

/**
 * What the pool adds to each signature: batches whose signatures fail the first check (S = L), so
 * that a verdict costs next to nothing, through one worker; per signature, with that check's own
 * cost taken off.
 */
const overhead = (size: number, atMost: number): Benchmark => ({
  name: `overhead per signature in batches of ${size}`,
  unit: 'us/op',
  better: 'lower',
  target: { atMost },
  measure: async (context) => {
    const items = signed(1, size).map((item) => ({
      ...item,
      signature: new Uint8Array(64).fill(0xff),
    }));
    const pool = new VerificationPool({ workers: 1 });
    context.onEnd(() => pool.close());
    const rounds = context.smoke ? 2 : Math.ceil(20_000 / size);
    const samples: number[] = [];
    for (let sample = -3; sample < (context.smoke ? 2 : 15); sample++) {
      const start = performance.now();
      for (let round = 0; round < rounds; round++) await pool.verify(items);
      const pooled = performance.now() - start;
      const direct = performance.now();
      for (let round = 0; round < rounds; round++) verifyHere(items);
      const own = performance.now() - direct;
      if (sample >= 0) samples.push(((pooled - own) * 1000) / (rounds * size));
    }
    return samples;
  },
});

const suite: BenchmarkSuite = {
  name: 'crypto-pool',
  benchmarks: [...suiteIds.map(speedUp), overhead(1000, 1), overhead(10, 5)],
};

export default suite;
