/** Loads what packages export for the documents: their error codes and their limits. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { has, type Member, root } from '@mxd/check/sources';

/** The namespace of a subpath of a member, loaded from its source; undefined where it has none. */
export async function load(
  member: Member,
  subpath: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const target = member.manifest.exports?.[subpath];
  if (target === undefined || typeof target === 'string') return undefined;
  const source = target['@mxd/source'];
  if (source === undefined || !has(join(member.dir, source))) return undefined;
  const url = pathToFileURL(join(root, member.dir, source)).href;
  return (await import(url)) as Readonly<Record<string, unknown>>;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface ErrorCode {
  readonly code: string;
  readonly text: string;
}

/** The catalogues of a module: exports that map codes in upper case to sentences. */
export function errorCodes(module: Readonly<Record<string, unknown>>): readonly ErrorCode[] {
  return Object.values(module)
    .filter(isRecord)
    .flatMap((catalogue) => {
      const entries = Object.entries(catalogue);
      const isCatalogue =
        entries.length > 0 &&
        entries.every(([key, text]) => /^[A-Z][A-Z0-9_]+$/.test(key) && typeof text === 'string');
      return isCatalogue ? entries.map(([key, text]) => ({ code: key, text: String(text) })) : [];
    });
}

export interface Limit {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly why: string;
}

const grouped = new Intl.NumberFormat('en');

function shown(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return grouped.format(value);
  return typeof value === 'string' ? value : undefined;
}

/** The limits of a module's `limits`, groups of limits included, with dotted names. */
export function limitsOf(value: unknown, prefix = ''): readonly Limit[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if (!isRecord(item)) return [];
    const name = `${prefix}${key}`;
    const figure = shown(item['value']);
    if (figure === undefined) return limitsOf(item, `${name}.`);
    const { unit, why } = item;
    if (typeof unit !== 'string' || typeof why !== 'string') {
      throw new TypeError(`the limit ${name} has no unit or no why`);
    }
    return [{ name, value: figure, unit, why }];
  });
}

export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly labels: string;
  readonly help: string;
}

/** The metrics that a module's `catalogue` defines. */
export function metricsOf(catalogue: unknown): readonly Metric[] {
  if (!isRecord(catalogue)) return [];
  return Object.values(catalogue).map((item) => {
    if (!isRecord(item)) throw new TypeError('a metric of the catalogue is no definition');
    const { name, type, help, labels } = item;
    if (typeof name !== 'string' || typeof type !== 'string' || typeof help !== 'string') {
      throw new TypeError(`the metric ${String(name)} has no name, type or help`);
    }
    const values = Object.entries(isRecord(labels) ? labels : {}).map(
      ([label, list]) => `\`${label}\`${Array.isArray(list) ? `: ${list.join(', ')}` : ''}`,
    );
    return { name, type, help, labels: values.join('; ') };
  });
}
