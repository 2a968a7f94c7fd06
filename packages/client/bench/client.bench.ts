import { toHex } from '@mxd/codec';
import { installNative } from '@mxd/crypto/native';
import { installSuites, pureSuites } from '@mxd/crypto/suites';

import type { BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import { EpochChain } from '../src/epochs.ts';
import { finalTransaction, parseTransactionEvidence } from '../src/header-proof.ts';
import { makeReceipt, verifyConsensus, verifyReceipt } from '../src/index.ts';
import { budgetBytes, bundle } from '../test/bundle.ts';
import { TestChain } from '../test/chain.ts';
import { payment } from '../test/payments.ts';
import { followInPage, noBrowser, verifyInPage } from './page.ts';

/** Backends: libsodium where an application installs it, @noble everywhere else. */
const backends = { native: installNative, portable: () => installSuites(pureSuites) } as const;
type Backend = keyof typeof backends;

function receiptOver(epochs: number) {
  installNative();
  const chain = new TestChain();
  chain.addMany(16 * epochs + 3);
  const paid = payment(chain, 3);
  chain.add([paid.bytes]);
  const followed = new EpochChain(chain.checkpoint, verifyConsensus);
  for (const proof of chain.proofs) followed.append(proof);
  const evidence = parseTransactionEvidence(chain.transactionProof(toHex(paid.txid)));
  const text = makeReceipt({ epochs: followed }, finalTransaction(evidence));
  return { text, chain };
}

const receipt = (backend: Backend) => ({
  name: `verify a receipt, ${backend}`,
  unit: 'ms/op' as const,
  target: { atMost: 50 },
  prepare: () => {
    const { text, chain } = receiptOver(0);
    backends[backend]();
    return () => verifyReceipt(text, chain.checkpoint);
  },
});

function longChain(smoke: boolean): TestChain {
  installNative();
  const chain = new TestChain();
  chain.addMany(16 * (smoke ? 5 : 1_000));
  return chain;
}

const history = (backend: Backend) => ({
  name: `follow 1,000 epochs, ${backend}`,
  unit: 'ms',
  better: 'lower' as const,
  target: { atMost: 5_000 },
  measure({ smoke }: { readonly smoke: boolean }) {
    const chain = longChain(smoke);
    backends[backend]();
    const started = performance.now();
    const followed = new EpochChain(chain.checkpoint, verifyConsensus);
    for (const proof of chain.proofs) {
      if (!followed.append(proof).ok) throw new TypeError('a proof does not hold');
    }
    return [performance.now() - started];
  },
});

const suite: BenchmarkSuite = {
  name: 'client',
  benchmarks: [
    receipt('native'),
    receipt('portable'),
    history('native'),
    history('portable'),
    {
      name: 'verify a receipt, browser',
      unit: 'ms',
      better: 'lower',
      target: { atMost: 200 },
      skip: noBrowser,
      measure: () => {
        const { text, chain } = receiptOver(0);
        return verifyInPage(text, chain);
      },
    },
    {
      name: 'follow 1,000 epochs, browser',
      unit: 'ms',
      better: 'lower',
      target: { atMost: 5_000 },
      skip: noBrowser,
      measure: async ({ smoke }) => [await followInPage(longChain(smoke))],
    },
    {
      name: 'bundle of the whole round trip, gzip',
      unit: 'bytes',
      better: 'lower',
      target: { atMost: budgetBytes },
      measure: async () => [(await bundle('./bundle-entry.ts')).gzipBytes],
    },
  ],
};
export default suite;
