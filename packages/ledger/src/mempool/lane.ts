import type { Entry } from './entry.ts';

/** Number of bits of a value of 0 or more. */
export function bitLength(value: bigint): number {
  let rest = value;
  let bits = 0;
  while (rest > 0xffff_ffffn) {
    rest >>= 32n;
    bits += 32;
  }
  return bits + 32 - Math.clz32(Number(rest));
}

/**
 * The bucket of a value on a logarithmic scale with `2^fractionBits` buckets per doubling; 0 is
 * bucket 0 and nothing else is.
 */
export function logBucket(value: bigint, fractionBits: number): number {
  if (value <= 0n) return 0;
  const bits = bitLength(value);
  const shift = bits - 1 - fractionBits;
  const mantissa = shift >= 0 ? value >> BigInt(shift) : value << BigInt(-shift);
  // The leading bit says nothing beside `bits`.
  const fraction = Number(mantissa) - (1 << fractionBits);
  return ((bits - 1) << fractionBits) + fraction + 1;
}

interface List {
  first: Entry | undefined;
  last: Entry | undefined;
}

/**
 * One lane: buckets of equal rank, oldest first within a bucket. Adding, removing and finding the
 * best or worst take constant time (a scan over words of a bitmap of a few dozen words).
 */
export class Lane {
  readonly #lists: List[];
  /** Bit set for buckets that hold something. */
  readonly #used: Uint32Array;
  count = 0;
  bytes = 0;

  constructor(buckets: number) {
    this.#lists = Array.from({ length: buckets }, () => ({ first: undefined, last: undefined }));
    this.#used = new Uint32Array(Math.ceil(buckets / 32));
  }

  get buckets(): number {
    return this.#lists.length;
  }

  add(entry: Entry, bucket: number): void {
    const at = Math.min(bucket, this.#lists.length - 1);
    const list = this.#lists[at] as List;
    entry.bucket = at;
    entry.previous = list.last;
    entry.next = undefined;
    if (list.last === undefined) list.first = entry;
    else list.last.next = entry;
    list.last = entry;
    this.#used[at >> 5] = (this.#used[at >> 5] as number) | (1 << (at & 31));
    this.count++;
    this.bytes += entry.size;
  }

  remove(entry: Entry): void {
    const at = entry.bucket;
    const list = this.#lists[at] as List;
    if (entry.previous === undefined) list.first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) list.last = entry.previous;
    else entry.next.previous = entry.previous;
    entry.next = undefined;
    entry.previous = undefined;
    if (list.first === undefined) {
      this.#used[at >> 5] = (this.#used[at >> 5] as number) & ~(1 << (at & 31));
    }
    this.count--;
    this.bytes -= entry.size;
  }

  /** The youngest entry of the lowest bucket in use. */
  worst(): Entry | undefined {
    for (let word = 0; word < this.#used.length; word++) {
      const bits = this.#used[word] as number;
      if (bits === 0) continue;
      const lowest = 31 - Math.clz32(bits & -bits);
      return this.#lists[word * 32 + lowest]?.last;
    }
    return undefined;
  }

  /** All entries, best bucket first, oldest first within. The lane must not change meanwhile. */
  *best(): Generator<Entry, undefined> {
    for (let word = this.#used.length - 1; word >= 0; word--) {
      let bits = this.#used[word] as number;
      while (bits !== 0) {
        const highest = 31 - Math.clz32(bits);
        bits &= ~(1 << highest);
        let entry = this.#lists[word * 32 + highest]?.first;
        while (entry !== undefined) {
          yield entry;
          entry = entry.next;
        }
      }
    }
    return undefined;
  }
}
