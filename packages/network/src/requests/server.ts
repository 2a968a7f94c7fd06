import type { Connection, Stream } from '@libp2p/interface';
import {
  type AnswerEnd,
  type Offence,
  type PeerId,
  type RequestContext,
  type RequestHandler,
  type RequestKind,
} from '../contract.ts';
import { type Counters } from '../counters.ts';
import { type Host } from '../host/host.ts';
import { limits, requestLimits } from '../limits.ts';
import { TokenBucket } from '../peers/buckets.ts';
import { type Session } from '../session/session.ts';
import { type Sessions } from '../session/sessions.ts';
import { FrameStream } from '../wire/frame-stream.ts';
import { typedFrame, typedFrameHeader } from '../wire/frames.ts';
import {
  answerTypes,
  encodeEnd,
  itemOverheadBytes,
  requestCodec,
  requestProtocol,
  type RequestFrame,
} from '../wire/requests.ts';

const kinds = Object.keys(requestLimits) as RequestKind[];

// Items below this are merged into one write; larger ones go out without a copy.
const mergeBelowBytes = 32 * 1024;

/** Answers requests within the limits of each kind. */
export class RequestServer {
  readonly #host: Host;
  readonly #sessions: Sessions;
  readonly #counters: Counters;
  readonly #penalize: (peerId: PeerId, offence: Offence) => void;
  readonly #handlers = new Map<RequestKind, RequestHandler>();
  readonly #active = new WeakMap<
    Session,
    Map<RequestKind, { count: number; bucket: TokenBucket }>
  >();
  readonly #running = new Set<AbortController>();

  constructor(
    host: Host,
    sessions: Sessions,
    counters: Counters,
    penalize: (peerId: PeerId, offence: Offence) => void,
  ) {
    this.#host = host;
    this.#sessions = sessions;
    this.#counters = counters;
    this.#penalize = penalize;
  }

  async start(): Promise<void> {
    for (const kind of kinds) {
      const onStream = (stream: Stream, connection: Connection): void => {
        void this.#onStream(kind, stream, connection);
      };
      const maxInboundStreams = requestLimits[kind].perPeer + 2;
      await this.#host.handle(requestProtocol(kind), onStream, { maxInboundStreams });
    }
  }

  stop(): void {
    for (const controller of this.#running) controller.abort();
  }

  serve(kind: RequestKind, handler: RequestHandler): void {
    this.#handlers.set(kind, handler);
  }

  async #onStream(kind: RequestKind, stream: Stream, connection: Connection): Promise<void> {
    const session = await this.#sessions.ready(connection);
    if (session === undefined) {
      this.#counters.add('streams_without_session');
      stream.abort(new Error('no session'));
      return;
    }
    const frames = new FrameStream(stream, limits.requestBytes.value + 12);
    const payload = await frames.read(limits.requestIdleMs.value);
    if (typeof payload === 'string') {
      if (payload === 'oversized') this.#penalize(session.peerId, 'oversized');
      stream.abort(new Error(`no request: ${payload}`));
      return;
    }
    const request = requestCodec.tryDecode(payload);
    if (!request.ok) {
      this.#counters.add('requests_malformed');
      this.#penalize(session.peerId, 'malformed');
      stream.abort(new Error('malformed request'));
      return;
    }
    this.#counters.add(`requests_received_${kind}`);
    await this.#answer(kind, session, frames, request.value);
  }

