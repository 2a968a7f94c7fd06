/** Numbers for peers, so that "who has it" is a few bits per transaction instead of a set. */

const slotCount = 512;
const words = slotCount / 32;

/** A set of slots. */
export type SlotSet = Uint32Array;

export const newSlotSet = (): SlotSet => new Uint32Array(words);

export const hasSlot = (set: SlotSet, slot: number): boolean =>
  slot >= 0 && (((set[slot >>> 5] as number) >>> (slot & 31)) & 1) === 1;

export function addSlot(set: SlotSet, slot: number): void {
  if (slot >= 0) set[slot >>> 5] = (set[slot >>> 5] as number) | (1 << (slot & 31));
}

/** Hands slots out; freed ones are reused only after all sets have been cleaned of them. */
export class SlotTable {
  #clean: number[] = Array.from({ length: slotCount }, (_, index) => slotCount - 1 - index);
  #freed: number[] = [];

  /**
   * A slot for a new peer, or -1 when all are taken (such a peer may get duplicates). `sets` is asked
   * for only once per `slotCount` departures.
   */
  take(sets: () => Iterable<SlotSet>): number {
    if (this.#clean.length === 0 && this.#freed.length > 0) {
      const mask = newSlotSet().fill(0xffff_ffff);
      for (const slot of this.#freed) {
        mask[slot >>> 5] = (mask[slot >>> 5] as number) & ~(1 << (slot & 31));
      }
      for (const set of sets()) {
        for (let i = 0; i < words; i++) set[i] = (set[i] as number) & (mask[i] as number);
      }
      this.#clean = this.#freed;
      this.#freed = [];
    }
    return this.#clean.pop() ?? -1;
  }

  free(slot: number): void {
    if (slot >= 0) this.#freed.push(slot);
  }
}
