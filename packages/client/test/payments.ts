import { SecretBytes } from '@mxd/crypto/secret';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';
import {
  accountFromSeed,
  buildPayment,
  signTransaction,
  type Chain,
  type Signed,
} from '@mxd/wallet';

import type { TestChain } from './chain.ts';

export const payerOf = (suite: SuiteId) =>
  accountFromSeed(suite, SecretBytes.copyOf(new Uint8Array(suiteInfo[suite].seedBytes).fill(9)));

const payers = { 1: payerOf(1), 2: payerOf(2), 3: payerOf(3) };
let serial = 0;

export const chainOf = ({ checkpoint }: TestChain): Chain => ({
  chainTag: checkpoint.chainTag,
  networkId: checkpoint.networkId,
  network: 'test',
  dustLimit: 1_000n,
  maxTransactionBytes: 102_400,
});

/** A signed payment that no other is equal to. */
export function payment(chain: TestChain, suite: SuiteId = 1): Signed {
  const payer = payers[suite];
  const txid = new Uint8Array(64);
  new DataView(txid.buffer).setUint32(0, ++serial);
  const lock = { kind: 'plain' } as const;
  const coin = {
    outpoint: { txid, index: 0 },
    owner: payer.owner,
    amount: 90_000n,
    createdHeight: 1,
    lock,
  };
  const unsigned = buildPayment(chainOf(chain), {
    coins: [coin],
    payments: [{ to: payers[1].owner, amount: 20_000n }],
    change: payer.owner,
  });
  return signTransaction(unsigned, [payer]);
}
