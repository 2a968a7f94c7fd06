import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';
import { type Amount, type TxId, type ValidatorId } from '@mxd/protocol/primitives';
import { addressVersion, type Outpoint, type Owner } from '@mxd/protocol/transaction';
import { type Policy } from '@mxd/protocol/witness';

import { ownerKey } from './account.ts';
import { WalletError } from './errors.ts';

/** Why a coin cannot simply be spent; `spendableFrom` is the first height at which it can. */
export type CoinLock =
  | { readonly kind: 'plain' }
  | { readonly kind: 'bonded'; readonly validatorId: ValidatorId }
  | {
      readonly kind: 'unbonding';
      readonly validatorId: ValidatorId;
      readonly spendableFrom: number;
    };

/** An unspent output that the wallet knows. `@mxd/client` lists them in this form. */
export interface Coin {
  readonly outpoint: Outpoint;
  readonly owner: Owner;
  readonly amount: Amount;
  /** Height of its block; 0 for genesis. */
  readonly createdHeight: number;
  readonly lock: CoinLock;
  /** An unconfirmed transaction spends it already. */
  readonly spentBy?: TxId;
}

/** Whether a transfer of the block after `height` may spend the coin. */
export function isSpendable(coin: Coin, height: number): boolean {
  if (coin.spentBy !== undefined) return false;
  if (coin.lock.kind === 'bonded') return false;
  return coin.lock.kind === 'plain' || coin.lock.spendableFrom <= height + 1;
}

/** The coins that a transfer of the block after `height` may spend. */
export const spendableCoins = (coins: readonly Coin[], height: number): readonly Coin[] =>
  coins.filter((coin) => isSpendable(coin, height));

/** Bytes of an outpoint in a body: txid and index. */
const outpointBytes = 68;

const suiteOfVersion: Readonly<Record<number, SuiteId>> = {
  [addressVersion.ed25519]: 1,
  [addressVersion.mlDsa87]: 2,
  [addressVersion.hybrid]: 3,
};

const keyWitnessBytes = (suite: SuiteId): number =>
  2 + suiteInfo[suite].publicKeyBytes + suiteInfo[suite].signatureBytes;

/** Bytes of the largest witness that a policy can need. */
export function policyWitnessBytes(policy: Policy): number {
  const keys = policy.keys.reduce((sum, key) => sum + 1 + key.publicKey.length, 0);
  const signatures = policy.keys
    .map((key) => suiteInfo[key.suite].signatureBytes)
    .toSorted((a, b) => b - a)
    .slice(0, policy.threshold)
    .reduce((sum, bytes) => sum + bytes, 0);
  return 5 + keys + signatures;
}

/** Policies by `ownerKey` of their address. */
export type PolicyBook = ReadonlyMap<string, Policy>;

/**
 * Bytes that spending a coin of this owner adds to a transaction, witness included.
 * @throws WalletError WALLET_POLICY for a policy address that the book does not know.
 */
export function inputBytes(owner: Owner, policies?: PolicyBook): number {
  const suite = suiteOfVersion[owner.version];
  if (suite !== undefined) return outpointBytes + keyWitnessBytes(suite);
  const policy = policies?.get(ownerKey(owner));
  if (policy === undefined) {
    throw new WalletError('WALLET_POLICY', 'the policy of an input is not known', {
      owner: ownerKey(owner),
    });
  }
  return outpointBytes + policyWitnessBytes(policy);
}
