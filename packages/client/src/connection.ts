import { ClientError } from './errors.ts';
import * as bounds from './bounds.ts';
import { problemError, retryable, type Failure } from './problems.ts';
import { readJson } from './read-json.ts';
import { routes, targetOf, type Input, type Output, type RouteId } from './routes.ts';
import { sleep } from './sleep.ts';

/** What a node said, and nothing more: no proof stands behind it. */
export interface Unverified<Value> {
  readonly verified: false;
  readonly value: Value;
  /** Who said it. */
  readonly endpoint: string;
}

/** Where nodes are and how patient to be. */
export interface ConnectionOptions {
  /** Base addresses, `http://127.0.0.1:7979`, in order of preference. */
  readonly endpoints: readonly string[];
  /** One try of one request; 10,000 unless told. */
  readonly timeoutMs?: number;
  /** Tries of one request, over all endpoints; 4 unless told. */
  readonly attempts?: number;
  /** First pause before the same endpoint is tried again; doubles; 100 unless told. */
  readonly backoffMs?: number;
  /** Bearer token of nodes that ask for one. */
  readonly token?: string;
  readonly fetch?: typeof fetch;
}

/** Settings of one request. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Ask this endpoint alone. */
  readonly endpoint?: string | undefined;
  /** Tries, if others than the connection's. */
  readonly attempts?: number | undefined;
}

/** What the connection has been through; plain numbers. */
export interface ConnectionCounters {
  requests: number;
  retries: number;
  failovers: number;
  /** Answers that a check refused. */
  lies: number;
}

type Json = Readonly<Record<string, unknown>>;

function baseOf(endpoint: string): string {
  if (/^https?:\/\/[^\s?#]+$/.test(endpoint) && URL.canParse(endpoint)) {
    return endpoint.replace(/\/+$/, '');
  }
  throw new ClientError('CLIENT_ENDPOINTS', `"${endpoint}" is no http(s) address`, { endpoint });
}

const bounded = (value: number | undefined, usual: number, most: number): number =>
  Math.min(Math.max(value ?? usual, 1), most);

/** Between half a pause and a whole one, so that clients do not come back together. */
function jitter(pauseMs: number): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return pauseMs / 2 + (pauseMs / 2) * (random / 0x1_0000_0000);
}

/**
 * Requests to one network over several endpoints. A request that fails for the moment (no
 * connection, no answer in time, 429, 502-504) is tried again at the next endpoint; every route may be
 * repeated safely, since submissions are known by their hash. An endpoint that lied goes last.
 */
export class Connection {
  readonly endpoints: readonly string[];
  readonly counters: ConnectionCounters = { requests: 0, retries: 0, failovers: 0, lies: 0 };
  readonly #options: ConnectionOptions;
  readonly #attempts: number;
  readonly #lies = new Map<string, number>();
  /** Endpoints whose newest try failed. */
  readonly #failing = new Set<string>();
  #preferred = 0;

  /** @throws ClientError CLIENT_ENDPOINTS. */
  constructor(options: ConnectionOptions) {
    const endpoints = [...new Set(options.endpoints.map(baseOf))];
    if (endpoints.length < 1 || endpoints.length > bounds.endpoints) {
      throw new ClientError('CLIENT_ENDPOINTS', `${endpoints.length} endpoints were given`);
    }
    this.endpoints = endpoints;
    this.#options = options;
    this.#attempts = bounded(options.attempts, 4, bounds.attempts);
  }

