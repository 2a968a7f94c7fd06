/**
 * Names of transactions whose signatures are known to be good: a set of bounded size in two halves.
 * When the young half is full, the old one is forgotten at once.
 */
export class VerifiedCache {
  readonly #half: number;
  #young = new Set<string>();
  #old = new Set<string>();
  hits = 0;

  constructor(capacity: number) {
    this.#half = Math.max(1, Math.ceil(capacity / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  has(name: string): boolean {
    if (this.#young.has(name)) {
      this.hits++;
      return true;
    }
    if (!this.#old.has(name)) return false;
    this.hits++;
    this.add(name);
    return true;
  }

  add(name: string): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(name);
  }
}
