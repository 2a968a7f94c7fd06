import { type Effect } from './types.ts';

/**
 * R0b, the durability barrier, for every host: effects that others can see wait until each record
 * that was appended before them is durable; all others pass at once. The host numbers appends from
 * 1 and reports how far they are synced.
 */
export class Outbox {
  readonly #waiting: { readonly after: number; readonly effect: Effect }[] = [];
  #appended = 0;
  #durable = 0;

  /** Number of the newest append. */
  get appended(): number {
    return this.#appended;
  }
  /** Effects held back now. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Whether an effect has to wait for the records before it. */
  static isGated(effect: Effect): boolean {
    switch (effect.type) {
      case 'send':
      case 'commit':
      case 'notify':
      case 'relay':
      case 'serve':
      case 'evidence':
      case 'systemRecord':
      case 'epoch':
        return true;
      default:
        return false;
    }
  }

  /** An append was handed to the journal: its number. */
  append(): number {
    return ++this.#appended;
  }

  /** Takes a gated effect: true if it may be carried out at once. */
  admit(effect: Effect): boolean {
    if (this.#appended <= this.#durable && this.#waiting.length === 0) return true;
    this.#waiting.push({ after: this.#appended, effect });
    return false;
  }

  /** Records up to this number are durable: what may leave now, in order. */
  durable(upTo: number): readonly Effect[] {
    this.#durable = Math.max(this.#durable, upTo);
    let count = 0;
    while (count < this.#waiting.length) {
      const next = this.#waiting[count];
      if (next === undefined || next.after > this.#durable) break;
      count++;
    }
    return this.#waiting.splice(0, count).map(({ effect }) => effect);
  }
}
