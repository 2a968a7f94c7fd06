import type { Problem } from '@mxd/api/types';

import { ClientError, type ClientErrorCode } from './errors.ts';

/** A try that failed. */
export interface Failure {
  readonly ok: false;
  readonly error: ClientError;
  /** Whether another try, here or elsewhere, may go better. */
  readonly transient: boolean;
  readonly retryAfterMs?: number;
}

/** Whether another try makes sense. */
export const retryable = (failure: Failure): boolean => failure.transient;

const codes: Readonly<Record<string, ClientErrorCode>> = {
  API_NOT_FOUND: 'CLIENT_NOT_FOUND',
  API_PRUNED: 'CLIENT_NOT_FOUND',
  API_TIMEOUT: 'CLIENT_TIMEOUT',
  TX_MALFORMED: 'CLIENT_REJECTED',
  TX_REJECTED: 'CLIENT_REJECTED',
  RECORD_REJECTED: 'CLIENT_REJECTED',
  TX_DEFERRED: 'CLIENT_DEFERRED',
};

const transientStatus: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** What an answer that is no success means. */
export function problemError(response: Response, value: unknown, endpoint: string): Failure {
  const problem = (typeof value === 'object' && value !== null ? value : {}) as Partial<Problem>;
  const problemCode = typeof problem.code === 'string' ? problem.code : `HTTP_${response.status}`;
  const detail = typeof problem.detail === 'string' ? problem.detail : `status ${response.status}`;
  const error = new ClientError(codes[problemCode] ?? 'CLIENT_PROBLEM', detail.slice(0, 1000), {
    endpoint,
    status: response.status,
    problem: problemCode,
    ...(typeof problem.reason === 'string' ? { reason: problem.reason } : {}),
    ...(typeof problem.requestId === 'string' ? { requestId: problem.requestId } : {}),
  });
  const after = retryAfter(response);
  // A pruned item may be held by the next endpoint.
  const transient = transientStatus.has(response.status) || response.status === 410;
  return { ok: false, error, transient, ...(after === undefined ? {} : { retryAfterMs: after }) };
}
