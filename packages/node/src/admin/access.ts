import { ApiError } from '@mxd/api';
import type { Logger } from '@mxd/logging';
import type { FastifyRequest } from 'fastify';

import { limits } from './limits.ts';
import type { Scope } from './scopes.ts';
import type { TokenInfo, TokenStore } from './tokens.ts';

/** Bad tokens per address in the last minute. Bounded: the oldest address is forgotten. */
export class FailureCounter {
  readonly #failures = new Map<string, { count: number; readonly sinceMs: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  isBlocked(source: string): boolean {
    const entry = this.#failures.get(source);
    if (entry === undefined) return false;
    if (this.#now() - entry.sinceMs < 60_000) return entry.count >= limits.failuresPerMinute.value;
    this.#failures.delete(source);
    return false;
  }

  add(source: string): void {
    const entry = this.#failures.get(source);
    if (entry !== undefined && this.#now() - entry.sinceMs < 60_000) {
      entry.count++;
      return;
    }
    this.#failures.delete(source);
    if (this.#failures.size >= limits.failureSources.value) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    this.#failures.set(source, { count: 1, sinceMs: this.#now() });
  }
}

export interface AccessParts {
  readonly tokens: TokenStore;
  readonly logger: Logger;
  readonly failures: FailureCounter;
  readonly onUnauthorized: (source: string) => void;
  /** A known token asked for more than it may. */
  readonly onDenied: (info: TokenInfo, request: FastifyRequest, scope: Scope) => Promise<void>;
}

const bearer = (request: FastifyRequest): string | undefined =>
  /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];

/** Who asks, if they may. @throws ApiError API_UNAUTHORIZED, API_FORBIDDEN, API_RATE_LIMITED. */
export async function requireScope(
  request: FastifyRequest,
  scope: Scope | undefined,
  parts: AccessParts,
): Promise<TokenInfo> {
  const { tokens, logger, failures, onUnauthorized, onDenied } = parts;
  const { ip, id } = request;
  const token = bearer(request);
  const verdict = token === undefined ? undefined : await tokens.verify(token);
  if (verdict === undefined || !verdict.ok) {
    const reason = verdict?.reason ?? 'missing';
    onUnauthorized(ip);
    // Good tokens still pass, so that nobody can lock operators out; the log is spared the rest.
    if (failures.isBlocked(ip)) {
      throw new ApiError('API_RATE_LIMITED', 'too many bad tokens came from this address');
    }
    failures.add(ip);
    logger.security('auth.failed', { ip, request_id: id, method: 'token', reason });
    throw new ApiError('API_UNAUTHORIZED', 'send a valid token as bearer token');
  }
  const { info } = verdict;
  if (scope !== undefined && !info.scopes.includes(scope)) {
    await onDenied(info, request, scope);
    throw new ApiError('API_FORBIDDEN', `the token lacks the scope \`${scope}\``);
  }
  return info;
}
