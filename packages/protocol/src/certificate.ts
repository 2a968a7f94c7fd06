import {
  CodecError,
  isZeroBytes,
  makeCodec,
  u16,
  u32,
  u53,
  type Codec,
  type Reader,
} from '@mxd/codec';

import * as bounds from './bounds.ts';
import { blockHashCodec, type BlockHash } from './primitives.ts';
import { voteSignatureBytes } from './suite-sizes.ts';
import { viewCodec, voteKind, voteKindCodec, type VoteKind } from './vote.ts';

/** One vote inside a certificate. */
export interface CertificateEntry {
  readonly timestampMs: number;
  readonly signature: Uint8Array;
}

/**
 * A validation chain: votes of one kind for one view whose power reaches a quorum. Kind 1 is a
 * notarization, 2 a nullification, 3 a finalization.
 */
export interface Certificate {
  readonly kind: VoteKind;
  readonly epoch: number;
  readonly view: number;
  /** Zeros in a nullification. */
  readonly blockHash: BlockHash;
  /** Size of the table that the bitmap is over. */
  readonly n: number;
  /** Table index i is byte i >> 3, mask 0x80 >> (i & 7). */
  readonly signers: Uint8Array;
  /** One per set bit, in the signing order of the view. */
  readonly entries: readonly CertificateEntry[];
}

const entryBytes = 8 + voteSignatureBytes;
const headBytes = 1 + 4 + 4 + 64 + 2;
const maxN = bounds.validators;

/** Whether table index `index` is in a signer bitmap. */
export function isSigner(signers: Uint8Array, index: number): boolean {
  return ((signers[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
}

/** A bitmap over `n` table entries with these indices set. */
export function signerBitmap(n: number, indices: Iterable<number>): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(n / 8));
  for (const index of indices) {
    bitmap[index >> 3] = (bitmap[index >> 3] as number) | (0x80 >> (index & 7));
  }
  return bitmap;
}

/** Table indices of a bitmap, ascending. */
export function signerIndices(n: number, signers: Uint8Array): readonly number[] {
  const indices: number[] = [];
  for (let i = 0; i < n; i++) if (isSigner(signers, i)) indices.push(i);
  return indices;
}

function bitmapProblem(n: number, signers: Uint8Array): string | undefined {
  if (n < 1 || n > maxN) return `a table has 1 to ${maxN} entries, not ${n}`;
  if (signers.length !== Math.ceil(n / 8)) return 'the bitmap has the wrong length';
  for (let i = n; i < signers.length * 8; i++) {
    if (isSigner(signers, i)) return 'a padding bit of the bitmap is set';
  }
  return undefined;
}

function nullificationProblem(certificate: Certificate): string | undefined {
  if (certificate.kind !== voteKind.nullify) return undefined;
  const clean =
    isZeroBytes(certificate.blockHash) && certificate.entries.every((e) => e.timestampMs === 0);
  return clean ? undefined : 'a nullification carries neither block nor times';
}

function readEntries(reader: Reader, count: number): CertificateEntry[] {
  reader.need(count * entryBytes);
  const entries: CertificateEntry[] = [];
  for (let i = 0; i < count; i++) {
    entries.push({ timestampMs: reader.u53(), signature: reader.take(voteSignatureBytes) });
  }
  return entries;
}

/** kind, epoch, view, block hash, n u16, bitmap, then time u64 and signature per signer. */
export const certificateCodec: Codec<Certificate> = makeCodec<Certificate>({
  minBytes: headBytes + 1,
  maxBytes: headBytes + Math.ceil(maxN / 8) + maxN * entryBytes,
  size: (c) => headBytes + c.signers.length + c.entries.length * entryBytes,
  encodeInto(writer, certificate) {
    const problem =
      bitmapProblem(certificate.n, certificate.signers) ?? nullificationProblem(certificate);
    if (problem !== undefined) throw new CodecError('CODEC_RULE', problem);
    if (signerIndices(certificate.n, certificate.signers).length !== certificate.entries.length) {
      throw new CodecError('CODEC_LENGTH', 'a certificate has one entry per signer');
    }
    voteKindCodec.encodeInto(writer, certificate.kind);
    u32.encodeInto(writer, certificate.epoch);
    viewCodec.encodeInto(writer, certificate.view);
    blockHashCodec.encodeInto(writer, certificate.blockHash);
    u16.encodeInto(writer, certificate.n);
    writer.bytes(certificate.signers);
    for (const entry of certificate.entries) {
      u53.encodeInto(writer, entry.timestampMs);
      if (entry.signature.length !== voteSignatureBytes) {
        throw new CodecError('CODEC_LENGTH', `a vote signature has ${voteSignatureBytes} bytes`);
      }
      writer.bytes(entry.signature);
    }
  },
  decodeFrom(reader) {
    const kind = voteKindCodec.decodeFrom(reader);
    const epoch = reader.u32();
    const view = viewCodec.decodeFrom(reader);
    const blockHash = reader.take(64);
    const n = reader.u16();
    if (n < 1 || n > maxN)
      reader.fail('CODEC_LENGTH', `a table has 1 to ${maxN} entries, not ${n}`);
    const signers = reader.take(Math.ceil(n / 8));
    const problem = bitmapProblem(n, signers);
    if (problem !== undefined) reader.fail('CODEC_RULE', problem);
    const entries = readEntries(reader, signerIndices(n, signers).length);
    const certificate = { kind, epoch, view, blockHash, n, signers, entries };
    const nullProblem = nullificationProblem(certificate);
    if (nullProblem !== undefined) reader.fail('CODEC_RULE', nullProblem);
    return certificate;
  },
});
