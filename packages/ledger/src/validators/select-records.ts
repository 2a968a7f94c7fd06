import {
  compareRecords,
  systemRecordListCodec,
  type SystemRecord,
} from '@mxd/protocol/system-records';

import { type ValidatorErrorCode } from './errors.ts';
import {
  applyRecord,
  checkRecordRules,
  checkRecordSignatures,
  listHeadBytes,
  recordBytes,
} from './records.ts';
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

/** Records that are each valid on `state` and together fit into a block. */
function fitting(
  pool: readonly SystemRecord[],
  state: ValidatorState,
  context: RecordContext,
  dropped: DroppedRecord[],
): readonly SystemRecord[] {
  const { maxSystemRecords, maxSystemBytes } = activeParameters(state);
  const chosen: SystemRecord[] = [];
  let left = maxSystemBytes - listHeadBytes;
  for (const record of pool.toSorted(
    (a, b) => priority[a.type] - priority[b.type] || compareRecords(a, b),
  )) {
    const size = recordBytes(record);
    if (chosen.length === maxSystemRecords || size > left) continue;
    const failure =
      checkRecordRules(state, record, context) ?? checkRecordSignatures(state, record, context);
    if (failure !== undefined) {
      dropped.push({ record, code: failure.code, reason: failure.reason });
      continue;
    }
    chosen.push(record);
    left -= size;
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
  const chosen = fitting(pool, state, context, dropped).toSorted(compareRecords);
  const records: SystemRecord[] = [];
  let after = state;
  for (const record of chosen) {
    const previous = records.at(-1);
    if (previous !== undefined && compareRecords(previous, record) === 0) continue;
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
