import { type Amount } from '@mxd/protocol/primitives';
import { type Owner, type TransactionOutput } from '@mxd/protocol/transaction';

import {
  buildTransaction,
  byOutpoint,
  byOutput,
  roomForInputs,
  type TransactionParts,
  type Unsigned,
} from './build.ts';
import { type Chain } from './chain.ts';
import { type Coin } from './coins.ts';
import { selectCoins } from './select-coins.ts';
import { type Selection, type SelectionStrategy } from './selection.ts';

/** Who gets how much. */
export interface Payment {
  readonly to: Owner;
  readonly amount: Amount;
}

/** A payment to build: coins that may be spent, who is paid, and where change goes. */
export interface PaymentRequest extends Pick<
  TransactionParts,
  'tip' | 'validFrom' | 'expiresAt' | 'commitment' | 'policies'
> {
  /** Coins that may be spent: pass them through `spendableCoins`. */
  readonly coins: readonly Coin[];
  readonly payments: readonly Payment[];
  /** Best an address that was never used. */
  readonly change: Owner;
  readonly strategy?: SelectionStrategy;
  /** A rest up to this joins the tip instead of becoming change; 0 unless told. */
  readonly absorb?: Amount;
  readonly maxInputs?: number;
  /** `sorted` (the default) hides which output is change; `given` keeps the payments' order. */
  readonly outputOrder?: 'sorted' | 'given';
}

/** A payment ready to sign, and how it came about. */
export interface BuiltPayment extends Unsigned {
  readonly selection: Selection;
  /** Which output is change; undefined if there is none. */
  readonly changeIndex: number | undefined;
}

/**
 * Chooses coins for payments, adds change, and builds the transaction. Base units throughout.
 * @throws WalletError as `selectCoins` and `buildTransaction`.
 */
export function buildPayment(chain: Chain, request: PaymentRequest): BuiltPayment {
  const { payments, change, tip = 0n, outputOrder = 'sorted' } = request;
  const paid = payments.map(({ to, amount }): TransactionOutput => ({ owner: to, amount }));
  const target = paid.reduce((sum, output) => sum + output.amount, tip);
  const selection = selectCoins(request.coins, {
    target,
    dustLimit: chain.dustLimit,
    maxBytes: roomForInputs(chain, [...payments.map((payment) => payment.to), change]),
    ...(request.strategy === undefined ? {} : { strategy: request.strategy }),
    ...(request.absorb === undefined ? {} : { absorb: request.absorb }),
    ...(request.maxInputs === undefined ? {} : { maxInputs: request.maxInputs }),
    ...(request.policies === undefined ? {} : { policies: request.policies }),
  });
  const rest: TransactionOutput = { owner: change, amount: selection.change };
  const outputs = selection.change === 0n ? paid : [...paid, rest];
  const ordered = outputOrder === 'sorted' ? outputs.toSorted(byOutput) : outputs;
  const built = buildTransaction(chain, {
    coins: selection.coins.toSorted(byOutpoint),
    outputs: ordered,
    tip: tip + selection.absorbed,
    ...(request.validFrom === undefined ? {} : { validFrom: request.validFrom }),
    ...(request.expiresAt === undefined ? {} : { expiresAt: request.expiresAt }),
    ...(request.commitment === undefined ? {} : { commitment: request.commitment }),
    ...(request.policies === undefined ? {} : { policies: request.policies }),
  });
  const changeIndex = selection.change === 0n ? undefined : ordered.indexOf(rest);
  return { ...built, selection, changeIndex };
}
