import { CodedError } from '@mxd/codec';

/** Every code that this package can throw, with what it means and what to do. */
export const secretsErrors = {
  SECRET_MISSING: 'A required secret is in none of the providers; the message names them.',
  SECRET_EMPTY: 'A secret exists and holds nothing.',
  SECRET_TOO_LARGE: 'A secret is larger than 64 KiB.',
  SECRET_FORMAT: 'A secret breaks the format that its consumer asked for; it is never shown.',
  SECRET_NAME: 'The name is not one to 128 lower-case letters, digits, dots and dashes.',
  SECRET_FILE_MODE: 'A secret file can be read by others; `chmod 600` it.',
  SECRET_READ: 'A provider failed while reading a secret.',
} as const;

/** Thrown by providers and by validation at start. Never carries the secret. */
export class SecretsError extends CodedError<keyof typeof secretsErrors> {}
