import {
  bytes,
  bytesU32,
  CodecError,
  list,
  makeCodec,
  refine,
  struct,
  u16,
  u32,
  u64,
  u8,
  Writer,
  type Codec,
} from '@mxd/codec';
import { tagBytes, taggedHash } from '@mxd/crypto/hash';

import * as bounds from './bounds.ts';
import { txIdCodec, type Amount, type ChainTag, type TxId, type Wtxid } from './primitives.ts';
import { witnessCodec, type Witness } from './witness.ts';

/** The version of this transaction format; 1 to 4 were the earlier C library's. */
export const transactionVersion = 5;

/** What a transaction does. Kind 1 (a coinbase) does not exist on this chain. */
export const transactionKind = {
  transfer: 0,
  contractDeploy: 2,
  contractCall: 3,
  bridgeMint: 4,
  bridgeBurn: 5,
  bond: 6,
  unbond: 7,
} as const;
export type TransactionKind = (typeof transactionKind)[keyof typeof transactionKind];

/** Names one output of an earlier transaction. */
export interface Outpoint {
  readonly txid: TxId;
  readonly index: number;
}

/** Base address versions: what kind of owner a hash stands for. Text forms may add 0x40. */
export const addressVersion = { ed25519: 0x32, mlDsa87: 0x33, hybrid: 0x34, policy: 0x35 } as const;
export type AddressVersion = (typeof addressVersion)[keyof typeof addressVersion];

/** Who may spend: an address version and its hash of 20 (0x32, 0x33) or 32 bytes. */
export interface Owner {
  readonly version: AddressVersion;
  readonly hash: Uint8Array;
}

/** An owner and an amount in base units. */
export interface TransactionOutput {
  readonly owner: Owner;
  readonly amount: Amount;
}

/** The signed part of a transaction; its hash is the txid. Heights are blocks; 0 means open. */
export interface TransactionBody {
  readonly version: number;
  readonly chainId: number;
  readonly kind: TransactionKind;
  readonly validFrom: number;
  readonly expiresAt: number;
  readonly inputs: readonly Outpoint[];
  readonly outputs: readonly TransactionOutput[];
  readonly tip: Amount;
  /** Empty, or 32 bytes that bind data kept elsewhere. */
  readonly commitment: Uint8Array;
  readonly payload: Uint8Array;
}

/** A body and one witness per input, in order. */
export interface Transaction {
  readonly body: TransactionBody;
  readonly witnesses: readonly Witness[];
}

export const outpointCodec: Codec<Outpoint> = struct({ txid: txIdCodec, index: u32 });

/** Length of the hash that an address version takes; 0 for a version that does not exist. */
export function ownerHashBytes(version: number): number {
  if (version === addressVersion.ed25519 || version === addressVersion.mlDsa87) return 20;
  return version === addressVersion.hybrid || version === addressVersion.policy ? 32 : 0;
}

const bytes0 = bytes(0);
const bytes20 = bytes(20);
const bytes32 = bytes(32);

/** An owner: version u8, hash of 20 or 32 bytes by version. */
export const ownerCodec: Codec<Owner> = makeCodec<Owner>({
  minBytes: 21,
  maxBytes: 33,
  size: (owner) => 1 + owner.hash.length,
  encodeInto(writer, owner) {
    const length = ownerHashBytes(owner.version);
    if (length === 0) {
      throw new CodecError('CODEC_TAG', `address version ${String(owner.version)} is unknown`);
    }
    u8.encodeInto(writer, owner.version);
    (length === 20 ? bytes20 : bytes32).encodeInto(writer, owner.hash);
  },
  decodeFrom(reader) {
    const version = reader.u8();
    const length = ownerHashBytes(version);
    if (length === 0)
      reader.fail('CODEC_TAG', `address version 0x${version.toString(16)} is unknown`);
    return { version: version as AddressVersion, hash: reader.take(length) };
  },
});

export const outputCodec: Codec<TransactionOutput> = struct({ owner: ownerCodec, amount: u64 });

const kinds: ReadonlySet<number> = new Set(Object.values(transactionKind));
const kindCodec = refine(u8, (kind) =>
  kinds.has(kind) ? undefined : `transaction kind ${kind} is unknown`,
) as Codec<TransactionKind>;

const versionCodec = refine(u16, (version) =>
  version === transactionVersion ? undefined : `transaction version ${version} is unknown`,
);

