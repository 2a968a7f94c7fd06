import { CodedError } from '@mxd/codec';

import { type ValidatorFailure } from './types.ts';

/** Every code of `@mxd/ledger/validators`, with what it means. */
export const validatorErrors = {
  HEADER_VERSION: 'The header has another protocol version than the one in force.',
  HEADER_NETWORK: 'The header belongs to another network.',
  HEADER_EPOCH: 'The header names another epoch than its height lies in.',
  HEADER_HEIGHT: "The height is not the parent's plus one.",
  HEADER_PARENT: 'The header names another parent.',
  HEADER_VIEW: 'The views of the header are out of order, or view 0 does not stand for the anchor.',
  HEADER_PROPOSER: 'The proposer does not lead the view of the header.',
  HEADER_TIMESTAMP: "The timestamp is not later than the parent's.",
  HEADER_APP_ROOT: 'The application root is not that of the state after the parent.',
  HEADER_SUPPLY: 'The total supply is not that of the state after the parent.',
  HEADER_NEXT_TABLE:
    'The next table hash is wrong, missing at the end of an epoch, or present elsewhere.',
  RECORDS_MALFORMED: 'The system record list does not decode, or is out of order.',
  RECORDS_COUNT: 'The block has more system records than the parameters allow.',
  RECORDS_BYTES: 'The system record list is longer than the parameters allow.',
  RECORD_EXPIRED: 'The expiry epoch of the record has passed.',
  RECORD_SEQ: 'The sequence number is not greater than the last one of this validator.',
  RECORD_REPEATED: 'The validator already had a record of this kind in this epoch.',
  RECORD_UNREGISTERED: 'The id has never joined, so it has no account key to check against.',
  RECORD_ACCOUNT_SIGNATURE: 'The signature by the account key does not verify.',
  RECORD_POSSESSION: 'The possession proof by the consensus key does not verify.',
  RECORD_KEY_REUSED: 'The consensus key was registered before; keys are used once.',
  JOIN_ID: 'The id is not the hash of the account key.',
  JOIN_MEMBER: 'The id is already in the table.',
  JOIN_QUEUED: 'A JOIN of this id is already queued.',
  JOIN_NOT_LISTED: 'This chain admits listed ids only, and the id is not listed.',
  JOIN_BLACKLISTED: 'The id is blacklisted.',
  JOIN_STAKE: 'The bonded stake is below the minimum.',
  JOIN_RECENT_BLOCK: 'The recent block is not one of the last 128 ancestors.',
  LEAVE_NOT_MEMBER: 'The id is neither in the table nor queued to join.',
  LEAVE_QUEUED: 'A LEAVE of this id is already queued.',
  ROTATE_NOT_MEMBER: 'The id is not in the table.',
  ROTATE_QUEUED: 'A ROTATE of this id is already queued.',
  EVIDENCE_EPOCH: 'The votes are of an epoch whose evidence is no longer or not yet accepted.',
  EVIDENCE_SIGNER: 'The accused id is not at the signer index in the table of the votes.',
  EVIDENCE_FORM: 'The votes differ in signer, epoch or view, or stand in the wrong order.',
  EVIDENCE_NO_CONFLICT: 'A correct validator may sign both of these votes.',
  EVIDENCE_PROCESSED: 'The validator was already convicted for this epoch.',
  EVIDENCE_SIGNATURE: 'A vote of the evidence has a signature that does not verify.',
  LATENCY_EPOCH: 'The report is of another epoch.',
  LATENCY_WINDOW: 'Latency reports are accepted in the second half of an epoch only.',
  LATENCY_REPORTER: 'The reporter index lies outside of the table.',
  LATENCY_REPEATED: 'The reporter already has a report in this epoch.',
  LATENCY_SIZE: 'The report has another number of entries than the table.',
  LATENCY_SELF: "The reporter's entry about itself is not empty.",
  LATENCY_SIGNATURE: 'The signature of the report does not verify.',
  SIGNAL_NOT_MEMBER: 'The id is not in the table.',
  SIGNAL_CHANGE: 'The change document is malformed or breaks a rule of the parameters.',
  UPGRADE_UNKNOWN_VERSION:
    'The chain runs by a protocol version that this software does not know: update it.',
  SECTION_MISSING: 'A state section is missing, or one is there that does not exist.',
  SECTION_MALFORMED: 'A state section does not decode.',
  SECTION_INCONSISTENT: 'Two state sections contradict each other.',
  STATE_BOND: 'Bonded totals would fall below zero or exceed the supply.',
  STATE_SUPPLY: 'The total supply would leave 0 to 2^64 - 1.',
  STATE_INVARIANT: 'The consensus state contradicts itself; the node must stop.',
} as const;

export type ValidatorErrorCode = keyof typeof validatorErrors;

/** Thrown where the caller or the state is at fault, never for what a block or a peer contains. */
export class ValidatorStateError extends CodedError<ValidatorErrorCode> {}

/** A failed check. */
export function failed(code: ValidatorErrorCode, reason: string): ValidatorFailure {
  return { ok: false, code, reason };
}