  /** Endpoints to be asked, best first: those that answered and did not lie. */
  order(): readonly string[] {
    const count = this.endpoints.length;
    const rotated = this.endpoints.map(
      (_, i) => this.endpoints[(this.#preferred + i) % count] as string,
    );
    const lies = (endpoint: string): number => this.#lies.get(endpoint) ?? 0;
    return rotated.sort((a, b) => lies(a) - lies(b));
  }

  /** Notes that an endpoint said what it cannot prove: others are asked first from now on. */
  distrust(endpoint: string): void {
    this.counters.lies++;
    this.#lies.set(endpoint, (this.#lies.get(endpoint) ?? 0) + 1);
  }

  /**
   * Calls a route. The answer is what a node says; `LightClient` proves what can be proven.
   * @throws ClientError CLIENT_UNREACHABLE, CLIENT_TIMEOUT, CLIENT_NOT_FOUND, CLIENT_REJECTED,
   *   CLIENT_DEFERRED, CLIENT_PROBLEM, CLIENT_MALFORMED, CLIENT_TOO_LARGE; the signal's reason.
   */
  async request<Id extends RouteId>(
    id: Id,
    input: Input<Id>,
    options: RequestOptions = {},
  ): Promise<Unverified<Output<Id>>> {
    const order = options.endpoint === undefined ? this.order() : [options.endpoint];
    const attempts = bounded(options.attempts, this.#attempts, bounds.attempts);
    let last: Failure | undefined;
    for (let attempt = 0; attempt < attempts; attempt++) {
      options.signal?.throwIfAborted();
      const endpoint = order[attempt % order.length] as string;
      if (attempt > 0) this.counters.retries++;
      // The pause is for those that were asked before; a fresh endpoint is tried at once.
      const round = Math.floor(attempt / order.length);
      if (round > 0 || last?.retryAfterMs !== undefined) {
        await sleep(this.#pause(round, last), options.signal);
      }
      const answer = await this.#once(id, input as unknown as Json, endpoint, options.signal);
      if (answer.ok) {
        this.#prefer(endpoint);
        return { verified: false, value: answer.value as Output<Id>, endpoint };
      }
      last = answer;
      if (answer.transient) this.#failing.add(endpoint);
      if (!retryable(answer)) throw answer.error;
    }
    throw (last as Failure).error;
  }

  /** Opens a request whose body is read by the caller: event streams. */
  open(endpoint: string, target: string, init: RequestInit): Promise<Response> {
    this.counters.requests++;
    const headers = { ...(init.headers as Record<string, string>), ...this.#authorization() };
    return (this.#options.fetch ?? fetch)(`${endpoint}${target}`, { ...init, headers });
  }

  #authorization(): Readonly<Record<string, string>> {
    const { token } = this.#options;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  #pause(round: number, last: Failure | undefined): number {
    const first = this.#options.backoffMs ?? 100;
    const grown = Math.min(first * 2 ** Math.max(round - 1, 0), bounds.backoffMs);
    return Math.max(jitter(grown), Math.min(last?.retryAfterMs ?? 0, bounds.backoffMs));
  }

  /** The first endpoint stays the first until it fails and another answers. */
  #prefer(endpoint: string): void {
    this.#failing.delete(endpoint);
    if (!this.#failing.has(this.endpoints[this.#preferred] as string)) return;
    const index = this.endpoints.indexOf(endpoint);
    if (index < 0) return;
    this.counters.failovers++;
    this.#preferred = index;
  }

  async #once(
    id: RouteId,
    input: Json,
    endpoint: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly ok: true; readonly value: unknown } | Failure> {
    const timeoutMs = bounded(this.#options.timeoutMs, 10_000, bounds.timeoutMs);
    const timer = AbortSignal.timeout(timeoutMs);
    const either = signal === undefined ? timer : AbortSignal.any([timer, signal]);
    const [method] = routes[id];
    const { body } = input;
    try {
      const response = await this.open(endpoint, targetOf(id, input), {
        method,
        signal: either,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const value = await readJson(response, bounds.responseBytes);
      return response.ok ? { ok: true, value } : problemError(response, value, endpoint);
    } catch (error) {
      signal?.throwIfAborted();
      return failureOf(error, endpoint, timer.aborted ? timeoutMs : undefined);
    }
  }
}

function failureOf(error: unknown, endpoint: string, timeoutMs: number | undefined): Failure {
  if (error instanceof ClientError) return { ok: false, error, transient: true };
  const failure =
    timeoutMs === undefined
      ? new ClientError(
          'CLIENT_UNREACHABLE',
          `${endpoint} cannot be reached`,
          { endpoint },
          {
            cause: error,
          },
        )
      : new ClientError('CLIENT_TIMEOUT', `${endpoint} did not answer in ${timeoutMs} ms`, {
          endpoint,
          timeoutMs,
        });
  return { ok: false, error: failure, transient: true };
}