const commitmentCodec = makeCodec<Uint8Array>({
  minBytes: 1,
  maxBytes: 33,
  size: (value) => 1 + value.length,
  encodeInto(writer, value) {
    u8.encodeInto(writer, value.length);
    (value.length === 0 ? bytes0 : bytes32).encodeInto(writer, value);
  },
  decodeFrom(reader) {
    const length = reader.u8();
    if (length !== 0 && length !== 32) {
      reader.fail('CODEC_LENGTH', `a commitment has 0 or 32 bytes, not ${length}`);
    }
    return reader.take(length);
  },
});

/** Payload length that a kind requires; undefined where the kind sets its own bound. */
export function payloadBytesOf(kind: TransactionKind): number | undefined {
  if (kind === transactionKind.transfer) return 0;
  return kind === transactionKind.bond || kind === transactionKind.unbond ? 20 : undefined;
}

export const transactionBodyCodec: Codec<TransactionBody> = refine(
  struct({
    version: versionCodec,
    chainId: u32,
    kind: kindCodec,
    validFrom: u32,
    expiresAt: u32,
    inputs: list(outpointCodec, { count: 'u16', min: 1, max: bounds.inputs }),
    outputs: list(outputCodec, { count: 'u16', min: 1, max: bounds.outputs }),
    tip: u64,
    commitment: commitmentCodec,
    payload: bytesU32(bounds.payloadBytes),
  }),
  (body) => {
    const length = payloadBytesOf(body.kind);
    return length === undefined || length === body.payload.length
      ? undefined
      : `kind ${body.kind} takes a payload of ${length} bytes, not ${body.payload.length}`;
  },
);

/** Body, then one witness per input. The number of witnesses is not written. */
export const transactionCodec: Codec<Transaction> = makeCodec<Transaction>({
  minBytes: transactionBodyCodec.minBytes + witnessCodec.minBytes,
  maxBytes: bounds.transactionBytes,
  size: (tx) =>
    transactionBodyCodec.size(tx.body) +
    tx.witnesses.reduce((sum, witness) => sum + witnessCodec.size(witness), 0),
  encodeInto(writer, tx) {
    const start = writer.offset;
    transactionBodyCodec.encodeInto(writer, tx.body);
    if (tx.witnesses.length !== tx.body.inputs.length) {
      throw new CodecError('CODEC_LENGTH', 'a transaction has one witness per input');
    }
    for (const witness of tx.witnesses) witnessCodec.encodeInto(writer, witness);
    if (writer.offset - start > bounds.transactionBytes) {
      throw new CodecError('CODEC_LENGTH', 'the transaction is larger than 100 KiB');
    }
  },
  decodeFrom(reader) {
    const start = reader.offset;
    const body = transactionBodyCodec.decodeFrom(reader);
    const witnesses: Witness[] = [];
    for (let i = 0; i < body.inputs.length; i++) witnesses.push(witnessCodec.decodeFrom(reader));
    if (reader.offset - start > bounds.transactionBytes) {
      reader.fail('CODEC_LENGTH', 'the transaction is larger than 100 KiB');
    }
    return { body, witnesses };
  },
});

/** The txid of a body: witnesses cannot change it. */
export function txidOf(body: TransactionBody): TxId {
  return taggedHash('MXD5TXID', transactionBodyCodec.encode(body));
}

/** The wtxid of an encoded transaction: commits to the witnesses too. */
export function wtxidOfBytes(encoded: Uint8Array): Wtxid {
  return taggedHash('MXD5WTXI', encoded);
}

/** The txid of an encoded transaction whose decoded body is at hand. */
export function txidOfBytes(encoded: Uint8Array, body: TransactionBody): TxId {
  return taggedHash('MXD5TXID', encoded.subarray(0, transactionBodyCodec.size(body)));
}

/**
 * What the key of input `index` signs: purpose, chain, and the output that is being spent, so that an
 * offline signer knows what it spends.
 */
export function inputSigningMessage(
  chainTag: ChainTag,
  txid: TxId,
  index: number,
  spent: TransactionOutput,
): Uint8Array {
  const length = 8 + 32 + 64 + 4 + 8 + 1 + spent.owner.hash.length;
  const writer = new Writer(length);
  writer.bytes(tagBytes('MXD5SIGN'));
  writer.bytes(chainTag);
  writer.bytes(txid);
  writer.u32(index);
  writer.u64(spent.amount);
  writer.u8(spent.owner.version);
  writer.bytes(spent.owner.hash);
  return writer.finish();
}
