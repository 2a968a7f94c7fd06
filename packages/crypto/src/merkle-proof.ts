import { equalBytes } from '@mxd/codec';

import { emptyRoot, leafHash, nodeHash } from './merkle-hash.ts';

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isHash = (value: Uint8Array): boolean => value.length === 64;

/** What an inclusion proof claims. */
export interface InclusionClaim {
  /** Root of the tree. */
  readonly root: Uint8Array;
  /** Number of leaves of the tree. */
  readonly size: number;
  /** Place of the leaf, from 0. */
  readonly index: number;
  /** The leaf's data (not its hash). */
  readonly leaf: Uint8Array;
  /** Audit path, leaf first. */
  readonly proof: readonly Uint8Array[];
}

/** Whether the leaf is in the tree at that place (RFC 9162, 2.1.3.2). Never throws. */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { root, size, index, leaf, proof } = claim;
  if (!isCount(size) || !isCount(index) || index >= size || !proof.every(isHash)) return false;
  let node = index;
  let last = size - 1;
  let hash = leafHash(leaf);
  for (const step of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(step, hash);
      // A promoted node has no sibling on these levels.
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, step);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(hash, root);
}

/** What a consistency proof claims. */
export interface ConsistencyClaim {
  readonly olderSize: number;
  readonly olderRoot: Uint8Array;
  readonly newerSize: number;
  readonly newerRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Whether the newer tree extends the older one (RFC 9162, 2.1.4.2). Never throws. */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { olderSize, olderRoot, newerSize, newerRoot, proof } = claim;
  if (!isCount(olderSize) || !isCount(newerSize) || olderSize > newerSize) return false;
  if (!proof.every(isHash)) return false;
  if (olderSize === 0) return proof.length === 0 && equalBytes(olderRoot, emptyRoot());
  if (olderSize === newerSize) return proof.length === 0 && equalBytes(olderRoot, newerRoot);
  let node = olderSize - 1;
  let last = newerSize - 1;
  while (node % 2 === 1) {
    node = (node - 1) / 2;
    last = Math.floor(last / 2);
  }
  // Where the old tree is a complete subtree of the new one, its root starts the path unsent.
  const path = node === 0 ? [olderRoot, ...proof] : proof;
  let [older, newer] = [path[0], path[0]];
  for (const step of path.slice(1)) {
    if (last === 0 || older === undefined || newer === undefined) return false;
    if (node % 2 === 1 || node === last) {
      older = nodeHash(step, older);
      newer = nodeHash(step, newer);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      newer = nodeHash(newer, step);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (older === undefined || newer === undefined) return false;
  return last === 0 && equalBytes(older, olderRoot) && equalBytes(newer, newerRoot);
}
