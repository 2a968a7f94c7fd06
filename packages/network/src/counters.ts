/** Named plain numbers that only grow, created on first use; the one metrics surface here. */
export class Counters {
  readonly #values = new Map<string, { value: number }>();

  /** The cell of a counter: keep it and add to `value` on hot paths. */
  cell(name: string): { value: number } {
    let cell = this.#values.get(name);
    if (cell === undefined) {
      cell = { value: 0 };
      this.#values.set(name, cell);
    }
    return cell;
  }

  add(name: string, amount = 1): void {
    this.cell(name).value += amount;
  }

  get(name: string): number {
    return this.#values.get(name)?.value ?? 0;
  }

  /** All counters by name, sorted. */
  snapshot(): Record<string, number> {
    const names = [...this.#values.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, this.get(name)]));
  }
}
