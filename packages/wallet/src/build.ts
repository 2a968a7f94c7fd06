import { compareBytes, maxAmount } from '@mxd/codec';
import { taggedHash } from '@mxd/crypto/hash';
import * as wire from '@mxd/protocol/bounds';
import { keyOf, type Amount, type TxId } from '@mxd/protocol/primitives';
import {
  transactionBodyCodec,
  transactionKind,
  transactionVersion,
  type Owner,
  type TransactionBody,
  type TransactionKind,
  type TransactionOutput,
} from '@mxd/protocol/transaction';

import { type Chain, type ChainIdentity } from './chain.ts';
import { inputBytes, type Coin, type PolicyBook } from './coins.ts';
import { WalletError } from './errors.ts';

/** A transaction to be signed, with the outputs that it spends. */
export interface Unsigned {
  readonly chain: ChainIdentity;
  readonly body: TransactionBody;
  /** The encoding of `body`, which the txid is the hash of. */
  readonly bodyBytes: Uint8Array;
  readonly txid: TxId;
  /** What input i spends. */
  readonly spent: readonly TransactionOutput[];
}

/** Everything about a transaction that is not left to coin selection. */
export interface TransactionParts {
  readonly kind?: TransactionKind;
  readonly coins: readonly Coin[];
  readonly outputs: readonly TransactionOutput[];
  /** Base units for the proposer and the validators; 0 unless told. */
  readonly tip?: Amount;
  /** Heights between which the transaction can be final; 0 is open. */
  readonly validFrom?: number;
  readonly expiresAt?: number;
  /** 32 bytes that bind data kept elsewhere. */
  readonly commitment?: Uint8Array;
  readonly payload?: Uint8Array;
  readonly policies?: PolicyBook;
}

const none = new Uint8Array(0);

function checkOutputs(chain: Chain, outputs: readonly TransactionOutput[]): Amount {
  let sum = 0n;
  for (const { amount } of outputs) {
    if (amount < chain.dustLimit || amount > maxAmount) {
      throw new WalletError(
        'WALLET_AMOUNT',
        `${amount} base units are below the dust limit of ${chain.dustLimit}`,
        { amount, dustLimit: chain.dustLimit },
      );
    }
    sum += amount;
  }
  if (outputs.length < 1 || outputs.length > wire.outputs) {
    throw new WalletError('WALLET_TOO_LARGE', `${outputs.length} outputs are no transaction`, {
      outputs: outputs.length,
      max: wire.outputs,
    });
  }
  return sum;
}

function checkCoins(coins: readonly Coin[], kind: TransactionKind): Amount {
  if (coins.length < 1 || coins.length > wire.inputs) {
    throw new WalletError('WALLET_INPUTS_TOO_MANY', `${coins.length} inputs are no transaction`, {
      inputs: coins.length,
      max: wire.inputs,
    });
  }
  const seen = new Set<string>();
  let sum = 0n;
  for (const { outpoint, amount, lock } of coins) {
    if (coins.length > 1) seen.add(`${keyOf(outpoint.txid)}:${outpoint.index}`);
    if ((lock.kind === 'bonded') !== (kind === transactionKind.unbond)) {
      throw new WalletError('WALLET_COIN', `a ${lock.kind} coin cannot be spent by this kind`);
    }
    sum += amount;
  }
  if (coins.length > 1 && seen.size !== coins.length) {
    throw new WalletError('WALLET_COIN', 'a coin is listed twice');
  }
  return sum;
}

function checkRest({ validFrom = 0, expiresAt = 0, commitment, tip = 0n }: TransactionParts): void {
  const heights = [validFrom, expiresAt];
  const good = heights.every((h) => Number.isInteger(h) && h >= 0 && h <= 0xffff_ffff);
  if (!good || (expiresAt !== 0 && expiresAt < validFrom)) {
    throw new WalletError('WALLET_WINDOW', `heights ${validFrom} to ${expiresAt} are no window`, {
      validFrom,
      expiresAt,
    });
  }
  if (commitment !== undefined && commitment.length !== 32 && commitment.length !== 0) {
    throw new WalletError('WALLET_COMMITMENT', `the commitment has ${commitment.length} bytes`);
  }
  if (tip < 0n || tip > maxAmount) {
    throw new WalletError('WALLET_AMOUNT', `${tip} base units are no tip`, { tip });
  }
}

/** Bytes of the signed transaction, exact for single keys and the largest for policies. */
function signedBytes(bodyBytes: number, coins: readonly Coin[], policies?: PolicyBook): number {
  // An outpoint is counted in the body already.
  return coins.reduce((sum, coin) => sum + inputBytes(coin.owner, policies) - 68, bodyBytes);
}

/**
 * A transaction of these very coins and outputs, in the order given. The other builders choose
 * coins and change and end here.
 * @throws WalletError WALLET_AMOUNT, WALLET_COIN, WALLET_UNBALANCED, WALLET_TOO_LARGE,
 *   WALLET_INPUTS_TOO_MANY, WALLET_WINDOW, WALLET_COMMITMENT.
 */
export function buildTransaction(chain: Chain, parts: TransactionParts): Unsigned {
  const { coins, outputs, kind = transactionKind.transfer, tip = 0n } = parts;
  checkRest(parts);
  const paid = checkOutputs(chain, outputs) + tip;
  const spent = checkCoins(coins, kind);
  if (spent !== paid) {
    throw new WalletError(
      'WALLET_UNBALANCED',
      `inputs are worth ${spent} base units, outputs and tip ${paid}`,
      { inputs: spent, outputs: paid },
    );
  }
  const body: TransactionBody = {
    version: transactionVersion,
    chainId: chain.networkId,
    kind,
    validFrom: parts.validFrom ?? 0,
    expiresAt: parts.expiresAt ?? 0,
    inputs: coins.map((coin) => coin.outpoint),
    outputs,
    tip,
    commitment: parts.commitment ?? none,
    payload: parts.payload ?? none,
  };
  const bodyBytes = transactionBodyCodec.encode(body);
  const sizeBytes = signedBytes(bodyBytes.length, coins, parts.policies);
  if (sizeBytes > chain.maxTransactionBytes) {
    throw new WalletError(
      'WALLET_TOO_LARGE',
      `the transaction would have ${sizeBytes} bytes, more than ${chain.maxTransactionBytes}`,
      { sizeBytes, maxBytes: chain.maxTransactionBytes },
    );
  }
  return {
    chain,
    body,
    bodyBytes,
    txid: taggedHash('MXD5TXID', bodyBytes),
    spent: coins.map(({ owner, amount }) => ({ owner, amount })),
  };
}

/** Order of inputs and outputs that tells nothing about who is who. */
export const byOutpoint = (a: Coin, b: Coin): number =>
  compareBytes(a.outpoint.txid, b.outpoint.txid) || a.outpoint.index - b.outpoint.index;

/** Ascending by amount, then version, then hash. */
export function byOutput(a: TransactionOutput, b: TransactionOutput): number {
  if (a.amount !== b.amount) return a.amount < b.amount ? -1 : 1;
  return a.owner.version - b.owner.version || compareBytes(a.owner.hash, b.owner.hash);
}

/** Room that the rest of a transaction leaves for inputs, in bytes. */
export function roomForInputs(chain: Chain, outputs: readonly Owner[], payload = 0): number {
  const fixed = 2 + 4 + 1 + 4 + 4 + 2 + 2 + 8 + 33 + 4 + payload;
  const outputBytes = outputs.reduce((sum, owner) => sum + 9 + owner.hash.length, 0);
  return chain.maxTransactionBytes - fixed - outputBytes;
}
