import { bytes, refine, struct, u16, u32, u53, u8, isZeroBytes, type Codec } from '@mxd/codec';
import { tagBytes } from '@mxd/crypto/hash';

import { blockHashCodec, type BlockHash, type ChainTag, type ValidatorId } from './primitives.ts';
import { voteSignatureBytes } from './suite-sizes.ts';

/** Kinds of votes and of the certificates made of them: N, Z and F of the protocol's rules. */
export const voteKind = { notarize: 1, nullify: 2, finalize: 3 } as const;
export type VoteKind = (typeof voteKind)[keyof typeof voteKind];

/** A validator's signed statement about one view, as it travels: 147 bytes with Ed25519. */
export interface Vote {
  readonly kind: VoteKind;
  readonly epoch: number;
  readonly view: number;
  /** Position in the Rapid Table of the epoch. */
  readonly signerIndex: number;
  /** The signer's wall clock; 0 in a NULLIFY. An attestation, never a validity condition. */
  readonly timestampMs: number;
  /** Zeros in a NULLIFY. */
  readonly blockHash: BlockHash;
  readonly signature: Uint8Array;
}

/** The part of a vote that its signature covers beside chain and predecessor. */
export type VoteContent = Pick<Vote, 'kind' | 'epoch' | 'view' | 'timestampMs' | 'blockHash'>;

export const voteKindCodec: Codec<VoteKind> = refine(u8, (kind) =>
  kind >= 1 && kind <= 3 ? undefined : `vote kind ${kind} is unknown`,
) as Codec<VoteKind>;

/** A view: 1 or more. View 0 stands for the epoch's anchor and takes no votes. */
export const viewCodec: Codec<number> = refine(u32, (view) =>
  view > 0 ? undefined : 'views start at 1',
);

export const voteCodec: Codec<Vote> = refine(
  struct({
    kind: voteKindCodec,
    epoch: u32,
    view: viewCodec,
    signerIndex: u16,
    timestampMs: u53,
    blockHash: blockHashCodec,
    signature: bytes(voteSignatureBytes),
  }),
  (vote) =>
    vote.kind === voteKind.nullify && (vote.timestampMs !== 0 || !isZeroBytes(vote.blockHash))
      ? 'a NULLIFY carries neither block nor time'
      : undefined,
);

const voteTag = tagBytes('RSC1VOTE');

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/**
 * What a vote's signature covers: 141 bytes. `previous` is the id before the signer in the signing
 * order of the view (zeros for the first), whether or not that validator signed.
 */
export function voteSigningMessage(
  chainTag: ChainTag,
  vote: VoteContent,
  previous: ValidatorId,
): Uint8Array {
  // Written by hand: two thirds of what a node of 100 does beside checking signatures is this.
  const bytes = new Uint8Array(141);
  bytes.set(voteTag, 0);
  bytes.set(chainTag, 8);
  bytes[40] = vote.kind;
  putU32(bytes, 41, vote.epoch);
  putU32(bytes, 45, vote.view);
  if (vote.kind === voteKind.nullify) return bytes;
  bytes.set(vote.blockHash, 49);
  bytes.set(previous, 113);
  putU32(bytes, 133, Math.floor(vote.timestampMs / 0x1_0000_0000));
  putU32(bytes, 137, vote.timestampMs >>> 0);
  return bytes;
}
