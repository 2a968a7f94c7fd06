import { toHex } from '@mxd/codec';
import type { SuiteId } from '@mxd/crypto/suites';
import type { Owner } from '@mxd/protocol/transaction';
import {
  buildTransaction,
  signTransaction,
  type Chain,
  type Coin,
  type SigningAccount,
} from '@mxd/wallet';

/** A key of the run, under the mnemonic: m/44'/7979'/account'/change'/index'. */
export interface KeyPlace {
  readonly suite: SuiteId;
  readonly account: number;
  /** 0 pays, 1 is paid, 2 sends spam. */
  readonly change: 0 | 1 | 2;
  readonly index: number;
}

/** A transaction that is ready to be sent. */
export interface Signed {
  readonly txid: string;
  readonly hex: string;
}

/** Payments of one coin, each but the first out of the change of the one before. */
export interface PaymentPlan {
  readonly rounds: number;
  readonly outputs: 1 | 2;
  /** What the receiver of each round gets; 0 is the whole coin. */
  readonly amount: bigint;
  readonly tip: bigint;
}

const changeOutput = 1;

function coinAt(txid: Uint8Array, index: number, owner: Owner, amount: bigint): Coin {
  return {
    outpoint: { txid, index },
    owner,
    amount,
    createdHeight: 0,
    lock: { kind: 'plain' },
  };
}

/** Signs all rounds of a coin: a txid does not depend on signatures, so the chain is known ahead. */
export function signRounds(
  chain: Chain,
  account: SigningAccount,
  coin: Coin,
  receivers: readonly Owner[],
  plan: PaymentPlan,
): readonly Signed[] {
  const { rounds, outputs, tip } = plan;
  const signed: Signed[] = [];
  let from = coin;
  for (let round = 0; round < rounds; round++) {
    const to = receivers[round % receivers.length] as Owner;
    const left = from.amount - tip;
    const amount = outputs === 1 || plan.amount === 0n ? left : plan.amount;
    const paid = { owner: to, amount };
    const change = { owner: account.owner, amount: left - amount };
    const unsigned = buildTransaction(chain, {
      coins: [from],
      outputs: change.amount > 0n ? [paid, change] : [paid],
      tip,
    });
    const { bytes, txid } = signTransaction(unsigned, [account]);
    signed.push({ txid: toHex(txid), hex: toHex(bytes) });
    const next = unsigned.body.outputs.length > 1 ? changeOutput : 0;
    from = coinAt(txid, next, account.owner, next === 0 ? amount : change.amount);
  }
  return signed;
}

/** One transaction that splits a coin into `count` equal ones, the rest going back. */
export function signSplit(
  chain: Chain,
  account: SigningAccount,
  coin: Coin,
  to: Owner,
  split: { readonly count: number; readonly amount: bigint; readonly tip: bigint },
): Signed {
  const { count, amount, tip } = split;
  const rest = coin.amount - BigInt(count) * amount - tip;
  const outputs = Array.from({ length: count }, () => ({ owner: to, amount }));
  const unsigned = buildTransaction(chain, {
    coins: [coin],
    outputs: rest > 0n ? [...outputs, { owner: account.owner, amount: rest }] : outputs,
    tip,
  });
  const { bytes, txid } = signTransaction(unsigned, [account]);
  return { txid: toHex(txid), hex: toHex(bytes) };
}
