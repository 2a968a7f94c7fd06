import { bytes, toHex, type Codec } from '@mxd/codec';

// Flavours: plain bytes may become a TxId where they are decoded, and a TxId is never taken for a
// BlockHash by accident.
declare const flavour: unique symbol;
type Flavoured<Name extends string> = Uint8Array & { readonly [flavour]?: Name };

/** 64 bytes: H(`MXD5TXID`, body). */
export type TxId = Flavoured<'TxId'>;
/** 64 bytes: H(`MXD5WTXI`, body || witness). */
export type Wtxid = Flavoured<'Wtxid'>;
/** 64 bytes: H(`RSC1BLCK`, header). */
export type BlockHash = Flavoured<'BlockHash'>;
/** 64 bytes: any other root or digest of the protocol. */
export type Digest = Flavoured<'Digest'>;
/** 20 bytes: HASH160(suite u8 || account public key). */
export type ValidatorId = Flavoured<'ValidatorId'>;
/** 32 bytes: the first half of H(`RSC1GENE`, genesis document). Names the chain in signatures. */
export type ChainTag = Flavoured<'ChainTag'>;

/** Base units of 0.00000001 MXD; 0 to 2^64 - 1. */
export type Amount = bigint;

export const txIdCodec: Codec<TxId> = bytes(64);
export const blockHashCodec: Codec<BlockHash> = bytes(64);
export const digestCodec: Codec<Digest> = bytes(64);
export const validatorIdCodec: Codec<ValidatorId> = bytes(20);

export const zeroHash: BlockHash & Digest = new Uint8Array(64);
export const zeroId: ValidatorId = new Uint8Array(20);

/** A key for maps. Hexadecimal text, so that it sorts as the bytes do. */
export const keyOf: (value: Uint8Array) => string = toHex;
