import { keyOf } from '@mxd/protocol/primitives';
import { systemRecordCodec, type SystemRecord } from '@mxd/protocol/system-records';

import { limits } from '../limits.ts';

/** What makes two records the same wish: the newest of a kind and id replaces the older one. */
function slotOf(record: SystemRecord): string {
  switch (record.type) {
    case 4:
      return `4 ${keyOf(record.signerId)} ${record.voteA.epoch}`;
    case 5:
      return `5 ${record.epoch} ${record.reporterIndex}`;
    default:
      return `${record.type} ${keyOf(record.id)} ${record.seq}`;
  }
}

/** System records that wait for a block. Bounded; the oldest gives way, evidence last. */
export class RecordPool {
  readonly #records = new Map<
    string,
    { readonly record: SystemRecord; readonly bytes: Uint8Array }
  >();
  dropped = 0;

  get size(): number {
    return this.#records.size;
  }

  /** Whether the record was new. */
  add(record: SystemRecord): boolean {
    const slot = slotOf(record);
    if (this.#records.has(slot)) return false;
    if (this.#records.size >= limits.systemRecords.value) this.#makeRoom();
    this.#records.set(slot, { record, bytes: systemRecordCodec.encode(record) });
    return true;
  }

  #makeRoom(): void {
    for (const [slot, { record }] of this.#records) {
      if (record.type === 4) continue;
      this.#records.delete(slot);
      this.dropped++;
      return;
    }
    const [oldest] = this.#records.keys();
    if (oldest !== undefined) this.#records.delete(oldest);
    this.dropped++;
  }

  all(): readonly SystemRecord[] {
    return [...this.#records.values()].map(({ record }) => record);
  }

  /** Removes records: included in a final block, or refused for good. */
  remove(records: Iterable<SystemRecord>): void {
    for (const record of records) this.#records.delete(slotOf(record));
  }

  /** Removes what `isStale` says can never be included any more. */
  prune(isStale: (record: SystemRecord) => boolean): void {
    for (const [slot, { record }] of this.#records) {
      if (isStale(record)) this.#records.delete(slot);
    }
  }
}
