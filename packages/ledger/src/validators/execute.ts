import { type Header } from '@mxd/protocol/block';
import { type BlockHash } from '@mxd/protocol/primitives';

import { applyBondDeltas } from './amounts.ts';
import { endEpoch, type EpochEnd } from './epoch.ts';
import { applyMetrics } from './metrics.ts';
import { applySystemRecords, type RecordsOutcome } from './records.ts';
import { applyTips } from './tips.ts';
import {
  type RecordContext,
  type StakeDeltas,
  type ValidatorResult,
  type ValidatorState,
} from './types.ts';
import { isBoundary } from './views.ts';

/**
 * Steps X2 and X3 on the state after the parent. The caller has checked the header
 * (`checkHeader`), then applies the slashes to outputs and runs the transactions.
 */
export function beforeTransactions(
  parent: ValidatorState,
  header: Pick<Header, 'view' | 'parentView'>,
  encodedRecords: Uint8Array,
  context: RecordContext,
): ValidatorResult<RecordsOutcome> {
  return applySystemRecords(applyMetrics(parent, header), encodedRecords, context);
}

/**
 * The result of X4, then X5 and, at the end of an epoch, X6. `parent` is the state after the parent
 * block, `state` that after `beforeTransactions`.
 */
export function afterTransactions(
  parent: ValidatorState,
  state: ValidatorState,
  header: Pick<Header, 'height' | 'parentHash' | 'proposerId' | 'tipTotal'>,
  blockHash: BlockHash,
  deltas: StakeDeltas,
): EpochEnd {
  const tipped = applyTips(parent, applyBondDeltas(state, deltas), header);
  return isBoundary(parent, header.height)
    ? endEpoch(parent, tipped, header, blockHash)
    : { state: tipped, payouts: [] };
}
