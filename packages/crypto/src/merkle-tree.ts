import { CryptoError } from './errors.ts';
import { emptyRoot, leafHash, nodeHash } from './merkle-hash.ts';

/**
 * An appendable tree that keeps the hash of every complete subtree, so that roots and proofs of any
 * earlier size cost at most a few log2(size) hashes and no leaf is ever hashed twice. Memory: about
 * 2 x 64 bytes per leaf and the arrays around them.
 */
export class MerkleTree {
  /** `#levels[k][i]`: root of the complete subtree over leaves i * 2^k to (i + 1) * 2^k. */
  readonly #levels: Uint8Array[][] = [[]];

  /** A tree over leaves given as data. */
  static of(leaves: Iterable<Uint8Array>): MerkleTree {
    const tree = new MerkleTree();
    for (const leaf of leaves) tree.append(leaf);
    return tree;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#level(0).length;
  }

  /** Adds a leaf, given as data; answers its index. */
  append(data: Uint8Array): number {
    return this.appendHash(leafHash(data));
  }

  /** Adds a leaf whose `leafHash` is known; answers its index. */
  appendHash(hash: Uint8Array): number {
    const index = this.size;
    this.#level(0).push(hash);
    let top = hash;
    for (let k = 0, i = index; i % 2 === 1; k++, i = (i - 1) / 2) {
      top = nodeHash(this.#node(k, i - 1), top);
      this.#levels[k + 1] ??= [];
      this.#level(k + 1).push(top);
    }
    return index;
  }

  /** The hash of a leaf. */
  leaf(index: number): Uint8Array {
    this.#checkIndex(index, this.size);
    return this.#node(0, index).slice();
  }

  /** Root of the first `size` leaves (all of them by default). */
  root(size: number = this.size): Uint8Array {
    this.#checkSize(size, 0);
    return size === 0 ? emptyRoot() : this.#range(0, size).slice();
  }

  /**
   * The audit path of a leaf in the tree of the first `size` leaves (RFC 6962, 2.1.1), leaf first.
   * @throws CryptoError MERKLE_SIZE, MERKLE_INDEX.
   */
  inclusionProof(index: number, size: number = this.size): Uint8Array[] {
    this.#checkSize(size, 1);
    this.#checkIndex(index, size);
    const path: Uint8Array[] = [];
    let start = 0;
    let end = size;
    while (end - start > 1) {
      const middle = start + splitPoint(end - start);
      if (index < middle) {
        path.push(this.#range(middle, end).slice());
        end = middle;
      } else {
        path.push(this.#range(start, middle).slice());
        start = middle;
      }
    }
    return path.reverse();
  }

  /**
   * Proof that the tree of the first `older` leaves is a prefix of that of the first `size`
   * (RFC 6962, 2.1.2). Empty when the sizes are equal or the older tree is empty.
   */
  consistencyProof(older: number, size: number = this.size): Uint8Array[] {
    this.#checkSize(size, 0);
    if (!Number.isSafeInteger(older) || older < 0 || older > size) {
      throw new CryptoError('MERKLE_SIZE', `no prefix of ${older} leaves in ${size}`, { older });
    }
    if (older === 0 || older === size) return [];
    const proof: Uint8Array[] = [];
    let start = 0;
    let end = size;
    while (older !== end) {
      const middle = start + splitPoint(end - start);
      if (older <= middle) {
        proof.push(this.#range(middle, end).slice());
        end = middle;
      } else {
        proof.push(this.#range(start, middle).slice());
        start = middle;
      }
    }
    // SUBPROOF's flag b: the old root itself is left out, the verifier has it.
    if (start !== 0) proof.push(this.#range(start, end).slice());
    return proof.reverse();
  }

  /** Root of leaves start to end, where start is a multiple of the next power of two's half. */
  #range(start: number, end: number): Uint8Array {
    const length = end - start;
    const split = splitPoint(length);
    if (length === 1) return this.#node(0, start);
    if (split * 2 === length) {
      const k = Math.log2(length);
      return this.#node(k, start / length);
    }
    return nodeHash(this.#range(start, start + split), this.#range(start + split, end));
  }

  #level(k: number): Uint8Array[] {
    return this.#levels[k] as Uint8Array[];
  }

  #node(k: number, i: number): Uint8Array {
    return this.#level(k)[i] as Uint8Array;
  }

  #checkSize(size: number, least: number): void {
    if (!Number.isSafeInteger(size) || size < least || size > this.size) {
      throw new CryptoError('MERKLE_SIZE', `no tree of ${size} leaves among ${this.size}`, {
        size,
      });
    }
  }

  #checkIndex(index: number, size: number): void {
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
      throw new CryptoError('MERKLE_INDEX', `no leaf ${index} in a tree of ${size}`, { index });
    }
  }
}

/** The largest power of two below `size`, for sizes from 2; 1 for 1. */
function splitPoint(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}
