import rateLimit from '@fastify/rate-limit';
import { ApiError } from '@mxd/api';
import type { NodeConfig } from '@mxd/config';
import type { Logger } from '@mxd/logging';
import type { AuditLog } from '@mxd/logging/audit';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { problemOf, SchemaFailure } from '../http/problem.ts';
import { listen, type HttpListener } from '../http/server.ts';
import { FailureCounter, requireScope, type AccessParts } from './access.ts';
import { limits } from './limits.ts';
import { adminRoutes, type AdminControls, type AdminRoute, type AuditedAction } from './routes.ts';
import type { TokenInfo } from './tokens.ts';

export interface AdminServerOptions {
  readonly config: Pick<NodeConfig['admin'], 'host' | 'port'>;
  readonly controls: AdminControls;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly logger: Logger;
  readonly onUnauthorized: (source: string) => void;
  readonly onRateLimited: () => void;
}

function check(schema: z.ZodType | undefined, place: string, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (!result.success) throw new SchemaFailure(place, result.error.issues);
  return result.data;
}

/** Records an action before it happens, under the event that says most about it. */
async function record(
  options: AdminServerOptions,
  caller: TokenInfo,
  request: FastifyRequest,
  { action, target = '' }: AuditedAction,
): Promise<void> {
  const { audit, logger } = options;
  const who = { user_id: caller.id, ip: request.ip, request_id: request.id };
  try {
    if (action === 'tokens.create') {
      const [name = '', permission = ''] = target.split(': ');
      await audit.append('access.granted', { ...who, target: name, permission });
    } else if (action === 'tokens.revoke') {
      await audit.append('access.revoked', { ...who, target, permission: 'all' });
    } else if (action === 'backup.create') {
      await audit.append('data.exported', { ...who, what: 'backup of the chain' });
    } else {
      await audit.append('config.changed', { ...who, setting: `${action} ${target}`.trim() });
    }
  } catch (error) {
    logger.error('an admin action could not be recorded and was not done', { action, error });
    throw new ApiError('API_INTERNAL', 'the action could not be recorded and was not done');
  }
  logger.info('an admin action', { action, target, token: caller.id, requestId: request.id });
}

function register(
  app: FastifyInstance,
  one: AdminRoute,
  options: AdminServerOptions,
  access: AccessParts,
): void {
  app.route({
    method: one.method,
    url: one.url,
    handler: async (request, reply) => {
      const caller = await requireScope(request, one.scope, access);
      const call = {
        params: check(one.params, 'path', request.params),
        query: undefined,
        body: check(one.body, 'body', request.body),
        caller,
        record: (action: AuditedAction) => record(options, caller, request, action),
      };
      // The table pairs each handler with its schemas, which is what the cast relies on.
      const answer = await one.run(call as never, options.controls);
      return reply.send(answer);
    },
  });
}

function observe(app: FastifyInstance, logger: Logger): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    void reply.headers({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'x-request-id': request.id,
    });
    done(null, payload);
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request.id);
    if (problem.status >= 500 && !(error instanceof ApiError)) {
      logger.error('an admin request failed', { error, requestId: request.id });
    }
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.code(problem.status).type('application/problem+json').send(problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new ApiError('API_NOT_FOUND', `there is no ${request.method} ${request.url}`);
    void reply.code(404).type('application/problem+json').send(problemOf(error, request.id));
  });
}

/**
 * Opens the admin API on a listener of its own. Every route needs a token; every action is in the
 * audit log before it happens. @throws NodeError NODE_PORT.
 */
export async function startAdminServer(options: AdminServerOptions): Promise<HttpListener> {
  const { config, controls, audit, logger, onUnauthorized, onRateLimited } = options;
  const app: FastifyInstance = fastify({
    bodyLimit: limits.bodyBytes.value,
    requestTimeout: 30_000,
    connectionTimeout: 600_000, // backups take their time
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 256 },
    genReqId: () => crypto.randomUUID(),
  });
  app.server.maxConnections = limits.connections.value;
  app.server.headersTimeout = 10_000;
  observe(app, logger);
  await app.register(rateLimit, {
    max: limits.requestsPerMinute.value,
    timeWindow: 60_000,
    cache: limits.failureSources.value,
    onExceeded: onRateLimited,
  });
  const access: AccessParts = {
    tokens: controls.tokens,
    logger,
    failures: new FailureCounter(),
    onUnauthorized,
    onDenied: async (info, request, scope) => {
      onUnauthorized(request.ip);
      const fields = { user_id: info.id, ip: request.ip, request_id: request.id };
      await audit.append('access.denied', {
        ...fields,
        action: `${request.method} ${request.routeOptions.url ?? ''}`,
        resource: scope,
      });
    },
  };
  for (const one of adminRoutes) register(app, one, options, access);
  if (!['127.0.0.1', '::1', 'localhost'].includes(config.host)) {
    logger.warn('the admin API listens beyond this machine, without TLS of its own', {
      host: config.host,
    });
  }
  return listen(app, config.host, config.port);
}
