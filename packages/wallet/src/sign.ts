import { Writer } from '@mxd/codec';
import { type TxId, type Wtxid } from '@mxd/protocol/primitives';
import {
  inputSigningMessage,
  wtxidOfBytes,
  type Transaction,
  type TransactionOutput,
} from '@mxd/protocol/transaction';
import { witnessCodec, type Witness } from '@mxd/protocol/witness';

import { ownerKey, sameOwner, type SigningAccount } from './account.ts';
import { type Unsigned } from './build.ts';
import { WalletError } from './errors.ts';

/** A transaction that can be sent. */
export interface Signed {
  readonly txid: TxId;
  readonly wtxid: Wtxid;
  /** What is sent. */
  readonly bytes: Uint8Array;
  readonly transaction: Transaction;
}

/** What the key of an input signs. */
export function signingMessage(unsigned: Unsigned, input: number): Uint8Array {
  const spent = unsigned.spent[input] as TransactionOutput;
  return inputSigningMessage(unsigned.chain.chainTag, unsigned.txid, input, spent);
}

/** Joins a body that is encoded already and its witnesses. */
export function assemble(unsigned: Unsigned, witnesses: readonly Witness[]): Signed {
  const size = witnesses.reduce((sum, witness) => sum + witnessCodec.size(witness), 0);
  const writer = new Writer(unsigned.bodyBytes.length + size);
  writer.bytes(unsigned.bodyBytes);
  for (const witness of witnesses) witnessCodec.encodeInto(writer, witness);
  const bytes = writer.finish();
  return {
    txid: unsigned.txid,
    wtxid: wtxidOfBytes(bytes),
    bytes,
    transaction: { body: unsigned.body, witnesses },
  };
}

function findAccount(
  accounts: readonly SigningAccount[],
  spent: TransactionOutput,
  index: ReadonlyMap<string, SigningAccount> | undefined,
): SigningAccount {
  const found =
    index === undefined
      ? accounts.find((account) => sameOwner(account.owner, spent.owner))
      : index.get(ownerKey(spent.owner));
  if (found !== undefined) return found;
  throw new WalletError('WALLET_NO_KEY', 'no key at hand owns the output that an input spends', {
    owner: ownerKey(spent.owner),
  });
}

/**
 * Signs every input with the account that owns it. All owners are single keys at hand; for policies
 * and several signers see `@mxd/wallet/signing-file`.
 * @throws WalletError WALLET_NO_KEY.
 */
export function signTransaction(unsigned: Unsigned, accounts: readonly SigningAccount[]): Signed {
  // A map pays off only where many accounts meet many inputs.
  const index =
    accounts.length > 4
      ? new Map(accounts.map((account) => [ownerKey(account.owner), account]))
      : undefined;
  const witnesses = unsigned.spent.map((spent, input): Witness => {
    const account = findAccount(accounts, spent, index);
    const { suite, publicKey } = account;
    return { form: 1, suite, publicKey, signature: account.sign(signingMessage(unsigned, input)) };
  });
  return assemble(unsigned, witnesses);
}
