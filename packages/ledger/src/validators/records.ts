import { systemRecordListCodec, type SystemRecord } from '@mxd/protocol/system-records';

import { failed } from './errors.ts';
import { evidenceRules } from './evidence-record.ts';
import { latencyRules } from './latency-record.ts';
import { joinRules, leaveRules, rotateRules } from './membership-records.ts';
import { type RecordRules } from './record-rules.ts';
import { signalRules } from './signal-record.ts';
import {
  type RecordContext,
  type SignatureClaim,
  type Slash,
  type ValidatorFailure,
  type ValidatorResult,
  type ValidatorState,
} from './types.ts';
import { activeParameters } from './views.ts';

// Each set of rules is only ever given records of its own type.
const rules: Readonly<Record<SystemRecord['type'], RecordRules<SystemRecord>>> = {
  1: joinRules,
  2: leaveRules,
  3: rotateRules,
  4: evidenceRules,
  5: latencyRules,
  6: signalRules,
};

const rulesOf = (record: SystemRecord): RecordRules<SystemRecord> => rules[record.type];

/** Everything about one record but its signatures. */
export const checkRecordRules = (
  state: ValidatorState,
  record: SystemRecord,
  context: RecordContext,
): ValidatorFailure | undefined => rulesOf(record).check(state, record, context);

/** The state after a record that was checked on the same state. */
export const applyRecord = (
  state: ValidatorState,
  record: SystemRecord,
  context: RecordContext,
): ValidatorState => rulesOf(record).apply(state, record, context);

/** The first signature of a record that does not verify. */
export function checkRecordSignatures(
  state: ValidatorState,
  record: SystemRecord,
  context: Pick<RecordContext, 'verify'>,
): ValidatorFailure | undefined {
  const claims = rulesOf(record).claims(state, record);
  if (claims.length === 0) return failed('RECORD_UNREGISTERED', 'nobody known could have signed');
  for (const claim of claims) {
    const { suite, publicKey, message, signature, code } = claim;
    if (!context.verify(suite, publicKey, message, signature)) {
      return failed(code, `a signature of suite ${suite} does not verify`);
    }
  }
  return undefined;
}

/** Whether a record would be valid as the first one of the next block at `context.height`. */
export function checkSystemRecord(
  state: ValidatorState,
  record: SystemRecord,
  context: RecordContext,
): ValidatorResult<undefined> {
  const failure =
    checkRecordRules(state, record, context) ?? checkRecordSignatures(state, record, context);
  return failure ?? { ok: true, value: undefined };
}

/**
 * The signatures of a record, valid or not; none if the state does not know who signed. A host can
 * verify them in workers and then answer `context.verify` from the results.
 */
export const recordSignatures = (
  state: ValidatorState,
  record: SystemRecord,
): readonly SignatureClaim[] => rulesOf(record).claims(state, record);

/** Bytes of a list without records: its count. */
export const listHeadBytes = 2;

/** What the system records of a block did. */
export interface RecordsOutcome {
  readonly state: ValidatorState;
  /** Validators that this block convicted, while slashing is on. */
  readonly slashes: readonly Slash[];
}

function checkListSize(
  state: ValidatorState,
  encoded: Uint8Array,
  count: number,
): ValidatorFailure | undefined {
  const { maxSystemRecords, maxSystemBytes } = activeParameters(state);
  if (count > maxSystemRecords) {
    return failed('RECORDS_COUNT', `${count} records; ${maxSystemRecords} are allowed`);
  }
  return encoded.length > maxSystemBytes
    ? failed('RECORDS_BYTES', `${encoded.length} bytes; ${maxSystemBytes} are allowed`)
    : undefined;
}

/**
 * Step X3: the system records of a block in list order, each checked against the state that the one
 * before it left. One invalid record makes the block invalid; the reason names its position.
 */
export function applySystemRecords(
  state: ValidatorState,
  encoded: Uint8Array,
  context: RecordContext,
): ValidatorResult<RecordsOutcome> {
  const decoded = systemRecordListCodec.tryDecode(encoded);
  if (!decoded.ok) return failed('RECORDS_MALFORMED', decoded.error.message);
  const records = decoded.value;
  const oversize = checkListSize(state, encoded, records.length);
  if (oversize !== undefined) return oversize;
  const { slashingBp } = activeParameters(state);
  const slashes: Slash[] = [];
  let after = state;
  for (const [i, record] of records.entries()) {
    const verdict = checkSystemRecord(after, record, context);
    if (!verdict.ok) return failed(verdict.code, `record ${i}: ${verdict.reason}`);
    after = applyRecord(after, record, context);
    if (record.type === 4 && slashingBp > 0) {
      slashes.push({ validatorId: record.signerId.slice(), slashingBp });
    }
  }
  return { ok: true, value: { state: after, slashes } };
}
