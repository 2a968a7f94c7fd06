/** Event streams that survive cuts: server-sent events over `fetch`, in browsers and Node alike. */
import type { StreamEvent, StreamQuery, StreamTopic } from '@mxd/api/types';

import { type Connection } from './connection.ts';
import { ClientError } from './errors.ts';
import { parseEvents } from './server-sent-events.ts';
import { sleep } from './sleep.ts';
import * as bounds from './bounds.ts';

export type { StreamEvent, StreamTopic };

/** What to hear of, and from where on. */
export interface StreamOptions {
  readonly topics: readonly StreamTopic[];
  /** Right after this event; from now on if absent. `cursorBefore` gives that of a height. */
  readonly cursor?: string;
  /** Only transactions of this address. */
  readonly address?: string;
  readonly signal?: AbortSignal;
  /** Tries in a row that may fail before the stream gives up; 20 unless told. */
  readonly attempts?: number;
  /** First pause before the next try; doubles up to 5 s; 100 ms unless told. */
  readonly backoffMs?: number;
  /** Told when the stream was cut and is resumed. */
  readonly onResume?: (from: { readonly endpoint: string; readonly cursor: string }) => void;
}

/** The cursor before everything in the block at a height: `height.offset`, the same at all nodes. */
export const cursorBefore = (height: number): string => `${height}.0`;

/** The place of a cursor, to compare; undefined if it has none. */
function placeOf(cursor: string): readonly [number, number] | undefined {
  const match = /^(\d{1,15})\.(\d{1,7})$/.exec(cursor);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

function isAfter(cursor: string, other: string): boolean {
  const [a, b] = [placeOf(cursor), placeOf(other)];
  if (a === undefined || b === undefined) return cursor !== other;
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}

/**
 * Whether an event has a place of its own in the chain. Others (a pending transaction, a status)
 * pass by: they carry the place where final events go on, which later ones may lie before.
 */
const isPlaced = (event: StreamEvent): boolean =>
  event.topic === 'block' ||
  event.topic === 'missed' ||
  (event.topic === 'transaction' && event.data.state === 'final');

function targetOf(options: StreamOptions, cursor: string): string {
  const query: StreamQuery = { topics: options.topics, cursor, address: options.address };
  const parts = [`topics=${query.topics.join(',')}`, `cursor=${encodeURIComponent(cursor)}`];
  if (query.address !== undefined) parts.push(`address=${encodeURIComponent(query.address)}`);
  return `/v1/events?${parts.join('&')}`;
}

function isEvent(value: unknown): value is StreamEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { topic, cursor, data } = value as Partial<Record<'topic' | 'cursor' | 'data', unknown>>;
  return typeof topic === 'string' && typeof cursor === 'string' && typeof data === 'object';
}

function parseEvent(data: string, endpoint: string): StreamEvent {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    value = undefined;
  }
  if (isEvent(value)) return value;
  throw new ClientError('CLIENT_MALFORMED', `${endpoint} sent an event that is none`, { endpoint });
}

/** The stream of one endpoint until it ends or fails. */
async function* listen(
  connection: Connection,
  endpoint: string,
  target: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamEvent, void> {
  const cut = new AbortController();
  const stop = (): void => cut.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  let timer = setTimeout(() => cut.abort(), bounds.streamIdleMs);
  try {
    const response = await connection.open(endpoint, target, {
      signal: cut.signal,
      headers: { accept: 'text/event-stream' },
    });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new ClientError('CLIENT_STREAM', `${endpoint} answers ${response.status}`, {
        endpoint,
        status: response.status,
      });
    }
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => cut.abort(), bounds.streamIdleMs);
    };
    for await (const { data } of parseEvents(response.body, alive)) {
      yield parseEvent(data, endpoint);
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    cut.abort();
  }
}

/** Where a stream without a cursor starts: after the newest block of the node that is asked first. */
async function startCursor(connection: Connection, options: StreamOptions): Promise<string> {
  if (options.cursor !== undefined) return options.cursor;
  const { value } = await connection.request('status', {}, { signal: options.signal });
  return cursorBefore(value.height + 1);
}

/**
 * Events of final blocks and transactions, each exactly once and in order, across cuts and
 * endpoints: after a cut the stream goes on right behind the last event at the next endpoint, and
 * what was seen before is dropped. Events that are not part of the chain (pending transactions,
 * status) may be missed while it is cut. What a node dropped itself it tells in a `missed` event.
 * A node's word only: prove what matters with `LightClient`.
 * @throws ClientError CLIENT_STREAM when no endpoint serves it; the signal's reason.
 */
export async function* events(
  connection: Connection,
  options: StreamOptions,
): AsyncGenerator<StreamEvent, void> {
  const { signal, attempts = 20, backoffMs = 100 } = options;
  let cursor = await startCursor(connection, options);
  let failures = 0;
  let opened = false;
  for (let turn = 0; ; turn++) {
    signal?.throwIfAborted();
    const order = connection.order();
    const endpoint = order[turn % order.length] as string;
    if (opened) options.onResume?.({ endpoint, cursor });
    try {
      for await (const event of listen(connection, endpoint, targetOf(options, cursor), signal)) {
        opened = true;
        failures = 0;
        if (isPlaced(event)) {
          if (!isAfter(event.cursor, cursor)) continue;
          ({ cursor } = event);
        }
        yield event;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (failures + 1 >= attempts) {
        throw new ClientError(
          'CLIENT_STREAM',
          `the stream failed ${attempts} times in a row`,
          {
            attempts,
          },
          { cause: error },
        );
      }
    }
    failures++;
    const pauseMs = Math.min(backoffMs * 2 ** (failures - 1), bounds.backoffMs);
    await sleep(pauseMs, signal);
  }
}
