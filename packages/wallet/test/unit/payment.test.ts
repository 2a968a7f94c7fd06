import { verifySignature } from '@mxd/crypto/suites';
import { transactionCodec, txidOf, wtxidOfBytes } from '@mxd/protocol/transaction';
import { describe, expect, test } from 'vitest';

import {
  buildPayment,
  buildTransaction,
  signingMessage,
  signTransaction,
  spendableCoins,
} from '../../src/index.ts';
import { accountOf, chain, coinOf } from '../chain.ts';

const alice = accountOf(1, 1);
const bob = accountOf(2, 2);
const carol = accountOf(3, 3);

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('a payment', () => {
  test('is built, signed by keys of every suite, and decodes to what was meant', () => {
    const coins = [alice, bob, carol].map((account) => coinOf(account.owner, 50_000n));
    const unsigned = buildPayment(chain, {
      coins,
      payments: [{ to: bob.owner, amount: 120_000n }],
      change: carol.owner,
      tip: 7n,
      expiresAt: 900,
      commitment: new Uint8Array(32).fill(9),
    });
    const signed = signTransaction(unsigned, [alice, bob, carol]);
    const decoded = transactionCodec.decode(signed.bytes);
    expect(decoded).toEqual(signed.transaction);
    expect(transactionCodec.encode(signed.transaction)).toEqual(signed.bytes);
    expect(txidOf(decoded.body)).toEqual(signed.txid);
    expect(wtxidOfBytes(signed.bytes)).toEqual(signed.wtxid);
    expect(decoded.body.tip).toBe(7n);
    expect(decoded.body.chainId).toBe(77);
    expect(decoded.body.outputs).toEqual([
      { owner: carol.owner, amount: 29_993n },
      { owner: bob.owner, amount: 120_000n },
    ]);
    expect(unsigned.changeIndex).toBe(0);
    decoded.witnesses.forEach((witness, i) => {
      if (witness.form !== 1) throw new TypeError('a key witness was expected');
      const { suite, publicKey, signature } = witness;
      expect(verifySignature(suite, publicKey, signingMessage(unsigned, i), signature)).toBe(true);
    });
  });

  test('signs with many accounts at hand too', () => {
    const accounts = [1, 2, 3, 4, 5, 6].map((fill) => accountOf(1, fill));
    const coins = accounts.map((account) => coinOf(account.owner, 10_000n));
    const outputs = [{ owner: alice.owner, amount: 60_000n }];
    const signed = signTransaction(buildTransaction(chain, { coins, outputs }), accounts);
    expect(signed.transaction.witnesses).toHaveLength(6);
  });

  test('keeps the order of payments where asked to', () => {
    const payments = [9_000n, 2_000n, 5_000n].map((amount) => ({ to: bob.owner, amount }));
    const coins = [coinOf(alice.owner, 20_000n)];
    const given = buildPayment(chain, {
      coins,
      payments,
      change: alice.owner,
      outputOrder: 'given',
    });
    expect(given.body.outputs.map((output) => output.amount)).toEqual([
      9_000n,
      2_000n,
      5_000n,
      4_000n,
    ]);
    expect(given.changeIndex).toBe(3);
  });

  test('a rest that may be absorbed joins the tip', () => {
    const request = {
      coins: [coinOf(alice.owner, 10_400n)],
      payments: [{ to: bob.owner, amount: 10_000n }],
      change: alice.owner,
    };
    expect(codeOf(() => buildPayment(chain, request))).toBe('WALLET_CHANGE_DUST');
    const built = buildPayment(chain, { ...request, absorb: 500n });
    expect(built.body.tip).toBe(400n);
    expect(built.changeIndex).toBeUndefined();
  });
});

describe('refused', () => {
  const coin = coinOf(alice.owner, 5_000n);
  const one = [{ owner: bob.owner, amount: 5_000n }];
  test.each([
    [
      'an output of dust',
      { coins: [coin], outputs: [{ owner: bob.owner, amount: 999n }] },
      'AMOUNT',
    ],
    ['no outputs', { coins: [coin], outputs: [] }, 'TOO_LARGE'],
    ['no inputs', { coins: [], outputs: one }, 'INPUTS_TOO_MANY'],
    ['more out than in', { coins: [coin], outputs: one, tip: 1n }, 'UNBALANCED'],
    ['a negative tip', { coins: [coin], outputs: one, tip: -1n }, 'AMOUNT'],
    ['a coin twice', { coins: [coin, coin], outputs: one }, 'COIN'],
    ['an empty window', { coins: [coin], outputs: one, validFrom: 9, expiresAt: 8 }, 'WINDOW'],
    ['a height in parts', { coins: [coin], outputs: one, validFrom: 0.5 }, 'WINDOW'],
    ['31 bytes', { coins: [coin], outputs: one, commitment: new Uint8Array(31) }, 'COMMITMENT'],
    [
      'bonded stake in a transfer',
      {
        coins: [{ ...coin, lock: { kind: 'bonded', validatorId: new Uint8Array(20) } }],
        outputs: one,
      },
      'COIN',
    ],
    [
      'more hybrid inputs than fit',
      {
        coins: Array.from({ length: 20 }, () => coinOf(carol.owner, 5_000n)),
        outputs: [{ owner: bob.owner, amount: 100_000n }],
      },
      'TOO_LARGE',
    ],
  ] as const)('%s', (_, parts, code) => {
    expect(codeOf(() => buildTransaction(chain, parts))).toBe(`WALLET_${code}`);
  });

  test('a key that owns none of the inputs', () => {
    const unsigned = buildTransaction(chain, { coins: [coin], outputs: one });
    expect(codeOf(() => signTransaction(unsigned, [bob]))).toBe('WALLET_NO_KEY');
    expect(codeOf(() => signTransaction(unsigned, []))).toBe('WALLET_NO_KEY');
  });
});

test('locked and already spent coins are left out', () => {
  const validatorId = new Uint8Array(20);
  const coins = [
    coinOf(alice.owner, 1n),
    coinOf(alice.owner, 2n, { lock: { kind: 'bonded', validatorId } }),
    coinOf(alice.owner, 3n, { lock: { kind: 'unbonding', validatorId, spendableFrom: 101 } }),
    coinOf(alice.owner, 4n, { spentBy: new Uint8Array(64) }),
  ];
  expect(spendableCoins(coins, 99).map((coin) => coin.amount)).toEqual([1n]);
  expect(spendableCoins(coins, 100).map((coin) => coin.amount)).toEqual([1n, 3n]);
});
