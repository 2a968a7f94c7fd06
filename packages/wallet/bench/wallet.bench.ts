import { SecretBytes } from '@mxd/crypto/secret';

import type { BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import { discoverAccount } from '../src/discovery.ts';
import {
  accountFromSeed,
  buildPayment,
  MasterKey,
  selectCoins,
  signTransaction,
  type Chain,
  type Coin,
} from '../src/index.ts';

const chain: Chain = {
  chainTag: new Uint8Array(32),
  networkId: 1,
  network: 'test',
  dustLimit: 1_000n,
  maxTransactionBytes: 102_400,
};

const accountOf = (suite: 1 | 2 | 3) =>
  accountFromSeed(suite, SecretBytes.copyOf(new Uint8Array(suite === 3 ? 64 : 32).fill(suite)));

/** Coins of odd amounts, so that exact sums are rare. */
function coins(owner: Coin['owner'], count: number): Coin[] {
  let seed = 12_345;
  const random = (): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0);
  return Array.from({ length: count }, (_, i) => {
    const txid = new Uint8Array(64);
    new DataView(txid.buffer).setUint32(0, i);
    const amount = 1_000n + BigInt(random() % 100_000_000);
    const lock = { kind: 'plain' } as const;
    return { outpoint: { txid, index: 0 }, owner, amount, createdHeight: i, lock };
  });
}

const payer = accountOf(1);

const select = (
  name: string,
  target: (sum: bigint) => bigint,
  strategy: 'fewest' | 'oldest',
  factor = 1n,
) => ({
  name: `select from 10,000 coins, ${name}`,
  unit: 'ms/op' as const,
  target: { atMost: 50 },
  prepare: ({ smoke }: { readonly smoke: boolean }) => {
    const made = coins(payer.owner, smoke ? 100 : 10_000);
    const list = made.map((coin) => ({ ...coin, amount: coin.amount * factor }));
    const sum = list.reduce((total, coin) => total + coin.amount, 0n);
    const request = { dustLimit: 1_000n, maxBytes: 100_000, strategy, target: target(sum) };
    return () => selectCoins(list, request);
  },
});

const sign = (suite: 1 | 2 | 3) => ({
  name: `build and sign, one input, suite ${suite}`,
  prepare: () => {
    const account = accountOf(suite);
    const [coin] = coins(account.owner, 1) as [Coin];
    const payments = [{ to: account.owner, amount: coin.amount - 2_000n }];
    const request = { coins: [coin], payments, change: account.owner };
    return () => signTransaction(buildPayment(chain, request), [account]);
  },
});

const discover = (suite: 1 | 3) => ({
  name: `discover 1,000 addresses, suite ${suite}`,
  unit: 'ms',
  better: 'lower' as const,
  target: { atMost: 10_000 },
  async measure({ smoke }: { readonly smoke: boolean }) {
    using master = MasterKey.own(SecretBytes.copyOf(new Uint8Array(64).fill(1)));
    const addresses = smoke ? 10 : 980;
    const started = performance.now();
    await discoverAccount(0, {
      derive: (path) => master.watch(suite, path),
      isUsed: async (accounts) =>
        accounts.map(({ path }) => path?.change === 0 && path.index < addresses),
    });
    return [performance.now() - started];
  },
});

const suite: BenchmarkSuite = {
  name: 'wallet',
  benchmarks: [
    select('a middling amount', () => 333_333_333n, 'fewest'),
    select('many inputs', (sum) => sum / 40n, 'oldest'),
    select('no exact sum exists', () => 333_333_333n, 'fewest', 2n),
    sign(1),
    sign(2),
    sign(3),
    discover(1),
    discover(3),
  ],
};
export default suite;
