import type { z } from 'zod';

import type { Routes, RouteSchema } from '../context.ts';
import { PluginError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { RouteCall, RouteInfo } from './messages.ts';

type Handler = (request: {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly requestId: string;
}) => unknown;

interface Entry {
  readonly info: RouteInfo;
  readonly schema: RouteSchema;
  readonly handler: Handler;
}

/** Parses by a schema. @throws PluginError with the issues. */
export async function checked(
  schema: z.ZodType | undefined,
  place: string,
  value: unknown,
  code: 'PLUGIN_REQUEST' | 'PLUGIN_RESPONSE' = 'PLUGIN_REQUEST',
): Promise<unknown> {
  if (schema === undefined) return undefined;
  const result = await schema.safeParseAsync(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({
    path: [place, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  const [first] = issues;
  const message = `${first?.path ?? place}: ${first?.message ?? 'is not allowed'}`;
  throw Object.assign(new PluginError(code, message), { issues });
}

const pathPattern = /^(\/:?[A-Za-z0-9._-]+)+$/;

/** Routes of one plugin. */
export class RouteTable {
  readonly #entries = new Map<string, Entry>();
  readonly #prefix: string;

  constructor(plugin: string) {
    this.#prefix = `/plugins/${plugin}/`;
  }

  get infos(): readonly RouteInfo[] {
    return [...this.#entries.values()].map(({ info }) => info);
  }

  /** The registering side, for the plugin. `check` refuses once setup is over. */
  register(check: () => void): Routes {
    const add = (
      method: RouteInfo['method'],
      path: string,
      schema: RouteSchema,
      handler: Handler,
    ): void => {
      check();
      if (!path.startsWith(this.#prefix) || !pathPattern.test(path)) {
        throw new PluginError('PLUGIN_DEFINITION', `${path} is no path under ${this.#prefix}`);
      }
      const key = `${method} ${path}`;
      if (this.#entries.has(key) || this.#entries.size >= limits.routes.value) {
        throw new PluginError('PLUGIN_DEFINITION', `${key}: there twice, or one route too many`);
      }
      const access = schema.access ?? (method === 'GET' ? 'public' : 'token');
      this.#entries.set(key, { info: { method, path, access }, schema, handler });
    };
    return {
      get: (path, schema, handler) => add('GET', path, schema, handler as Handler),
      post: (path, schema, handler) => add('POST', path, schema, handler as Handler),
    };
  }

  async call({ method, path, params, query, body, requestId }: RouteCall): Promise<unknown> {
    const entry = this.#entries.get(`${method} ${path}`);
    if (entry === undefined) {
      throw new PluginError('PLUGIN_NOT_FOUND', `there is no ${method} ${path}`);
    }
    const { schema, handler } = entry;
    const answer = await handler({
      params: await checked(schema.params, 'path', params),
      query: await checked(schema.query, 'query', query),
      body: await checked(schema.body, 'body', body),
      requestId,
    });
    if (schema.response === undefined) return answer;
    return checked(schema.response, 'response', answer, 'PLUGIN_RESPONSE');
  }
}

/** The route that a request is for, with its parameters; declared order decides. */
export function matchRoute(
  routes: readonly RouteInfo[],
  method: string,
  path: string,
): { readonly route: RouteInfo; readonly params: Readonly<Record<string, string>> } | undefined {
  const parts = path.split('/');
  for (const route of routes) {
    if (route.method !== method) continue;
    const declared = route.path.split('/');
    if (declared.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = declared.every((part, i) => {
      const given = parts[i] ?? '';
      if (!part.startsWith(':')) return part === given;
      const value = decoded(given);
      if (value === undefined || value === '') return false;
      params[part.slice(1)] = value;
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
