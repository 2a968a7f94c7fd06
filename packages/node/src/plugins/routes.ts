import { ApiError } from '@mxd/api';
import { PluginError } from '@mxd/plugin';
import { matchRoute } from '@mxd/plugin/host';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { PluginHost } from './host.ts';
import { limits } from './limits.ts';

export interface PluginRouteOptions {
  readonly host: PluginHost;
  /** Whether a bearer token may use routes of plugins that need one. */
  readonly authorize: (token: string, scope: 'plugins') => Promise<boolean>;
  readonly onUnauthorized: (source: string) => void;
}

/** What a caller is told of a plugin's failure. */
export function apiErrorOf(error: unknown, plugin: string): unknown {
  if (!(error instanceof PluginError)) return error;
  switch (error.code) {
    case 'PLUGIN_NOT_FOUND':
      return new ApiError('API_NOT_FOUND', error.message);
    case 'PLUGIN_REQUEST':
      return new ApiError('API_BAD_REQUEST', error.message);
    case 'PLUGIN_TIMEOUT':
      return new ApiError('API_TIMEOUT', `the plugin ${plugin} did not answer in time`);
    case 'PLUGIN_DOWN':
    case 'PLUGIN_BUSY':
      return new ApiError('API_BUSY', `the plugin ${plugin} takes no requests now`);
    default:
      return error; // a failure of the plugin's: for the log, not for the caller
  }
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Serves `/plugins/<name>/...`. Plugins come and go; the router only knows the prefix. */
export function registerPluginRoutes(app: FastifyInstance, options: PluginRouteOptions): void {
  const { host, authorize, onUnauthorized } = options;
  app.route<{ Params: { plugin: string } }>({
    method: ['GET', 'POST'],
    url: '/plugins/:plugin/*',
    handler: async (request) => {
      const { plugin } = request.params;
      const [path = ''] = request.url.split('?', 1);
      const slot = host.find(plugin);
      const match = matchRoute(slot?.manifest?.routes ?? [], request.method, path);
      if (slot === undefined || match === undefined) {
        throw new ApiError('API_NOT_FOUND', `there is no ${request.method} ${path}`);
      }
      const { route, params } = match;
      if (route.access === 'token') {
        const token = bearer(request);
        if (token === undefined || !(await authorize(token, 'plugins'))) {
          onUnauthorized(request.ip);
          throw new ApiError('API_UNAUTHORIZED', 'send a token with the scope `plugins`');
        }
      }
      const { method, path: declared } = route;
      const { query, body, id: requestId } = request;
      const call = { method, path: declared, params, query, body, requestId };
      try {
        const budgetMs = limits.routeMs.value;
        // The plugin's thread gives what JSON can say; null is an answer too.
        return (await slot.call({ kind: 'route', call }, budgetMs)) ?? null;
      } catch (error) {
        throw apiErrorOf(error, plugin);
      }
    },
  });
}
