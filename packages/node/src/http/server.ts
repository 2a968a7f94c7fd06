import { readFile } from 'node:fs/promises';
import type { Server as TlsServer } from 'node:tls';

import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import { ApiError, openApiDocument, routes, type Route, type RouteId } from '@mxd/api';
import type { NodeConfig } from '@mxd/config';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { NodeError } from '../errors.ts';
import type { EventFeed } from '../events/feed.ts';
import { createHandlers, type Call } from './handlers.ts';
import { documentationPage } from './page.ts';
import { problemOf, SchemaFailure } from './problem.ts';
import { registerStreams } from './streams.ts';
import type { NodeView } from '../view.ts';

/** What the server tells about a request that has been answered. */
export interface RequestRecord {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly source: string;
}

export interface HttpServerOptions {
  readonly config: NodeConfig['api'];
  readonly view: NodeView;
  readonly feed: EventFeed;
  readonly version: string;
  /** Asked at each write, since it can change at run time. */
  readonly needsTokenForWrites: () => boolean;
  /** Whether a bearer token may use a scope; only asked when writes need one. */
  readonly authorize: (token: string, scope: 'submit') => Promise<boolean>;
  readonly onAnswered: (record: RequestRecord) => void;
  readonly onFailure: (error: unknown, requestId: string) => void;
  readonly onRateLimited: () => void;
  readonly onUnauthorized: (source: string) => void;
  /** Routes of plugins, under /plugins/. */
  readonly extend?: (app: FastifyInstance) => Promise<void>;
}

/** A listener that is open. */
export interface HttpListener {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /**
   * Reads certificate and key again, for connections from now on. Where they cannot be used the ones
   * before stay in force and the error is thrown. Does nothing without TLS.
   */
  renewCertificate?(): Promise<void>;
  close(): Promise<void>;
}

function check(schema: z.ZodType | undefined, place: string, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (!result.success) throw new SchemaFailure(place, result.error.issues);
  return result.data;
}

/** `{id}` of OpenAPI as `:id` of the router. */
const routerPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
}

function registerRoutes(app: FastifyInstance, options: HttpServerOptions): void {
  const handlers = createHandlers(options.view);
  for (const [id, route] of Object.entries(routes) as [RouteId, Route][]) {
    app.route({
      method: route.method,
      url: routerPath(route.path),
      handler: async (request, reply) => {
        if (route.access === 'write') await requireToken(request, options);
        const call = {
          params: check(route.params, 'path', request.params),
          query: check(route.query, 'query', request.query),
          body: check(route.body, 'body', request.body),
          source: request.ip,
        };
        // The table pairs each id with its schemas, which is what the cast relies on.
        const handler = handlers[id] as (call: Call<never>) => Promise<unknown>;
        const answer = await handler(call as unknown as Call<never>);
        return reply.code(route.status ?? 200).send(answer);
      },
    });
  }
}

async function requireToken(request: FastifyRequest, options: HttpServerOptions): Promise<void> {
  if (!options.needsTokenForWrites()) return;
  const token = bearer(request);
  if (token !== undefined && (await options.authorize(token, 'submit'))) return;
  options.onUnauthorized(request.ip);
  throw new ApiError('API_UNAUTHORIZED', 'send a token with the scope `submit` as bearer token');
}

/** Headers that make browsers treat answers as data and nothing else. */
const safetyHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

function observe(app: FastifyInstance, options: HttpServerOptions): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    void reply.headers({ ...safetyHeaders, 'x-request-id': request.id });
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    options.onAnswered({
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
      source: request.ip,
    });
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request.id);
    if (problem.status >= 500) options.onFailure(error, request.id);
    void reply.code(problem.status).type('application/problem+json').send(problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = Object.assign(new Error(`there is no ${request.method} ${request.url}`), {
      statusCode: 404,
    });
    void reply.code(404).type('application/problem+json').send(problemOf(error, request.id));
  });
}

async function tlsOptions(
  config: NodeConfig['api'],
): Promise<{ readonly https?: { readonly cert: Buffer; readonly key: Buffer } }> {
  if (config.tlsCertificateFile === '') return {};
  const [cert, key] = await Promise.all([
    readFile(config.tlsCertificateFile),
    readFile(config.tlsKeyFile),
  ]);
  return { https: { cert, key } };
}

/** Opens the public API. @throws NodeError NODE_PORT. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpListener> {
  const { config } = options;
  const tls = await tlsOptions(config);
  const app: FastifyInstance = fastify({
    bodyLimit: config.bodyLimitBytes,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 30_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 256 },
    genReqId: () => crypto.randomUUID(),
    ...tls,
  } as object);
  app.server.maxConnections = config.maxConnections;
  app.server.headersTimeout = 10_000;
  observe(app, options);
  if (config.cors.length > 0) {
    await app.register(cors, { origin: [...config.cors], methods: ['GET', 'POST'] });
  }
  await app.register(rateLimit, {
    max: config.requestBurst,
    timeWindow: Math.max(1, Math.round((1_000 * config.requestBurst) / config.requestsPerSecond)),
    cache: 20_000,
    onExceeded: options.onRateLimited,
  });
  await app.register(websocket, { options: { maxPayload: 4_096 } });
  registerRoutes(app, options);
  registerStreams(app, options.feed, config.maxStreams);
  const document = openApiDocument(options.version);
  app.get('/openapi.json', () => Promise.resolve(document));
  app.get('/', (_, reply) => reply.type('text/html').send(documentationPage));
  if (options.extend !== undefined) await options.extend(app);
  if (tls.https === undefined) return listen(app, config.host, config.port);
  const listener = await listen(app, config.host, config.port, 'https');
  const server = app.server as unknown as TlsServer;
  return {
    ...listener,
    renewCertificate: async () => server.setSecureContext((await tlsOptions(config)).https ?? {}),
  };
}

/** Opens a listener on a prepared application. @throws NodeError NODE_PORT. */
export async function listen(
  app: FastifyInstance,
  host: string,
  port: number,
  scheme: 'http' | 'https' = 'http',
): Promise<HttpListener> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new NodeError(
      'NODE_PORT',
      `cannot listen on ${host}:${port} (${code})`,
      { host, port },
      { cause },
    );
  }
  const address = app.server.address();
  const opened = typeof address === 'object' && address !== null ? address.port : port;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    host,
    port: opened,
    url: `${scheme}://${shown}:${opened}`,
    close: () => app.close(),
  };
}
