import { CodedError } from '@mxd/codec';

/** Every code that this package can throw, with what it means and what to do. */
export const clientErrors = {
  CLIENT_ENDPOINTS: 'The list of endpoints is empty or holds something that is no http(s) address.',
  CLIENT_UNREACHABLE: 'No endpoint answered: check the addresses and that a node is running.',
  CLIENT_TIMEOUT: 'No endpoint answered in time. Asking again is safe.',
  CLIENT_NOT_FOUND: 'The node knows nothing under this id, address or height.',
  CLIENT_REJECTED:
    'The transaction or record breaks a rule; `reason` names it. Sending it again changes nothing.',
  CLIENT_DEFERRED: 'The transaction is valid, and no node takes it now; `reason` says why.',
  CLIENT_PROBLEM: 'The node answered with a problem; `problem` is its code.',
  CLIENT_MALFORMED: 'The answer is not what the API promises.',
  CLIENT_TOO_LARGE: 'The answer is larger than this client takes.',
  CLIENT_STREAM: 'The event stream cannot be opened or resumed at any endpoint.',
  CLIENT_LIE: 'A node answered with what it cannot prove or what is not what was asked for.',
  CLIENT_UNPROVEN: 'No node could prove what was asked for; `reason` is the check that failed.',
  CLIENT_DISAGREEMENT: 'The nodes give different answers to a question that no proof can settle.',
  CLIENT_STALE: 'The newest block that can be proven is older than allowed: the nodes lag or hide.',
  CLIENT_PENDING: 'Time is up and the transaction is still not final. It may still become so.',
  CLIENT_EXPIRED: 'The chain has passed the last height at which the transaction could be final.',
  CLIENT_CHECKPOINT:
    'The checkpoint is damaged, of another chain, or later than what it must prove.',
  CLIENT_EPOCHS: 'The chain of epochs is longer than this client follows: use a newer checkpoint.',
  CLIENT_RECEIPT: 'The receipt is damaged or is none.',
  CLIENT_RECEIPT_VERSION: 'The receipt was written by a newer version of the software.',
  CLIENT_RECEIPT_INVALID:
    'The receipt does not prove what it claims; `reason` says which check failed.',
} as const;

/** A code of this package. */
export type ClientErrorCode = keyof typeof clientErrors;

/** Thrown when nodes cannot be reached, refuse, or do not prove what they say. */
export class ClientError extends CodedError<ClientErrorCode> {}
