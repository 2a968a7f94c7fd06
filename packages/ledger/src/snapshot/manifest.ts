import { bytes, bytesU32, concatBytes, list, struct, u32, u53, u8, type Codec } from '@mxd/codec';
import { sha512 } from '@mxd/crypto/hash';
import { leafHash, MerkleTree } from '@mxd/crypto/merkle';
import type { Digest, Header } from '@mxd/protocol';
import { headerCodec } from '@mxd/protocol/block';

import { latticeBytes } from '../lattice-hash.ts';
import { limits } from '../limits.ts';

/** Version of manifest and chunks. */
export const snapshotVersion = 1;

/** What a snapshot holds: the same for every node that exports the same height. */
export interface SnapshotContent {
  readonly chainTag: Uint8Array;
  /** Of the block whose post-state this is. */
  readonly height: number;
  readonly sections: readonly { readonly id: number; readonly bytes: Uint8Array }[];
  /** Sum of all outputs' vectors. */
  readonly lattice: Uint8Array;
  readonly outputs: number;
  /** RFC 6962 leaf hashes of the chunks, in order. */
  readonly chunks: readonly Uint8Array[];
}

/** A snapshot's description, and the proof that its state is final. */
export interface SnapshotManifest {
  readonly content: SnapshotContent;
  /** Up to 128 headers below the state's, the state's own, and on to the one that is finalized. */
  readonly headers: readonly Header[];
  /** Of the last header. */
  readonly finalization: Uint8Array;
}

const contentCodec: Codec<SnapshotContent> = struct({
  chainTag: bytes(32),
  height: u53,
  sections: list(struct({ id: u8, bytes: bytesU32(0x0fff_ffff) }), { count: 'u8', max: 32 }),
  lattice: bytes(latticeBytes),
  outputs: u53,
  chunks: list(bytes(64), { count: 'u32', max: limits.snapshotChunks.value }),
});

export const manifestCodec: Codec<SnapshotManifest & { readonly version: number }> = struct({
  version: u8,
  content: contentCodec,
  headers: list(headerCodec, { count: 'u16', min: 2, max: 1_024 }),
  finalization: bytesU32(65_536),
});

/** Names a snapshot: peers that offer the same id serve the same chunks. */
export function snapshotId(content: SnapshotContent): Digest {
  const head = u32.encode(snapshotVersion);
  return sha512(concatBytes(head, contentCodec.encode(content)));
}

/** The hash tree over the chunks: a peer can prove one chunk without the manifest's whole list. */
export function chunkTree(content: SnapshotContent): MerkleTree {
  const tree = new MerkleTree();
  for (const hash of content.chunks) tree.appendHash(hash);
  return tree;
}

/** Name of a chunk: its RFC 6962 leaf hash. */
export const chunkHash = (chunk: Uint8Array): Uint8Array => leafHash(chunk);
