import type { ServerResponse } from 'node:http';

import { ApiError, streamQuery, type StreamEvent, type StreamQuery } from '@mxd/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { parsePlace, type EventFeed, type Subscription } from '../events/feed.ts';
import { problemOf, SchemaFailure } from './problem.ts';

/** How often an idle stream says that it is alive. */
const heartbeatMs = 15_000;

function parseQuery(request: FastifyRequest): StreamQuery {
  const parsed = streamQuery.safeParse(request.query);
  if (!parsed.success) throw new SchemaFailure('query', parsed.error.issues);
  const resumed = request.headers['last-event-id'];
  const cursor = typeof resumed === 'string' ? resumed : parsed.data.cursor;
  if (cursor !== undefined && parsePlace(cursor) === undefined) {
    throw new ApiError('API_CURSOR', 'the cursor is no place in the event stream');
  }
  return { ...parsed.data, cursor };
}

function open(feed: EventFeed, query: StreamQuery, maxStreams: number): Subscription {
  if (feed.subscribers >= maxStreams) {
    throw new ApiError('API_BUSY', `this node serves ${maxStreams} streams; all are taken`);
  }
  return feed.subscribe({
    topics: new Set(query.topics),
    address: query.address,
    cursor: query.cursor,
  });
}

/** Resolves when the reader has caught up, or is gone. */
function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      raw.off('drain', done);
      raw.off('close', done);
      resolve();
    };
    raw.on('drain', done);
    raw.on('close', done);
  });
}

/** About 64 kB: then a slow reader is waited for. */
const eventsPerWrite = 128;

const serverSent = (event: StreamEvent): string =>
  `id: ${event.cursor}\nevent: ${event.topic}\ndata: ${JSON.stringify(event)}\n\n`;

async function sendEvents(reply: FastifyReply, subscription: Subscription): Promise<void> {
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.write(': open\n\n');
  const beat = setInterval(() => raw.write(': alive\n\n'), heartbeatMs);
  raw.on('close', () => subscription.close());
  try {
    for await (const event of subscription) {
      // What else is there goes with it: a write costs as much as ten events.
      let text = serverSent(event);
      for (const more of subscription.rest(eventsPerWrite)) text += serverSent(more);
      // A reader that does not read stops its own subscription, not the node.
      if (!raw.write(text) && !raw.destroyed) await drained(raw);
      if (raw.destroyed) break;
    }
  } finally {
    clearInterval(beat);
    subscription.close();
    raw.end();
  }
}

interface Socket {
  readonly bufferedAmount: number;
  send(text: string, done: (error?: Error) => void): void;
  close(code: number, reason: string): void;
  on(event: 'close' | 'error', listener: () => void): void;
}

async function sendMessages(socket: Socket, subscription: Subscription): Promise<void> {
  socket.on('close', () => subscription.close());
  socket.on('error', () => subscription.close());
  for await (const event of subscription) {
    const failed = await new Promise<boolean>((resolve) => {
      socket.send(JSON.stringify(event), (error) => resolve(error !== undefined && error !== null));
    });
    if (failed) break;
  }
  subscription.close();
  socket.close(1001, 'the stream has ended');
}

/** `/v1/events` (server-sent events) and `/v1/stream` (WebSocket) over one feed. */
export function registerStreams(app: FastifyInstance, feed: EventFeed, maxStreams: number): void {
  app.get('/v1/events', async (request, reply) => {
    const subscription = open(feed, parseQuery(request), maxStreams);
    reply.hijack();
    await sendEvents(reply, subscription);
  });
  app.get('/v1/stream', { websocket: true }, (socket: Socket, request) => {
    let subscription: Subscription;
    try {
      subscription = open(feed, parseQuery(request), maxStreams);
    } catch (error) {
      const problem = problemOf(error, request.id);
      socket.close(problem.status === 503 ? 1013 : 1008, problem.code);
      return;
    }
    void sendMessages(socket, subscription);
  });
}
