/** A leader offers at least this many payments: about 10 ms of work for each node. */
const least = 100;
const first = 1_000;

/**
 * How many transactions this node puts into a block when it leads: as many as the network has shown
 * to finalize within a few message delays. A body that takes longer to execute than a view lasts
 * would end the view without a block, and the next leader, with even more waiting, would fail the
 * same way; so the number falls fast when blocks are late and grows slowly while full ones are not.
 */
export class BlockSize {
  readonly #targetMs: number;
  readonly #most: () => number;
  #limit = first;
  #nullified = 0;

  /** `targetMs`: what counts as in time; `most`: the parameter of the chain. */
  constructor(targetMs: number, most: () => number) {
    this.#targetMs = targetMs;
    this.#most = most;
  }

  get limit(): number {
    return Math.min(this.#limit, this.#most());
  }

  /** A block became final here, so long after work on it began. */
  final(transactions: number, elapsedMs: number): void {
    // What few payments take says nothing about how many there should be.
    if (transactions < least) return;
    if (elapsedMs > 2 * this.#targetMs) {
      const shown = Math.min(this.#limit, transactions);
      this.#limit = Math.max(least, Math.floor((shown * 3) / 4));
    } else if (elapsedMs < this.#targetMs && transactions * 5 >= this.#limit * 4) {
      this.#limit = Math.min(this.#most(), Math.ceil((this.#limit * 5) / 4));
    }
  }

  /** How many views have ended without a block since the start. */
  nullified(count: number): void {
    if (count <= this.#nullified) return;
    this.#nullified = count;
    this.#limit = Math.max(least, this.#limit >> 1);
  }
}
