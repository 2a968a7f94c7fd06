import { describe, expect, test } from 'vitest';

import { apiErrors, apiErrorStatus } from '../../src/errors.ts';
import { openApiDocument } from '../../src/openapi.ts';
import { routes } from '../../src/routes.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}

const document = openApiDocument('1.2.3') as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};

function references(node: unknown, found: string[] = []): string[] {
  if (Array.isArray(node)) for (const item of node) references(item, found);
  else if (node !== null && typeof node === 'object') {
    for (const [key, value] of Object.entries(node)) {
      if (key === '$ref' && typeof value === 'string') found.push(value);
      else references(value, found);
    }
  }
  return found;
}

describe('OpenAPI document', () => {
  test('has every route under its path and method, with unique operation ids', () => {
    expect(document.openapi).toBe('3.1.0');
    const ids = new Set<string>();
    for (const [id, route] of Object.entries(routes)) {
      expect(route.id).toBe(id);
      const operation = document.paths[route.path]?.[route.method.toLowerCase()];
      expect(operation?.operationId).toBe(id);
      ids.add(id);
    }
    expect(ids.size).toBe(Object.keys(routes).length);
  });

  test('declares exactly the placeholders of each path', () => {
    for (const route of Object.values(routes)) {
      const operation = document.paths[route.path]?.[route.method.toLowerCase()];
      const declared = operation?.parameters.filter((p) => p.in === 'path').map((p) => p.name);
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(declared).toEqual(named);
    }
  });

  test('resolves each reference', () => {
    for (const reference of references(document)) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1] ?? reference;
      expect(document.components.schemas).toHaveProperty(name);
    }
  });

  test('documents errors only by codes that exist, each with a status', () => {
    for (const route of Object.values(routes)) {
      for (const code of route.errors) expect(apiErrors).toHaveProperty(code);
    }
    expect(Object.keys(apiErrorStatus).toSorted()).toEqual(Object.keys(apiErrors).toSorted());
  });

  test('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
