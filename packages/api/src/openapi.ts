import { z } from 'zod';

import { apiErrors, apiErrorStatus, type ApiErrorCode } from './errors.ts';
import { routes, type Route } from './routes.ts';
import { problemSchema, streamQuery } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

/** Codes that every route may answer with. */
const general: readonly ApiErrorCode[] = [
  'API_BAD_REQUEST',
  'API_RATE_LIMITED',
  'API_BUSY',
  'API_INTERNAL',
];

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): readonly Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function problemsOf(codes: readonly ApiErrorCode[]): Record<string, Json> {
  const byStatus = new Map<number, ApiErrorCode[]>();
  for (const code of codes) {
    const status = apiErrorStatus[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const out: Record<string, Json> = {};
  for (const [status, list] of [...byStatus].toSorted(([a], [b]) => a - b)) {
    out[String(status)] = {
      description: list.map((code) => `\`${code}\`: ${apiErrors[code]}`).join('\n\n'),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return out;
}

function operationOf(route: Route): Json {
  const codes = [...general, ...(route.errors as readonly ApiErrorCode[])];
  if (route.access === 'write') codes.push('API_UNAUTHORIZED', 'API_FORBIDDEN', 'API_TOO_LARGE');
  return {
    operationId: route.id,
    summary: route.summary,
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
          },
        }),
    ...(route.access === 'write' ? { security: [{}, { token: [] }] } : {}),
    responses: {
      [String(route.status ?? 200)]: {
        description: 'Success',
        content: { 'application/json': { schema: jsonSchema(route.response, 'output') } },
      },
      ...problemsOf(codes),
    },
  };
}

function streamOperation(id: string, summary: string, type: string): Json {
  return {
    get: {
      operationId: id,
      summary,
      parameters: parametersOf(streamQuery, 'query'),
      responses: {
        '200': { description: 'Events, one JSON object each', content: { [type]: {} } },
        ...problemsOf(general),
      },
    },
  };
}

/** The OpenAPI 3.1 document of the public API. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of Object.values(routes)) {
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operationOf(route),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'MXD node',
      version,
      description:
        'Amounts are decimal strings of base units (0.00000001 MXD); hashes and bytes are ' +
        'lower-case hexadecimal; times are milliseconds since 1970.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: {
      ...paths,
      '/v1/events': streamOperation(
        'events',
        'Server-sent events; `last-event-id` or `cursor` resumes.',
        'text/event-stream',
      ),
      '/v1/stream': streamOperation(
        'stream',
        'The same events over a WebSocket.',
        'application/json',
      ),
    },
    components: {
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}
