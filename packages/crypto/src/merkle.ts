/**
 * RFC 6962 trees over SHA-512: leaf H(0x00 || data), node H(0x01 || left || right), an odd node
 * promoted unchanged, the empty tree SHA-512(""). The prefixes keep leaves and nodes apart, and no
 * leaf is ever doubled, so CVE-2012-2459 has no counterpart here.
 */
import { MerkleFrontier } from './merkle-frontier.ts';

export { emptyRoot, leafHash, nodeHash } from './merkle-hash.ts';
export { MerkleFrontier } from './merkle-frontier.ts';
export { MerkleTree } from './merkle-tree.ts';
export {
  verifyConsistency,
  verifyInclusion,
  type ConsistencyClaim,
  type InclusionClaim,
} from './merkle-proof.ts';

/** Root of the tree over `leaves`, given as data (not yet hashed). */
export function merkleRoot(leaves: Iterable<Uint8Array>): Uint8Array {
  const frontier = new MerkleFrontier();
  for (const leaf of leaves) frontier.append(leaf);
  return frontier.root();
}