  #gauge(session: Session, kind: RequestKind): { count: number; bucket: TokenBucket } {
    let perKind = this.#active.get(session);
    if (perKind === undefined) {
      perKind = new Map();
      this.#active.set(session, perKind);
    }
    let gauge = perKind.get(kind);
    if (gauge === undefined) {
      const { perSecond } = requestLimits[kind];
      gauge = { count: 0, bucket: new TokenBucket(perSecond, perSecond * 2, performance.now()) };
      perKind.set(kind, gauge);
    }
    return gauge;
  }

  async #answer(
    kind: RequestKind,
    session: Session,
    frames: FrameStream,
    request: RequestFrame,
  ): Promise<void> {
    const gauge = this.#gauge(session, kind);
    const own = requestLimits[kind];
    const busy =
      gauge.count >= own.perPeer ||
      this.#running.size >= limits.requestsServed.value ||
      !gauge.bucket.take(1, performance.now());
    const handler = this.#handlers.get(kind);
    if (busy || handler === undefined) {
      this.#counters.add(busy ? `requests_busy_${kind}` : `requests_unserved_${kind}`);
      await this.#finish(frames, request.id, busy ? 'busy' : 'unavailable', 0);
      return;
    }
    gauge.count += 1;
    const controller = new AbortController();
    this.#running.add(controller);
    const deadline = setTimeout(() => controller.abort(), own.deadlineMs);
    frames.stream.addEventListener('close', () => controller.abort());
    try {
      await this.#run(kind, handler, session, frames, request, controller.signal);
    } finally {
      clearTimeout(deadline);
      this.#running.delete(controller);
      gauge.count -= 1;
    }
  }

  async #run(
    kind: RequestKind,
    handler: RequestHandler,
    session: Session,
    frames: FrameStream,
    request: RequestFrame,
    signal: AbortSignal,
  ): Promise<void> {
    const maxBytes = Math.min(request.maxBytes, requestLimits[kind].answerBytes);
    const context: RequestContext = { from: session.sender, maxBytes, signal };
    const writer = new AnswerWriter(frames);
    let items = 0;
    let bytes = 0;
    let end: AnswerEnd = 'complete';
    let generator: ReturnType<RequestHandler> | undefined;
    try {
      generator = handler(request.payload, context);
      for (;;) {
        const step = await generator.next();
        if (step.done === true) {
          end = step.value;
          break;
        }
        const item = step.value;
        // An answer is never larger than what was asked for: no amplification.
        if (
          bytes + item.length + itemOverheadBytes > maxBytes ||
          item.length > requestLimits[kind].itemBytes
        ) {
          end = 'partial';
          break;
        }
        bytes += item.length + itemOverheadBytes;
        items += 1;
        if (signal.aborted || !(await writer.item(item))) {
          this.#counters.add(`requests_aborted_${kind}`);
          frames.stream.abort(new Error('cancelled or too slow'));
          return;
        }
      }
    } catch {
      this.#counters.add('handler_failures');
      end = items === 0 ? 'unavailable' : 'partial';
    } finally {
      // Ends a generator that was left early, so that it can release what it holds.
      void Promise.resolve(generator?.return('partial')).catch(() => undefined);
    }
    this.#counters.add(`request_bytes_sent`, bytes);
    if (!(await writer.flush())) return;
    await this.#finish(frames, request.id, end, items);
  }

  async #finish(frames: FrameStream, id: number, end: AnswerEnd, items: number): Promise<void> {
    frames.write(typedFrame(answerTypes.end, encodeEnd(id, end, items)));
    try {
      await frames.stream.close({ signal: AbortSignal.timeout(limits.requestIdleMs.value) });
    } catch {
      frames.stream.abort(new Error('the asker did not take the answer'));
    }
  }
}

/** Writes items with back-pressure: small ones merged, large ones without a copy. */
class AnswerWriter {
  readonly #frames: FrameStream;
  #small: Uint8Array[] = [];
  #smallBytes = 0;

  constructor(frames: FrameStream) {
    this.#frames = frames;
  }

  async item(item: Uint8Array): Promise<boolean> {
    if (item.length < mergeBelowBytes) {
      const bytes = typedFrame(answerTypes.item, item);
      this.#small.push(bytes);
      this.#smallBytes += bytes.length;
      return this.#smallBytes < mergeBelowBytes * 2 || this.flush();
    }
    if (!(await this.flush())) return false;
    this.#frames.write(typedFrameHeader(answerTypes.item, item.length));
    this.#frames.write(item);
    return this.#frames.drained(limits.requestIdleMs.value);
  }

  async flush(): Promise<boolean> {
    if (this.#smallBytes > 0) {
      const merged = this.#small.length === 1 ? this.#small[0] : Buffer.concat(this.#small);
      this.#small = [];
      this.#smallBytes = 0;
      if (merged === undefined || !this.#frames.write(merged)) return false;
    }
    return this.#frames.drained(limits.requestIdleMs.value);
  }
}
