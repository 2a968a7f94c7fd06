import { formatAmount, toHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import { transactionKind, type TransactionOutput } from '@mxd/protocol/transaction';

import { type Unsigned } from './build.ts';

/** An address and an amount in MXD, as people read them. */
export interface SummaryLine {
  readonly address: string;
  readonly amount: string;
}

/** What a transaction does, in words: computed from what is signed and nothing else. */
export interface TransactionSummary {
  readonly txid: string;
  readonly kind: string;
  readonly spends: readonly SummaryLine[];
  readonly pays: readonly SummaryLine[];
  /** All inputs together. */
  readonly total: string;
  readonly tip: string;
  readonly validFrom: number;
  readonly expiresAt: number;
  /** Hexadecimal; empty if there is none. */
  readonly commitment: string;
  /** The validator that stake is bonded to or taken back from. */
  readonly validatorId?: string;
}

const kindNames = new Map<number, string>(
  Object.entries(transactionKind).map(([name, kind]) => [kind, name]),
);

/** Describes a transaction for its signer. */
export function summarize(unsigned: Unsigned): TransactionSummary {
  const { body, spent, chain } = unsigned;
  const line = ({ owner, amount }: TransactionOutput): SummaryLine => ({
    address: formatAddress(owner, chain.network),
    amount: formatAmount(amount),
  });
  const stake = body.kind === transactionKind.bond || body.kind === transactionKind.unbond;
  return {
    txid: toHex(unsigned.txid),
    kind: kindNames.get(body.kind) ?? String(body.kind),
    spends: spent.map(line),
    pays: body.outputs.map(line),
    total: formatAmount(spent.reduce((sum, { amount }) => sum + amount, 0n)),
    tip: formatAmount(body.tip),
    validFrom: body.validFrom,
    expiresAt: body.expiresAt,
    commitment: toHex(body.commitment),
    ...(stake ? { validatorId: toHex(body.payload) } : {}),
  };
}
