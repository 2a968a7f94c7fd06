/** Stake: bonding and unbonding coins, and the records by which a validator joins and leaves. */
import { type Amount, type ValidatorId } from '@mxd/protocol/primitives';
import { transactionKind, type Owner, type TransactionOutput } from '@mxd/protocol/transaction';

import {
  buildTransaction,
  byOutpoint,
  roomForInputs,
  type TransactionParts,
  type Unsigned,
} from './build.ts';
import { type Chain } from './chain.ts';
import { type Coin } from './coins.ts';
import { WalletError } from './errors.ts';
import { selectCoins } from './select-coins.ts';
import { type SelectionStrategy } from './selection.ts';

export {
  joinRecord,
  leaveRecord,
  rotateRecord,
  type JoinRequest,
  type LeaveRequest,
  type RecordSigner,
  type RotateRequest,
  type SignedRecord,
} from './membership.ts';

type Window = Pick<TransactionParts, 'validFrom' | 'expiresAt' | 'policies'>;

function windowOf({ validFrom, expiresAt, policies }: Window): Window {
  return {
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(policies === undefined ? {} : { policies }),
  };
}

/** Stake for a validator. Output 0 is bonded to it, the change is plain. */
export interface BondRequest extends Window {
  readonly coins: readonly Coin[];
  readonly validatorId: ValidatorId;
  readonly amount: Amount;
  /** Who may unbond the stake. */
  readonly owner: Owner;
  readonly change: Owner;
  readonly tip?: Amount;
  readonly strategy?: SelectionStrategy;
}

/** @throws WalletError as `selectCoins` and `buildTransaction`. */
export function buildBond(chain: Chain, request: BondRequest): Unsigned {
  const { amount, owner, change, validatorId, tip = 0n, strategy, policies } = request;
  const selection = selectCoins(request.coins, {
    target: amount + tip,
    dustLimit: chain.dustLimit,
    maxBytes: roomForInputs(chain, [owner, change], 20),
    ...(strategy === undefined ? {} : { strategy }),
    ...(policies === undefined ? {} : { policies }),
  });
  const outputs: TransactionOutput[] = [{ owner, amount }];
  if (selection.change > 0n) outputs.push({ owner: change, amount: selection.change });
  return buildTransaction(chain, {
    kind: transactionKind.bond,
    coins: selection.coins.toSorted(byOutpoint),
    outputs,
    tip,
    payload: validatorId,
    ...windowOf(request),
  });
}

/** Stake to be taken back. It can be spent some epochs later; it pays no tip by rule. */
export interface UnbondRequest extends Window {
  /** Bonded coins of one validator; all of them are unbonded. */
  readonly coins: readonly Coin[];
  readonly to: Owner;
}

/**
 * Unbonds these coins, whole, into one output.
 * @throws WalletError WALLET_NOTHING, WALLET_COIN and as `buildTransaction`.
 */
export function buildUnbond(chain: Chain, request: UnbondRequest): Unsigned {
  const { coins, to } = request;
  const [first] = coins;
  if (first === undefined) {
    throw new WalletError('WALLET_NOTHING', 'there is no stake to take back');
  }
  const ids = coins.map(({ lock }) =>
    lock.kind === 'bonded' ? lock.validatorId.join() : undefined,
  );
  if (first.lock.kind !== 'bonded' || ids.some((id) => id === undefined || id !== ids[0])) {
    throw new WalletError('WALLET_COIN', 'all coins must be bonded to one validator');
  }
  return buildTransaction(chain, {
    kind: transactionKind.unbond,
    coins: coins.toSorted(byOutpoint),
    outputs: [{ owner: to, amount: coins.reduce((sum, coin) => sum + coin.amount, 0n) }],
    payload: first.lock.validatorId,
    ...windowOf(request),
  });
}
