import { type SystemRecord } from '@mxd/protocol/system-records';

import { type ValidatorErrorCode } from './errors.ts';
import {
  type RecordContext,
  type SignatureClaim,
  type ValidatorFailure,
  type ValidatorState,
} from './types.ts';

/** A signature of a record and the code that says it is bad. */
export interface CodedClaim extends SignatureClaim {
  readonly code: ValidatorErrorCode;
}

/**
 * The rules of one type of system record. `check` reads everything but signatures. `claims` are the
 * signatures of any record, none if the state does not know who signed; never none after `check`.
 * `apply` relies on `check` having passed on the same state.
 */
export interface RecordRules<Record extends SystemRecord> {
  check(
    state: ValidatorState,
    record: Record,
    context: RecordContext,
  ): ValidatorFailure | undefined;
  claims(state: ValidatorState, record: Record): readonly CodedClaim[];
  apply(state: ValidatorState, record: Record, context: RecordContext): ValidatorState;
}
