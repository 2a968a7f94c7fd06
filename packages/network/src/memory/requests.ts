import {
  type AnswerEnd,
  type Offence,
  type PeerId,
  type RequestFailure,
  type RequestHandler,
  type RequestKind,
  type RequestOptions,
  type RequestProtocols,
  type RequestResult,
} from '../contract.ts';
import { limits, requestLimits } from '../limits.ts';
import { itemOverheadBytes } from '../wire/requests.ts';
import { type MemoryNetwork } from './memory.ts';

/** One step of an answer as it crosses from the server to the asker. */
type Step =
  | { readonly type: 'item'; readonly item: Uint8Array }
  | { readonly type: 'end'; readonly end: AnswerEnd };

/** Questions and answers in memory, with the limits of the real ones. */
export class MemoryRequests implements RequestProtocols {
  readonly #node: MemoryNetwork;
  readonly #penalize: (peerId: PeerId, offence: Offence) => void;
  readonly #handlers = new Map<RequestKind, RequestHandler>();
  readonly #asking = new Map<string, number>();

  constructor(node: MemoryNetwork, penalize: (peerId: PeerId, offence: Offence) => void) {
    this.#node = node;
    this.#penalize = penalize;
  }

  serve(kind: RequestKind, handler: RequestHandler): void {
    this.#handlers.set(kind, handler);
  }

  async request(
    to: PeerId,
    kind: RequestKind,
    payload: Uint8Array,
    options: RequestOptions = {},
  ): Promise<RequestResult> {
    const own = requestLimits[kind];
    const session = this.#node.session(to);
    const key = `${to} ${kind}`;
    const count = this.#asking.get(key) ?? 0;
    const failed = (code: RequestFailure, items: readonly Uint8Array[] = []): RequestResult => {
      this.#node.own.add(`requests_failed_${code}`);
      return { ok: false, code, items };
    };
    if (session === undefined) return failed('NETWORK_REQUEST_UNCONNECTED');
    if (payload.length > limits.requestBytes.value) return failed('NETWORK_REQUEST_OVERSIZED');
    if (count >= own.perPeer) return failed('NETWORK_REQUEST_OVERLOADED');
    if (options.signal?.aborted === true) return failed('NETWORK_REQUEST_CANCELLED');
    this.#asking.set(key, count + 1);
    const stop = new AbortController();
    const startedMs = this.#node.world.nowMs();
    const deadlineMs = Math.min(options.deadlineMs ?? own.deadlineMs, own.deadlineMs);
    const { promise: failure, resolve: fail } = Promise.withResolvers<RequestFailure>();
    this.#node.world.schedule(deadlineMs, () => fail('NETWORK_REQUEST_TIMEOUT'));
    options.signal?.addEventListener('abort', () => fail('NETWORK_REQUEST_CANCELLED'), {
      once: true,
    });
    session.signal.signal.addEventListener('abort', () => fail('NETWORK_REQUEST_CLOSED'), {
      once: true,
    });
    const maxBytes = Math.min(options.maxBytes ?? own.answerBytes, own.answerBytes);
    const items: Uint8Array[] = [];
    const collect = async (): Promise<RequestResult> => {
      const steps = session.other.server.answer(
        this.#node.self.peerId,
        kind,
        payload,
        maxBytes,
        stop.signal,
      );
      let index = 0;
      for await (const step of steps) {
        if (step.type === 'end') {
          const roundTripMs = this.#node.world.nowMs() - startedMs;
          return { ok: true, items, end: step.end, roundTripMs };
        }
        if (options.onItem === undefined) items.push(step.item);
        else if (!(await options.onItem(step.item, index))) {
          this.#penalize(to, 'invalid');
          return failed('NETWORK_REQUEST_REJECTED', items);
        }
        index += 1;
      }
      return failed('NETWORK_REQUEST_CLOSED', items);
    };
    const result = await Promise.race([collect(), failure.then((code) => failed(code, items))]);
    stop.abort();
    this.#asking.set(key, (this.#asking.get(key) ?? 1) - 1);
    return result;
  }

  /** Runs this node's server for another node. */
  async *answer(
    asker: PeerId,
    kind: RequestKind,
    payload: Uint8Array,
    maxBytes: number,
    signal: AbortSignal,
  ): AsyncGenerator<Step, void, void> {
    const session = this.#node.session(asker);
    const hop = (): Promise<void> => {
      const { world, self } = this.#node;
      const delayMs = world.delayMs(self.peerId, asker, 'rest', 64);
      return new Promise((resolve) => world.schedule(delayMs, resolve));
    };
    await hop();
    const handler = this.#handlers.get(kind);
    if (session === undefined || handler === undefined) {
      yield { type: 'end', end: 'unavailable' };
      return;
    }
    this.#node.own.add(`requests_received_${kind}`);
    let bytes = 0;
    let count = 0;
    let end: AnswerEnd = 'complete';
    try {
      const generator = handler(payload.slice(), { from: session.sender, maxBytes, signal });
      for (;;) {
        const step = await generator.next();
        if (signal.aborted) return;
        if (step.done === true) {
          end = step.value;
          break;
        }
        bytes += step.value.length + itemOverheadBytes;
        if (bytes > maxBytes || step.value.length > requestLimits[kind].itemBytes) {
          end = 'partial';
          break;
        }
        count += 1;
        await hop();
        yield { type: 'item', item: step.value.slice() };
      }
    } catch {
      this.#node.own.add('handler_failures');
      end = count === 0 ? 'unavailable' : 'partial';
    }
    yield { type: 'end', end };
  }
}
