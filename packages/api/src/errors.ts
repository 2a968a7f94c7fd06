import { CodedError } from '@mxd/codec';

/**
 * Stable codes of problem documents (RFC 9457) that the HTTP API answers with. A rejected
 * transaction carries the ledger's or the mempool's own code in `reason` beside `TX_REJECTED`.
 */
export const apiErrors = {
  API_BAD_REQUEST: 'The request breaks the schema of its route; `issues` names fields and rules.',
  API_UNAUTHORIZED: 'The route needs a token, and none or an unknown or expired one was sent.',
  API_FORBIDDEN: 'The token is valid but lacks the scope that the route needs.',
  API_NOT_FOUND: 'Nothing is known under this id, address, height or path.',
  API_PRUNED: 'The item existed, and this node has pruned it; ask an archive node.',
  API_TOO_LARGE: 'The body is larger than the route takes.',
  API_RATE_LIMITED: 'Too many requests; `retry-after` says when to come back.',
  API_BUSY: 'The node has as much work as it takes on; try again later or at another node.',
  API_NOT_READY: 'The node is starting or syncing and does not serve this yet.',
  API_TIMEOUT: 'The answer did not come in time; asking again is safe.',
  API_CURSOR: 'The cursor is malformed or belongs to another list.',
  API_INTERNAL: 'The node failed; the request id finds the cause in its log.',
  TX_MALFORMED: 'The bytes are no transaction; `reason` and `detail` name field and rule.',
  TX_REJECTED:
    'The transaction breaks a rule; `reason` names it. Sending it again changes nothing.',
  TX_DEFERRED: 'The transaction is valid, and this node does not take it now; `reason` says why.',
  RECORD_REJECTED: 'The system record breaks a rule; `reason` names it.',
} as const;

export type ApiErrorCode = keyof typeof apiErrors;

/** Thrown by handlers; the server turns it into a problem document. */
export class ApiError extends CodedError<ApiErrorCode> {}

/** HTTP status of each code. */
export const apiErrorStatus: Readonly<Record<ApiErrorCode, number>> = {
  API_BAD_REQUEST: 400,
  API_UNAUTHORIZED: 401,
  API_FORBIDDEN: 403,
  API_NOT_FOUND: 404,
  API_PRUNED: 410,
  API_TOO_LARGE: 413,
  API_RATE_LIMITED: 429,
  API_BUSY: 503,
  API_NOT_READY: 503,
  API_TIMEOUT: 504,
  API_CURSOR: 400,
  API_INTERNAL: 500,
  TX_MALFORMED: 400,
  TX_REJECTED: 422,
  TX_DEFERRED: 503,
  RECORD_REJECTED: 422,
};
