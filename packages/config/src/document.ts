import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';

import { ConfigError } from './errors.ts';
import { settings } from './settings.ts';

/** One value of a file, with its place. */
export interface FileValue {
  readonly value: unknown;
  readonly line: number;
}

/** The settings that a file holds, by dotted path, and its version. */
export interface ConfigDocument {
  readonly version: number;
  readonly values: ReadonlyMap<string, FileValue>;
}

const known = new Set(settings.map((setting) => setting.path));
const groups = new Set(
  settings.flatMap(({ path }) => (path.includes('.') ? [path.slice(0, path.indexOf('.'))] : [])),
);

/** Number of single-letter edits between two words, at most `limit` + 1. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** ` Did you mean X?` for the closest known path, or nothing. */
export function suggestion(path: string): string {
  const [best] = [...known]
    .map((candidate) => [distance(path.toLowerCase(), candidate.toLowerCase()), candidate] as const)
    .toSorted(([a], [b]) => a - b);
  return best !== undefined && best[0] <= 3 ? ` Did you mean ${best[1]}?` : '';
}

function parse(text: string, name: string, lines: LineCounter): Document.Parsed {
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true });
  const [error] = document.errors;
  if (error === undefined) return document;
  const { line, col } = lines.linePos(error.pos[0]);
  const what = error.message.split('\n')[0] ?? 'it is malformed';
  throw new ConfigError('CONFIG_SYNTAX', `${name}:${line}:${col}: ${what}`, { file: name, line });
}

/** Reads YAML (or JSON, which is YAML) into settings with their lines. @throws ConfigError. */
export function readDocument(text: string, name: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parse(text, name, lines);
  const values = new Map<string, FileValue>();
  let version = 1;
  const root = document.contents;
  if (root === null) return { version, values };
  if (!isMap(root)) {
    throw new ConfigError('CONFIG_SYNTAX', `${name}:1: the file is no mapping of keys to values`, {
      file: name,
    });
  }
  const walk = (map: typeof root, prefix: string): void => {
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
      const { line } = lines.linePos(offset);
      const path = prefix === '' ? key : `${prefix}.${key}`;
      const value: unknown = isNode(pair.value) ? pair.value.toJS(document) : null;
      if (path === 'version') version = Number(value);
      else if (known.has(path)) values.set(path, { value, line });
      else if (isMap(pair.value) && groups.has(path)) walk(pair.value as typeof root, path);
      else {
        throw new ConfigError(
          'CONFIG_UNKNOWN_KEY',
          `${name}:${line}: ${path} is no setting.${suggestion(path)}`,
          { file: name, line, key: path },
        );
      }
    }
  };
  walk(root, '');
  return { version, values };
}
