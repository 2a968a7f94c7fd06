import { compareBytes } from '@mxd/codec';
import {
  systemRecordCodec,
  systemRecordListCodec,
  type SystemRecord,
} from '@mxd/protocol/system-records';

import { type ValidatorErrorCode } from './errors.ts';
import { applyRecord, checkRecordRules, checkRecordSignatures, listHeadBytes } from './records.ts';
import { type RecordContext, type ValidatorState } from './types.ts';
import { activeParameters } from './views.ts';

/** A record of the pool that was left out because it is invalid on this state. */
export interface DroppedRecord {
  readonly record: SystemRecord;
  readonly code: ValidatorErrorCode;
  readonly reason: string;
}

/** A valid list for a block, and why the rest of the pool is not in it. */
export interface SelectedRecords {
  /** Encoded list; `applySystemRecords` on the same state accepts it. */
  readonly encoded: Uint8Array;
  readonly records: readonly SystemRecord[];
  /**
   * Invalid on this state or beside a chosen record, and perhaps valid later. Records that only did
   * not fit are not among them.
   */
  readonly dropped: readonly DroppedRecord[];
}

/**
 * What goes first when a block cannot hold all: evidence expires and protects the chain, latency
 * reports have half an epoch, the rest can wait.
 */
const priority: Readonly<Record<SystemRecord['type'], number>> = {
  4: 0,
  5: 1,
  3: 2,
  2: 3,
  1: 4,
  6: 5,
};

/** A record with its encoding, made once: order and size come from it. */
interface Encoded {
  readonly record: SystemRecord;
  /** type u8, length u32, payload. */
  readonly bytes: Uint8Array;
}

const payloadOffset = 5;

/** The order of records in a block: by type, then by payload. */
const inListOrder = (a: Encoded, b: Encoded): number =>
  a.record.type - b.record.type ||
  compareBytes(a.bytes.subarray(payloadOffset), b.bytes.subarray(payloadOffset));

const byPriority = (a: Encoded, b: Encoded): number =>
  priority[a.record.type] - priority[b.record.type] || inListOrder(a, b);

/** Records that are each valid on `state` and together fit into a block, without repetitions. */
function fitting(
  pool: readonly SystemRecord[],
  state: ValidatorState,
  context: RecordContext,
  dropped: DroppedRecord[],
): readonly Encoded[] {
  const { maxSystemRecords, maxSystemBytes } = activeParameters(state);
  const sorted = pool
    .map((record): Encoded => ({ record, bytes: systemRecordCodec.encode(record) }))
    .toSorted(byPriority);
  const chosen: Encoded[] = [];
  let left = maxSystemBytes - listHeadBytes;
  for (const one of sorted) {
    const { record, bytes } = one;
    const before = chosen.at(-1);
    if (before !== undefined && inListOrder(before, one) === 0) continue;
    if (chosen.length === maxSystemRecords || bytes.length > left) continue;
    const failure =
      checkRecordRules(state, record, context) ?? checkRecordSignatures(state, record, context);
    if (failure !== undefined) {
      dropped.push({ record, code: failure.code, reason: failure.reason });
      continue;
    }
    chosen.push(one);
    left -= bytes.length;
  }
  return chosen;
}

/**
 * Builds the system record list of a block on `state` from a pool. Each record is checked against
 * the state that those before it leave, so that what conflicts with a chosen one is left out.
 */
export function selectSystemRecords(
  pool: readonly SystemRecord[],
  state: ValidatorState,
  context: RecordContext,
): SelectedRecords {
  const dropped: DroppedRecord[] = [];
  const records: SystemRecord[] = [];
  let after = state;
  for (const { record } of fitting(pool, state, context, dropped).toSorted(inListOrder)) {
    // Signatures do not depend on the records before: accounts and tables stay as they are.
    const failure = checkRecordRules(after, record, context);
    if (failure !== undefined) {
      dropped.push({ record, code: failure.code, reason: failure.reason });
      continue;
    }
    records.push(record);
    after = applyRecord(after, record, context);
  }
  return { encoded: systemRecordListCodec.encode(records), records, dropped };
}
