import { concatBytes, toHex } from '@mxd/codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sha512 } from '../../src/hash.ts';
import {
  emptyRoot,
  leafHash,
  MerkleFrontier,
  merkleRoot,
  MerkleTree,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../src/merkle.ts';

/** RFC 6962, 2.1, word for word: MTH(D[n]). */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return sha512(new Uint8Array(0));
  if (leaves.length === 1) return sha512(concatBytes(Uint8Array.of(0), only));
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const [left, right] = [naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k))];
  return sha512(concatBytes(Uint8Array.of(1), left, right));
}

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Uint8Array.of(i, i >> 8));
const trees = fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 70 });

describe('trees of RFC 6962', () => {
  test('the root is the one of the definition, in each of the three ways', () => {
    fc.assert(
      fc.property(trees, (leaves) => {
        const expected = naiveRoot(leaves);
        expect(merkleRoot(leaves)).toEqual(expected);
        expect(MerkleTree.of(leaves).root()).toEqual(expected);
        const frontier = new MerkleFrontier();
        for (const leaf of leaves) frontier.append(leaf);
        expect(frontier.root()).toEqual(expected);
      }),
    );
  });

  test('roots, inclusion and consistency hold at every size up to 40', () => {
    const leaves = leavesOf(40);
    const tree = MerkleTree.of(leaves);
    for (let size = 0; size <= leaves.length; size++) {
      const root = naiveRoot(leaves.slice(0, size));
      expect(tree.root(size)).toEqual(root);
      for (let index = 0; index < size; index++) {
        const proof = tree.inclusionProof(index, size);
        expect(verifyInclusion({ root, size, index, leaf: leaves[index]!, proof })).toBe(true);
      }
      for (let older = 0; older <= size; older++) {
        const claim = {
          olderSize: older,
          olderRoot: naiveRoot(leaves.slice(0, older)),
          newerSize: size,
          newerRoot: root,
          proof: tree.consistencyProof(older, size),
        };
        expect(verifyConsistency(claim)).toBe(true);
      }
    }
  });

  test('an inclusion proof proves nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(), fc.nat(), (size, a, b) => {
        const leaves = leavesOf(size);
        const tree = MerkleTree.of(leaves);
        const index = a % size;
        const proof = tree.inclusionProof(index);
        const good = { root: tree.root(), size, index, leaf: leaves[index]!, proof };
        const extra = [...proof, leafHash(Uint8Array.of(9))];
        expect(verifyInclusion({ ...good, leaf: Uint8Array.of(255, 255) })).toBe(false);
        expect(verifyInclusion({ ...good, proof: extra })).toBe(false);
        expect(verifyInclusion({ ...good, index: size })).toBe(false);
        expect(verifyInclusion({ ...good, root: emptyRoot() })).toBe(false);
        const other = b % size;
        if (other !== index) expect(verifyInclusion({ ...good, index: other })).toBe(false);
        if (proof.length > 0) {
          expect(verifyInclusion({ ...good, proof: proof.slice(1) })).toBe(false);
          expect(verifyInclusion({ ...good, proof: [...proof.slice(1), new Uint8Array(63)] })).toBe(
            false,
          );
        }
      }),
    );
  });

  test('a consistency proof does not cover another history', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), fc.nat(), (size, a, b) => {
        const leaves = leavesOf(size);
        const older = 1 + (a % (size - 1));
        const tree = MerkleTree.of(leaves);
        const changed = leaves.with(b % older, Uint8Array.of(77, 77, 77));
        const claim = {
          olderSize: older,
          olderRoot: merkleRoot(changed.slice(0, older)),
          newerSize: size,
          newerRoot: tree.root(),
          proof: tree.consistencyProof(older),
        };
        expect(verifyConsistency(claim)).toBe(false);
        const honest = { ...claim, olderRoot: tree.root(older) };
        expect(verifyConsistency(honest)).toBe(true);
        expect(verifyConsistency({ ...honest, newerRoot: merkleRoot(changed) })).toBe(false);
        expect(verifyConsistency({ ...honest, proof: [...claim.proof, emptyRoot()] })).toBe(false);
        expect(verifyConsistency({ ...honest, newerSize: older - 1 })).toBe(false);
      }),
    );
  });

  test('a doubled last leaf is another tree (CVE-2012-2459)', () => {
    for (const size of [1, 3, 5, 6, 7, 11]) {
      const leaves = leavesOf(size);
      expect(toHex(merkleRoot([...leaves, leaves.at(-1)!]))).not.toBe(toHex(merkleRoot(leaves)));
    }
  });

  test('an inner node is no leaf', () => {
    const [a, b] = [leafHash(Uint8Array.of(1)), leafHash(Uint8Array.of(2))];
    expect(nodeHash(a, b)).not.toEqual(leafHash(concatBytes(a, b)));
  });
});

describe('growing', () => {
  test('appending hashes each leaf and each complete subtree once', () => {
    const tree = new MerkleTree();
    for (const [index, leaf] of leavesOf(100).entries()) {
      expect(tree.append(leaf)).toBe(index);
      expect(tree.leaf(index)).toEqual(leafHash(leaf));
    }
    expect(tree.size).toBe(100);
  });

  test('a frontier continues from what was saved', () => {
    const leaves = leavesOf(50);
    for (let cut = 0; cut <= 50; cut++) {
      const before = new MerkleFrontier();
      for (const leaf of leaves.slice(0, cut)) before.append(leaf);
      const after = MerkleFrontier.restore(before.size, before.peaks());
      for (const leaf of leaves.slice(cut)) after.append(leaf);
      expect(after.root()).toEqual(naiveRoot(leaves));
      expect(after.size).toBe(50);
    }
  });

  test('what cannot be is refused with a code', () => {
    const tree = MerkleTree.of(leavesOf(4));
    const size = expect.objectContaining({ code: 'MERKLE_SIZE' });
    const index = expect.objectContaining({ code: 'MERKLE_INDEX' });
    expect(() => tree.root(5)).toThrow(size);
    expect(() => tree.root(1.5)).toThrow(size);
    expect(() => tree.inclusionProof(0, 0)).toThrow(size);
    expect(() => tree.inclusionProof(4)).toThrow(index);
    expect(() => tree.inclusionProof(-1)).toThrow(index);
    expect(() => tree.leaf(4)).toThrow(index);
    expect(() => tree.consistencyProof(5)).toThrow(size);
    expect(() => MerkleFrontier.restore(3, [new Uint8Array(64)])).toThrow(size);
    expect(() => MerkleFrontier.restore(1, [new Uint8Array(63)])).toThrow(size);
    expect(() => MerkleFrontier.restore(-1, [])).toThrow(size);
  });

  test('results are copies: changing one changes no tree', () => {
    const tree = MerkleTree.of(leavesOf(2));
    const before = toHex(tree.root());
    tree.root().fill(0);
    tree.leaf(0).fill(0);
    for (const hash of tree.inclusionProof(0)) hash.fill(0);
    expect(toHex(tree.root())).toBe(before);
  });
});
