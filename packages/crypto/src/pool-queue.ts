/** First in, first out, with a way back to the front; constant time however long it grows. */
export class PoolQueue<T> implements Iterable<T> {
  /** Put back at the front, last one first out. */
  readonly #front: T[] = [];
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#front.length + this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  putBack(item: T): void {
    this.#front.push(item);
  }

  /** The first item, left where it is. */
  peek(): T | undefined {
    return this.#front.at(-1) ?? this.#items[this.#head];
  }

  shift(): T | undefined {
    const returned = this.#front.pop();
    if (returned !== undefined) return returned;
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes everything out, in order. */
  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.shift(); item !== undefined; item = this.shift()) yield item;
  }
}
