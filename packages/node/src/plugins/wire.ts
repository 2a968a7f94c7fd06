/**
 * What goes to a plugin's thread: encoded, so that the main thread spends nothing on it. The
 * thread turns it into the facts of the contract.
 */
import { toHex } from '@mxd/codec';
import {
  addressOfKey,
  addressOfPolicy,
  formatAddress,
  type AddressNetwork,
} from '@mxd/crypto/address';
import type { FinalBlock, TransactionFacts } from '@mxd/plugin';
import { blockCodec } from '@mxd/protocol/block';
import {
  transactionCodec,
  txidOfBytes,
  type Owner,
  type TransactionOutput,
} from '@mxd/protocol/transaction';
import type { Witness } from '@mxd/protocol/witness';

/** A transaction with the outputs that it spends, as far as they are known. */
export interface WireTransaction {
  readonly bytes: Uint8Array;
  readonly spent: readonly TransactionOutput[];
  readonly source?: string | undefined;
}

export interface WireBlock {
  readonly height: number;
  readonly hash: Uint8Array;
  readonly block: Uint8Array;
  /** One per input of the block's transactions, in order; empty if they are not known. */
  readonly spent: readonly TransactionOutput[];
  readonly missedBefore: number;
}

/** The bytes alone: cloning a view would copy everything that lies around it. */
export const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

const plainOutput = ({ owner, amount }: TransactionOutput): TransactionOutput => ({
  owner: { version: owner.version, hash: ownBytes(owner.hash) },
  amount,
});

export const wireTransaction = (
  bytes: Uint8Array,
  spent: readonly TransactionOutput[],
  source?: string,
): WireTransaction => ({ bytes: ownBytes(bytes), spent: spent.map(plainOutput), source });

const addressText = (owner: Owner, network: AddressNetwork): string =>
  formatAddress(owner, network);

/** Who may have signed: what a witness says of the owner, where the output is not at hand. */
function payerOf(witness: Witness, network: AddressNetwork): string {
  const owner =
    witness.form === 1
      ? addressOfKey(witness.suite, witness.publicKey)
      : addressOfPolicy(witness.policy);
  return formatAddress(owner, network);
}

export function transactionFacts(
  { bytes, spent }: WireTransaction,
  network: AddressNetwork,
): TransactionFacts {
  const { body, witnesses } = transactionCodec.decode(bytes);
  return {
    txid: toHex(txidOfBytes(bytes, body)),
    kind: body.kind,
    inputs: body.inputs.map(({ txid, index }, i) => {
      const from = spent[i];
      const witness = witnesses[i] as Witness;
      const address =
        from === undefined ? payerOf(witness, network) : addressText(from.owner, network);
      return { txid: toHex(txid), index, address, amount: from?.amount };
    }),
    outputs: body.outputs.map(({ owner, amount }) => ({
      address: addressText(owner, network),
      amount,
    })),
    tip: body.tip,
    commitment: toHex(body.commitment),
    validFrom: body.validFrom,
    expiresAt: body.expiresAt,
    bytes,
  };
}

export function blockFacts(wire: WireBlock, network: AddressNetwork): FinalBlock {
  const { header, transactions } = blockCodec.decode(wire.block);
  let first = 0;
  return {
    height: wire.height,
    hash: toHex(wire.hash),
    parentHash: toHex(header.parentHash),
    epoch: header.epoch,
    view: header.view,
    timeMs: header.timestampMs,
    proposer: toHex(header.proposerId),
    tipTotal: header.tipTotal,
    totalSupply: header.totalSupply,
    transactions: transactions.map((view) => {
      const bytes = ownBytes(view);
      const facts = transactionFacts({ bytes, spent: wire.spent.slice(first) }, network);
      first += facts.inputs.length;
      return facts;
    }),
    missedBefore: wire.missedBefore,
  };
}

/** Inputs of a hook as the contract has them. */
export function decodeInputs(
  hook: string,
  inputs: readonly unknown[],
  network: AddressNetwork,
): readonly unknown[] {
  switch (hook) {
    case 'transaction:admit':
      return (inputs as readonly WireTransaction[]).map((wire) => ({
        ...transactionFacts(wire, network),
        source: wire.source,
      }));
    case 'transaction:accepted':
      return (inputs as readonly WireTransaction[]).map((wire) => transactionFacts(wire, network));
    case 'block:proposing':
      return (inputs as readonly { readonly transactions: readonly WireTransaction[] }[]).map(
        ({ transactions }) => ({
          transactions: transactions.map((wire) => transactionFacts(wire, network)),
        }),
      );
    case 'block:final':
      return (inputs as readonly WireBlock[]).map((wire) => blockFacts(wire, network));
    default:
      return inputs;
  }
}
