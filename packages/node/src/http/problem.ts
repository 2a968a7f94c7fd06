import { ApiError, apiErrorStatus, type ApiErrorCode, type Problem } from '@mxd/api';
import { apiErrors } from '@mxd/api/errors';
import { CodedError } from '@mxd/codec';
import type { z } from 'zod';

/** Where error codes are documented. */
const errorPage = 'https://github.com/mxd-network/mxd/blob/main/docs/errors.md#';

/** Raised by request validation; carries every issue. */
export class SchemaFailure extends Error {
  readonly place: string;
  readonly issues: readonly z.core.$ZodIssue[];

  constructor(place: string, issues: readonly z.core.$ZodIssue[]) {
    super('the request breaks its schema');
    this.place = place;
    this.issues = issues;
  }
}

function problem(code: ApiErrorCode, detail: string, requestId: string): Problem {
  return {
    type: `${errorPage}${code.toLowerCase()}`,
    title: apiErrors[code],
    status: apiErrorStatus[code],
    code,
    detail,
    requestId,
  };
}

interface FrameworkError {
  readonly statusCode: number;
  readonly message: string;
}

const isFrameworkError = (error: unknown): error is FrameworkError =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';

const frameworkCodes: Readonly<Record<number, ApiErrorCode>> = {
  401: 'API_UNAUTHORIZED',
  403: 'API_FORBIDDEN',
  404: 'API_NOT_FOUND',
  413: 'API_TOO_LARGE',
  429: 'API_RATE_LIMITED',
  503: 'API_BUSY',
};

/** The problem document of anything that was thrown. What is not meant for clients stays here. */
export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof ApiError) {
    const { reason } = error.details;
    const base = problem(error.code, error.message, requestId);
    return typeof reason === 'string' ? { ...base, reason } : base;
  }
  if (error instanceof SchemaFailure) {
    const issues = error.issues.map((issue) => ({
      path: [error.place, ...issue.path.map(String)].join('.'),
      message: issue.message,
    }));
    const [first] = issues;
    const detail = first === undefined ? error.message : `${first.path}: ${first.message}`;
    return { ...problem('API_BAD_REQUEST', detail, requestId), issues };
  }
  if (error instanceof CodedError && error.code === 'HEX_INVALID') {
    return problem('API_BAD_REQUEST', error.message, requestId);
  }
  if (isFrameworkError(error) && error.statusCode < 500) {
    const code = frameworkCodes[error.statusCode] ?? 'API_BAD_REQUEST';
    return problem(code, error.message, requestId);
  }
  return problem('API_INTERNAL', 'the node failed; its log has the cause', requestId);
}
