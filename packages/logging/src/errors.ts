import { CodedError } from '@mxd/codec';

/** Every code that this package can throw or report, with what it means and what to do. */
export const loggingErrors = {
  LOGGING_SECRET_LENGTH:
    'A secret to register is shorter or longer than the registry can match; see limits.',
  LOGGING_REGISTRY_FULL:
    'The registry of live secrets is full. Dispose of registrations that are no longer needed.',
  LOGGING_OPTION: 'An option of a logger, destination or audit log lies outside its range.',
  LOGGING_DESTINATION: 'The log file or its directory could not be opened.',
  JSON_VALUE: 'The value has no canonical JSON form (RFC 8785): see the path in the details.',
  AUDIT_EVENT: 'The event is unknown, or its fields do not fit the catalogue of events.',
  AUDIT_PERSONAL_DATA:
    'A fact to record looks like personal data. Pass it in a field that the catalogue commits to.',
  AUDIT_BUSY: 'Too many records wait to be written. Wait for earlier appends, then try again.',
  AUDIT_FULL: 'The audit log reached its size limit. Close it and start a new one in its place.',
  AUDIT_CLOSED: 'The audit log is closed.',
  AUDIT_IN_USE: 'Another process has the audit log open for writing.',
  AUDIT_WRITE: 'A write to the audit log failed. The log is closed; open it again to recover.',
  AUDIT_READ: 'A file of the audit log could not be read.',
  AUDIT_CONCURRENT: 'The audit log changed on disk under its writer. Find the second writer.',
  AUDIT_MISSING: 'There is no audit log in that directory, or one of its files is missing.',
  AUDIT_RECORD: 'A record was altered: it is not canonical JSON, breaks the schema or its order.',
  AUDIT_CHECKPOINT: 'A checkpoint was altered: it breaks the schema, its order or its place.',
  AUDIT_SIGNATURE: 'The signature of a checkpoint does not verify under the given key.',
  AUDIT_ROOT: 'The records do not hash to the root that a checkpoint signed: one was altered.',
  AUDIT_TRUNCATED: 'Records or checkpoints that were signed are missing from the end.',
  AUDIT_UNSIGNED_TAIL: 'Records follow the last checkpoint, as after a crash; nobody signed them.',
  AUDIT_FORK:
    'The log differs from a checkpoint that was kept elsewhere: its history was rewritten.',
  AUDIT_KEY: 'The signer does not hold the key that the audit log was created with.',
} as const;

/** A code of `loggingErrors`. */
export type LoggingErrorCode = keyof typeof loggingErrors;

/** Thrown for wrong options, a registry that is full, and everything wrong with an audit log. */
export class LoggingError extends CodedError<LoggingErrorCode> {}
