import type { Entry } from './entry.ts';
import type { PoolIndex } from './pool-index.ts';
import type { LaneName, SelectionRequest } from './types.ts';

/**
 * Waiting transactions in the order in which a block should hold them: ancestors first, the lanes
 * side by side with their guaranteed shares, what one leaves over to the other.
 */
export function selectEntries(
  index: PoolIndex,
  request: SelectionRequest,
  freeSharePercent: number,
): readonly Entry[] {
  return new Selection(index, request).run(freeSharePercent);
}

class Selection {
  readonly #request: SelectionRequest;
  readonly #scans: Readonly<Record<LaneName, Iterator<Entry, undefined>>>;
  readonly #chosen = new Set<Entry>();
  readonly #waiting: Record<LaneName, Entry | undefined> = { tip: undefined, free: undefined };
  #bytes = 0;
  #signatures = 0;

  constructor(index: PoolIndex, request: SelectionRequest) {
    this.#request = request;
    this.#scans = { tip: index.lanes.tip.best(), free: index.lanes.free.best() };
  }

  run(freeSharePercent: number): readonly Entry[] {
    const { maxBytes } = this.#request;
    const freeShare = Math.floor((maxBytes * freeSharePercent) / 100);
    this.#fill('tip', maxBytes - freeShare);
    this.#fill('free', freeShare);
    this.#fill('tip', maxBytes);
    this.#fill('free', maxBytes);
    return [...this.#chosen];
  }

  /** Takes from a lane until `share` bytes more are used, or the block is full. */
  #fill(lane: LaneName, share: number): void {
    const end = Math.min(this.#request.maxBytes, this.#bytes + share);
    for (;;) {
      const entry = this.#waiting[lane] ?? this.#scans[lane].next().value;
      this.#waiting[lane] = undefined;
      if (entry === undefined) return;
      if (this.#bytes + entry.size > end) {
        // Too large for the share; it comes first when the lane is asked again.
        this.#waiting[lane] = entry;
        if (end < this.#request.maxBytes) return;
        this.#waiting[lane] = undefined;
        // The block is as good as full: stop when not even a small payment would fit.
        if (this.#request.maxBytes - this.#bytes < smallestBytes) return;
        continue;
      }
      this.#take(entry);
      if (this.#chosen.size >= this.#request.maxTransactions) return;
    }
  }

  #take(entry: Entry): void {
    const family = this.#missingFamily(entry);
    if (family === undefined) return;
    let bytes = 0;
    let signatures = 0;
    for (const member of family) {
      bytes += member.size;
      signatures += member.signatureWeight;
    }
    const { maxBytes, maxTransactions, maxSignatures } = this.#request;
    const fits =
      this.#bytes + bytes <= maxBytes &&
      this.#signatures + signatures <= maxSignatures &&
      this.#chosen.size + family.length <= maxTransactions;
    if (!fits) return;
    for (const member of family) this.#chosen.add(member);
    this.#bytes += bytes;
    this.#signatures += signatures;
  }

  /** The entry and those it builds on that are not in yet, ancestors first; or that it cannot go. */
  #missingFamily(entry: Entry): readonly Entry[] | undefined {
    if (this.#isDone(entry)) return undefined;
    if (entry.parentEntries.size === 0) return this.#isTimely(entry) ? [entry] : undefined;
    const order: Entry[] = [];
    const seen = new Set<Entry>();
    const visit = (at: Entry): boolean => {
      if (seen.has(at) || this.#isDone(at)) return true;
      seen.add(at);
      if (!this.#isTimely(at)) return false;
      for (const parent of at.parentEntries) if (!visit(parent)) return false;
      order.push(at);
      return true;
    };
    return visit(entry) ? order : undefined;
  }

  #isTimely({ validFrom, expiresAt }: Entry): boolean {
    const { height } = this.#request;
    return validFrom <= height && (expiresAt === 0 || expiresAt >= height);
  }

  #isDone(entry: Entry): boolean {
    return this.#chosen.has(entry) || this.#request.exclude?.(entry.txidText) === true;
  }
}

/** A payment with one input and one output and an Ed25519 signature has 227 bytes. */
const smallestBytes = 200;
