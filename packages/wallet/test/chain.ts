import { SecretBytes } from '@mxd/crypto/secret';
import { type SuiteId, suiteInfo } from '@mxd/crypto/suites';

import { accountFromSeed, type Chain, type Coin, type SigningAccount } from '../src/index.ts';

export const chain: Chain = {
  chainTag: new Uint8Array(32).fill(7),
  networkId: 77,
  network: 'test',
  dustLimit: 1_000n,
  maxTransactionBytes: 102_400,
};

/** An account whose seed is one byte repeated. */
export function accountOf(suite: SuiteId, fill: number): SigningAccount {
  const seed = new Uint8Array(suiteInfo[suite].seedBytes).fill(fill);
  return accountFromSeed(suite, SecretBytes.own(seed));
}

let serial = 0;

/** A coin that nobody else has. */
export function coinOf(owner: Coin['owner'], amount: bigint, more: Partial<Coin> = {}): Coin {
  const txid = new Uint8Array(64);
  new DataView(txid.buffer).setUint32(0, ++serial);
  txid[63] = serial % 251;
  return {
    outpoint: { txid, index: serial % 3 },
    owner,
    amount,
    createdHeight: 1,
    lock: { kind: 'plain' },
    ...more,
  };
}
