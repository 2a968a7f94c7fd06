import { CryptoError } from './errors.ts';
import { emptyRoot, leafHash, nodeHash } from './merkle-hash.ts';

function countOnes(value: number): number {
  let ones = 0;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}

/**
 * The right edge of a growing tree: the roots of its complete subtrees, largest first, at most 53.
 * Enough to append and to know the root; about two hashes per leaf appended.
 */
export class MerkleFrontier {
  #size = 0;
  readonly #peaks: Uint8Array[] = [];

  /**
   * Continues from a saved `size` and `peaks`.
   * @throws CryptoError MERKLE_SIZE when they do not fit each other.
   */
  static restore(size: number, peaks: readonly Uint8Array[]): MerkleFrontier {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new CryptoError('MERKLE_SIZE', `no tree has ${size} leaves`, { size });
    }
    if (peaks.length !== countOnes(size) || peaks.some((peak) => peak.length !== 64)) {
      throw new CryptoError('MERKLE_SIZE', 'the peaks do not fit the size', { size });
    }
    const frontier = new MerkleFrontier();
    frontier.#size = size;
    frontier.#peaks.push(...peaks.map((peak) => peak.slice()));
    return frontier;
  }

  /** Number of leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** Copies of the roots of the complete subtrees, largest first. */
  peaks(): Uint8Array[] {
    return this.#peaks.map((peak) => peak.slice());
  }

  /** Adds a leaf, given as data. */
  append(data: Uint8Array): void {
    this.appendHash(leafHash(data));
  }

  /** Adds a leaf whose `leafHash` is known; the hash is kept, not copied. */
  appendHash(hash: Uint8Array): void {
    let top = hash;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      top = nodeHash(this.#peaks.pop() as Uint8Array, top);
    }
    this.#peaks.push(top);
    this.#size++;
  }

  /** Root of the leaves so far; at most log2(size) hashes. */
  root(): Uint8Array {
    let index = this.#peaks.length - 1;
    if (index < 0) return emptyRoot();
    let root = this.#peaks[index] as Uint8Array;
    while (--index >= 0) root = nodeHash(this.#peaks[index] as Uint8Array, root);
    return root.slice();
  }
}
