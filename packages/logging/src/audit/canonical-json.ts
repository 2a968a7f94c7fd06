/** The JSON Canonicalization Scheme, RFC 8785: one text for one value. */
import { LoggingError } from '../errors.ts';

/** Values that have a canonical form. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

const maxDepth = 64;

function refuse(path: string, rule: string): never {
  throw new LoggingError('JSON_VALUE', `no canonical JSON for ${path}: ${rule}`, { path, rule });
}

function text(value: string, path: string): string {
  // RFC 8785, 3.2.2.2: lone surrogates are an error, though JSON.stringify would escape them.
  if (!value.isWellFormed()) refuse(path, 'the text has a lone surrogate');
  return JSON.stringify(value);
}

function member(value: unknown, path: string, depth: number): string {
  if (depth > maxDepth) refuse(path, `nested deeper than ${maxDepth}`);
  switch (typeof value) {
    case 'string':
      return text(value, path);
    case 'number':
      if (!Number.isFinite(value)) refuse(path, 'the number is not finite');
      // RFC 8785, 3.2.2.3 prescribes the serialisation of ECMAScript.
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) {
        const items = Array.from(value, (item: unknown, i) =>
          member(item, `${path}[${i}]`, depth + 1),
        );
        return `[${items.join(',')}]`;
      }
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) refuse(path, 'not plain data');
      return object(value as Readonly<Record<string, unknown>>, path, depth);
    }
    default:
      return refuse(path, `a ${typeof value}`);
  }
}

function object(value: Readonly<Record<string, unknown>>, path: string, depth: number): string {
  // RFC 8785, 3.2.3: by UTF-16 code units, which is how JavaScript compares strings.
  const names = Object.keys(value).sort();
  const members = names.map(
    (name) => `${text(name, path)}:${member(value[name], `${path}.${name}`, depth + 1)}`,
  );
  return `{${members.join(',')}}`;
}

/**
 * The canonical text of a value.
 * @throws LoggingError JSON_VALUE for what JSON cannot express (undefined, NaN, lone surrogates,
 *   class instances, nesting deeper than 64, which includes cycles), with the path to it.
 */
export function canonicalJson(value: JsonValue): string {
  return member(value, '$', 0);
}

/** The value of a text that is canonical JSON, or undefined for every other text. */
export function parseCanonicalJson(input: string): JsonValue | undefined {
  try {
    const value = JSON.parse(input) as JsonValue;
    return canonicalJson(value) === input ? value : undefined;
  } catch {
    return undefined;
  }
}
