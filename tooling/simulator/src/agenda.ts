/** Something that happens at a virtual time. A delivery carries its message; all else is a closure. */
export interface Happening {
  /** Microseconds since the start of the run. */
  readonly atUs: number;
  readonly order: number;
  readonly to: number;
  readonly from: number;
  readonly bytes: Uint8Array | undefined;
  readonly run: (() => void | Promise<void>) | undefined;
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
}

/** Binary heap by (time, order of insertion): virtual time, one thing after the other. */
export class Agenda {
  readonly #heap: Happening[] = [];
  #order = 0;
  nowUs = 0;

  get size(): number {
    return this.#heap.length;
  }

  at(atUs: number, run: () => void | Promise<void>): void {
    this.#push({
      atUs: Math.max(atUs, this.nowUs),
      order: this.#order++,
      to: -1,
      from: -1,
      bytes: undefined,
      run,
    });
  }

  after(us: number, run: () => void | Promise<void>): void {
    this.at(this.nowUs + us, run);
  }

  deliver(atUs: number, to: number, from: number, bytes: Uint8Array): void {
    this.#push({ atUs, order: this.#order++, to, from, bytes, run: undefined });
  }

  #push(item: Happening): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Happening;
      if (isBefore(above, item)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = item;
  }

  /** The next thing up to a time; undefined when there is none. Time moves to it. */
  next(untilUs: number): Happening | undefined {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined || top.atUs > untilUs) return undefined;
    const last = heap.pop() as Happening;
    const size = heap.length;
    if (size > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= size) break;
        const right = child + 1;
        if (right < size && isBefore(heap[right] as Happening, heap[child] as Happening)) {
          child = right;
        }
        const below = heap[child] as Happening;
        if (isBefore(last, below)) break;
        heap[i] = below;
        i = child;
      }
      heap[i] = last;
    }
    this.nowUs = top.atUs;
    return top;
  }
}
