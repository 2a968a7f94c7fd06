import {
  type Offence,
  type PeerId,
  type RequestFailure,
  type RequestKind,
  type RequestOptions,
  type RequestResult,
} from '../contract.ts';
import { type Counters } from '../counters.ts';
import { limits, requestLimits } from '../limits.ts';
import { type Session } from '../session/session.ts';
import { type Sessions } from '../session/sessions.ts';
import { FrameStream } from '../wire/frame-stream.ts';
import {
  answerTypes,
  decodeEnd,
  itemOverheadBytes,
  requestCodec,
  requestProtocol,
} from '../wire/requests.ts';

interface Ask {
  readonly kind: RequestKind;
  readonly id: number;
  readonly maxBytes: number;
  readonly deadlineAtMs: number;
  readonly startedMs: number;
  readonly options: RequestOptions;
  readonly items: Uint8Array[];
}

/** Asks peers, one stream per request. */
export class RequestClient {
  readonly #sessions: Sessions;
  readonly #counters: Counters;
  readonly #penalize: (peerId: PeerId, offence: Offence) => void;
  readonly #active = new WeakMap<Session, Map<RequestKind, number>>();
  #nextId = 1;

  constructor(
    sessions: Sessions,
    counters: Counters,
    penalize: (peerId: PeerId, offence: Offence) => void,
  ) {
    this.#sessions = sessions;
    this.#counters = counters;
    this.#penalize = penalize;
  }

  async request(
    to: PeerId,
    kind: RequestKind,
    payload: Uint8Array,
    options: RequestOptions = {},
  ): Promise<RequestResult> {
    const own = requestLimits[kind];
    const session = this.#sessions.byPeer(to);
    if (session === undefined) return this.#failed('NETWORK_REQUEST_UNCONNECTED', []);
    if (payload.length > limits.requestBytes.value) {
      return this.#failed('NETWORK_REQUEST_OVERSIZED', []);
    }
    const active = this.#activeOf(session);
    const count = active.get(kind) ?? 0;
    // The server would answer `busy`: its limit per peer is known.
    if (count >= own.perPeer) return this.#failed('NETWORK_REQUEST_OVERLOADED', []);
    if (options.signal?.aborted === true) return this.#failed('NETWORK_REQUEST_CANCELLED', []);
    active.set(kind, count + 1);
    this.#nextId = (this.#nextId + 1) >>> 0;
    const startedMs = performance.now();
    const ask: Ask = {
      kind,
      id: this.#nextId,
      maxBytes: Math.min(options.maxBytes ?? own.answerBytes, own.answerBytes),
      startedMs,
      deadlineAtMs: startedMs + Math.min(options.deadlineMs ?? own.deadlineMs, own.deadlineMs),
      options,
      items: [],
    };
    this.#counters.add(`requests_sent_${kind}`);
    try {
      return await this.#run(session, ask, payload);
    } finally {
      active.set(kind, (active.get(kind) ?? 1) - 1);
    }
  }

  #activeOf(session: Session): Map<RequestKind, number> {
    let active = this.#active.get(session);
    if (active === undefined) {
      active = new Map();
      this.#active.set(session, active);
    }
    return active;
  }

  #failed(code: RequestFailure, items: readonly Uint8Array[]): RequestResult {
    this.#counters.add(`requests_failed_${code}`);
    return { ok: false, code, items };
  }

  async #run(session: Session, ask: Ask, payload: Uint8Array): Promise<RequestResult> {
    const own = requestLimits[ask.kind];
    const timeout = AbortSignal.timeout(
      Math.max(1, Math.ceil(ask.deadlineAtMs - performance.now())),
    );
    const { signal } = ask.options;
    const signals = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    let frames: FrameStream;
    try {
      const protocol = requestProtocol(ask.kind);
      const stream = await session.connection.newStream(protocol, { signal: signals });
      frames = new FrameStream(stream, Math.min(own.itemBytes, ask.maxBytes) + 1 + 32);
    } catch {
      return this.#failed(this.#abortCode(signal, timeout), []);
    }
    const onAbort = (): void => frames.cancelRead();
    signals.addEventListener('abort', onAbort, { once: true });
    frames.send(requestCodec.encode({ id: ask.id, maxBytes: ask.maxBytes, payload }));
    const result = await this.#collect(session, ask, frames, timeout);
    signals.removeEventListener('abort', onAbort);
    if (result.ok) frames.stream.close().catch(() => frames.stream.abort(new Error('done')));
    // A reset tells the server at once that nobody reads any more.
    else frames.stream.abort(new Error(result.code));
    this.#counters.add('request_bytes_received', frames.bytesIn);
    return result;
  }

  #abortCode(signal: AbortSignal | undefined, timeout: AbortSignal): RequestFailure {
    if (signal?.aborted === true) return 'NETWORK_REQUEST_CANCELLED';
    return timeout.aborted ? 'NETWORK_REQUEST_TIMEOUT' : 'NETWORK_REQUEST_CLOSED';
  }

  async #collect(
    session: Session,
    ask: Ask,
    frames: FrameStream,
    timeout: AbortSignal,
  ): Promise<RequestResult> {
    const blame = (offence: Offence, code: RequestFailure): RequestResult => {
      this.#penalize(session.peerId, offence);
      return this.#failed(code, ask.items);
    };
    let count = 0;
    let bytes = 0;
    for (;;) {
      const payload = await frames.read(Math.max(1, ask.deadlineAtMs - performance.now()));
      if (payload === 'timeout') return this.#failed('NETWORK_REQUEST_TIMEOUT', ask.items);
      if (payload === 'ended') {
        return this.#failed(this.#abortCode(ask.options.signal, timeout), ask.items);
      }
      if (payload === 'oversized') return blame('oversized', 'NETWORK_REQUEST_OVERSIZED');
      if (payload[0] === answerTypes.end) {
        const end = decodeEnd(payload.subarray(1));
        if (end === undefined || end.id !== ask.id || end.items !== count) {
          return blame('malformed', 'NETWORK_REQUEST_MALFORMED');
        }
        const roundTripMs = performance.now() - ask.startedMs;
        return { ok: true, items: ask.items, end: end.end, roundTripMs };
      }
      if (payload[0] !== answerTypes.item || payload.length === 1) {
        return blame('malformed', 'NETWORK_REQUEST_MALFORMED');
      }
      const item = payload.subarray(1);
      bytes += item.length + itemOverheadBytes;
      if (bytes > ask.maxBytes) return blame('oversized', 'NETWORK_REQUEST_OVERSIZED');
      const { onItem } = ask.options;
      if (onItem === undefined) ask.items.push(item);
      else if (!(await onItem(item, count))) return blame('invalid', 'NETWORK_REQUEST_REJECTED');
      count += 1;
    }
  }
}
