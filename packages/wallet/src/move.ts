/**
 * Moving all coins elsewhere: from classical to hybrid keys, or many small coins into few. A plan
 * comes first; nothing is signed before its owner has seen it.
 */
import { type Amount } from '@mxd/protocol/primitives';
import * as wire from '@mxd/protocol/bounds';
import { addressVersion, type Owner } from '@mxd/protocol/transaction';

import { type Account, ownerKey, type SigningAccount } from './account.ts';
import { buildTransaction, byOutpoint, roomForInputs, type Unsigned } from './build.ts';
import { type Chain } from './chain.ts';
import { inputBytes, isSpendable, type Coin, type PolicyBook } from './coins.ts';
import { WalletError } from './errors.ts';
import * as bounds from './bounds.ts';
import { signTransaction, type Signed } from './sign.ts';

/** Which coins go where. */
export interface SweepRequest {
  readonly coins: readonly Coin[];
  /** Height of the last final block: tells which coins may be spent. */
  readonly height: number;
  readonly to: Owner;
  readonly policies?: PolicyBook;
  /** 0 unless told: this chain asks for no fee. */
  readonly tipPerTransaction?: Amount;
  readonly expiresAt?: number;
}

/** Why a coin stays where it is. */
export type LeftReason = 'bonded' | 'unbonding' | 'pending' | 'dust' | 'later';

/** Transactions that do it, and what they leave. */
export interface SweepPlan {
  readonly to: Owner;
  readonly transactions: readonly Unsigned[];
  /** Arrives at `to`. */
  readonly total: Amount;
  readonly left: readonly { readonly coin: Coin; readonly reason: LeftReason }[];
}

function leftReason(coin: Coin, height: number): LeftReason | undefined {
  if (isSpendable(coin, height)) return undefined;
  if (coin.spentBy !== undefined) return 'pending';
  return coin.lock.kind === 'bonded' ? 'bonded' : 'unbonding';
}

/** Coins in groups that fit one transaction each. Coins of one address stay together. */
function* groups(
  coins: readonly Coin[],
  room: number,
  policies: PolicyBook | undefined,
): Generator<readonly Coin[]> {
  const sorted = coins
    .map((coin) => ({ coin, key: ownerKey(coin.owner), bytes: inputBytes(coin.owner, policies) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : byOutpoint(a.coin, b.coin)));
  let group: Coin[] = [];
  let used = 0;
  for (const { coin, bytes } of sorted) {
    if (group.length > 0 && (used + bytes > room || group.length === wire.inputs)) {
      yield group;
      group = [];
      used = 0;
    }
    group.push(coin);
    used += bytes;
  }
  if (group.length > 0) yield group;
}

/**
 * Plans to move every spendable coin to one address, in as few transactions as fit.
 * @throws WalletError WALLET_NOTHING, WALLET_POLICY.
 */
export function planSweep(chain: Chain, request: SweepRequest): SweepPlan {
  const { coins, height, to, policies, tipPerTransaction = 0n, expiresAt } = request;
  const left: { coin: Coin; reason: LeftReason }[] = [];
  const movable: Coin[] = [];
  for (const coin of coins) {
    const reason = leftReason(coin, height);
    if (reason === undefined) movable.push(coin);
    else left.push({ coin, reason });
  }
  const transactions: Unsigned[] = [];
  let total = 0n;
  for (const group of groups(movable, roomForInputs(chain, [to]), policies)) {
    const amount = group.reduce((sum, coin) => sum + coin.amount, -tipPerTransaction);
    const full = transactions.length >= bounds.moveTransactions;
    if (full || amount < chain.dustLimit) {
      for (const coin of group) left.push({ coin, reason: full ? 'later' : 'dust' });
      continue;
    }
    total += amount;
    transactions.push(
      buildTransaction(chain, {
        coins: group,
        outputs: [{ owner: to, amount }],
        tip: tipPerTransaction,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        ...(policies === undefined ? {} : { policies }),
      }),
    );
  }
  if (transactions.length === 0) {
    throw new WalletError('WALLET_NOTHING', 'none of the coins may be spent now', {
      coins: coins.length,
    });
  }
  return { to, transactions, total, left };
}

/** The coins of the address that has most of them: joining coins of several would link those. */
function largestGroup(coins: readonly Coin[]): readonly Coin[] {
  const byOwner = Map.groupBy(coins, ({ owner }) => ownerKey(owner));
  return [...byOwner.values()].reduce(
    (most, group) => (group.length > most.length ? group : most),
    [] as readonly Coin[],
  );
}

/**
 * Plans to join small coins into one: the smallest `count` (100 unless told) of the address that has
 * most coins, as far as they fit one transaction. Worth it before a payment that needs too many.
 * @throws WalletError WALLET_NOTHING if there are fewer than two.
 */
export function planConsolidation(
  chain: Chain,
  request: SweepRequest & { readonly count?: number },
): SweepPlan {
  const { coins, height, to, count = 100, policies } = request;
  const room = roomForInputs(chain, [to]);
  let bytes = 0;
  const chosen = largestGroup(coins.filter((coin) => isSpendable(coin, height)))
    .toSorted((a, b) => (a.amount < b.amount ? -1 : a.amount > b.amount ? 1 : 0))
    .slice(0, Math.min(count, wire.inputs))
    .filter((coin) => (bytes += inputBytes(coin.owner, policies)) <= room);
  if (chosen.length < 2) {
    throw new WalletError('WALLET_NOTHING', 'there are not two coins to join', {
      coins: chosen.length,
    });
  }
  return planSweep(chain, { ...request, coins: chosen });
}

/** A plan to move to hybrid keys, with the account that the coins move to. */
export interface HybridMove extends SweepPlan {
  readonly account: Account;
  /** Coins that are under hybrid keys or policies already, and stay. */
  readonly safe: readonly Coin[];
}

/**
 * Plans to move what classical (or ML-DSA) keys hold to a hybrid account (`master.watch(3, path)`):
 * show the plan, then `signPlan`, then send. Bonded stake stays until it is unbonded.
 * @throws WalletError WALLET_NOTHING, WALLET_SUITE if the account is not hybrid.
 */
export function planHybridMove(
  chain: Chain,
  account: Account,
  request: Omit<SweepRequest, 'to'>,
): HybridMove {
  if (account.owner.version !== addressVersion.hybrid) {
    throw new WalletError('WALLET_SUITE', 'the account to move to is not hybrid', {
      suite: account.suite,
    });
  }
  const isSafe = ({ owner }: Coin): boolean =>
    owner.version === addressVersion.hybrid || owner.version === addressVersion.policy;
  const coins = request.coins.filter((coin) => !isSafe(coin));
  const plan = planSweep(chain, { ...request, coins, to: account.owner });
  return { ...plan, account, safe: request.coins.filter(isSafe) };
}

/** Signs every transaction of a plan. @throws WalletError WALLET_NO_KEY. */
export const signPlan = (plan: SweepPlan, accounts: readonly SigningAccount[]): readonly Signed[] =>
  plan.transactions.map((unsigned) => signTransaction(unsigned, accounts));
