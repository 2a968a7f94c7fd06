import { type z } from 'zod';

import { type ConfigDocument } from './document.ts';
import { suggestion } from './document.ts';
import { ConfigError } from './errors.ts';
import { type NodeConfig } from './node-config.ts';
import { brokenRule } from './rules.ts';
import { environmentName, flagName, settings, type Setting } from './settings.ts';

/** Values by dotted path, with where each was found. */
export interface Layer {
  /** `default`, a file's path, `environment` or `flags`. */
  readonly name: string;
  readonly values: ReadonlyMap<string, { readonly value: unknown; readonly place: string }>;
}

/** A configuration and where each of its values came from. */
export interface LoadedConfig {
  readonly config: NodeConfig;
  /** Dotted path to the layer's place: `default`, `node.yaml:7`, `MXD_API_PORT`, `--api-port`. */
  readonly origins: ReadonlyMap<string, string>;
}

/** A layer from a parsed file. */
export function fileLayer(name: string, document: ConfigDocument): Layer {
  const values = [...document.values].map(
    ([path, { value, line }]) => [path, { value, place: `${name}:${line}` }] as const,
  );
  return { name, values: new Map(values) };
}

function fromText(setting: Setting, text: string, place: string): unknown {
  const bad = (rule: string): never => {
    throw new ConfigError('CONFIG_VALUE', `${place}: ${setting.path}: ${rule}`, {
      key: setting.path,
      place,
    });
  };
  switch (setting.form) {
    case 'text':
      return text;
    case 'number':
      return /^-?\d+$/.test(text) ? Number(text) : bad(`"${text}" is no whole number`);
    case 'flag':
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      return bad(`"${text}" is neither true nor false`);
    case 'list':
      return text === '' ? [] : text.split(',').map((part) => part.trim());
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        return bad('the text is no JSON');
      }
  }
}

/** First words of settings' variables: `API` of `MXD_API_PORT`. */
const groupNames: ReadonlySet<string> = new Set(
  settings.flatMap(({ path }) => environmentName(path).split('_')[1] ?? []),
);

/**
 * A layer from `MXD_*` variables. An unknown one that begins as settings do is an error, so that
 * typing errors show; others belong to other programs (`MXD_HOME` to the command line).
 */
export function environmentLayer(environment: Readonly<Record<string, string | undefined>>): Layer {
  const byName = new Map(settings.map((setting) => [environmentName(setting.path), setting]));
  const values = new Map<string, { value: unknown; place: string }>();
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('MXD_') || text === undefined || reservedNames.has(name)) continue;
    if (name.startsWith('MXD_SECRET_')) continue;
    const setting = byName.get(name);
    if (setting === undefined && !groupNames.has(name.split('_')[1] ?? '')) continue;
    if (setting === undefined) {
      throw new ConfigError('CONFIG_UNKNOWN_KEY', `environment: ${name} is no setting`, {
        key: name,
      });
    }
    values.set(setting.path, { value: fromText(setting, text, name), place: name });
  }
  return { name: 'environment', values };
}

/** Variables with the prefix that are not settings: they say where configuration is. */
export const reservedNames: ReadonlySet<string> = new Set([
  'MXD_CONFIG',
  'MXD_CONFIG_IDENTITY_FILE',
  'MXD_CONFIG_PASSPHRASE_FILE',
]);

/** A layer from command-line words such as `--api-port=1` or `--api-port 1`. */
export function flagLayer(words: readonly string[]): Layer {
  const byName = new Map(settings.map((setting) => [flagName(setting.path), setting]));
  const values = new Map<string, { value: unknown; place: string }>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const [name = '', inline] = word.split(/=(.*)/s, 2);
    const setting = byName.get(name);
    if (setting === undefined) {
      const hint = suggestion(name.replace(/^--/, '').replaceAll('-', '.'));
      throw new ConfigError('CONFIG_UNKNOWN_KEY', `${name} is no flag.${hint}`, { key: name });
    }
    const bare = setting.form === 'flag' && inline === undefined;
    const text = bare ? 'true' : (inline ?? words[++i]);
    if (text === undefined) {
      throw new ConfigError('CONFIG_VALUE', `${name} needs a value`, { key: setting.path });
    }
    values.set(setting.path, { value: fromText(setting, text, name), place: name });
  }
  return { name: 'flags', values };
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'the value is not allowed';
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}

function place(tree: Record<string, unknown>, path: string, value: unknown): void {
  const parts = path.split('.');
  let node = tree;
  for (const part of parts.slice(0, -1)) {
    node[part] ??= {};
    node = node[part] as Record<string, unknown>;
  }
  node[parts.at(-1) as string] = value;
}

/** Puts layers over each other, the later ones winning value by value. @throws ConfigError. */
export function mergeLayers(layers: readonly Layer[]): LoadedConfig {
  const tree: Record<string, unknown> = {};
  const origins = new Map<string, string>();
  for (const setting of settings) {
    let value: unknown = setting.fallback;
    let origin = 'default';
    // Every layer's value is checked, so that a mistake shows even where another layer wins.
    for (const layer of layers) {
      const found = layer.values.get(setting.path);
      if (found === undefined) continue;
      const parsed = setting.schema.safeParse(found.value);
      if (!parsed.success) {
        const shown = setting.secret ? '' : ` (${JSON.stringify(found.value)})`;
        throw new ConfigError(
          'CONFIG_VALUE',
          `${found.place}: ${setting.path}: ${firstIssue(parsed.error)}${shown}`,
          { key: setting.path, place: found.place },
        );
      }
      value = parsed.data;
      origin = found.place;
    }
    place(tree, setting.path, value);
    origins.set(setting.path, origin);
  }
  const config = tree as unknown as NodeConfig;
  const problem = brokenRule(config);
  if (problem !== undefined) throw new ConfigError('CONFIG_RULE', problem);
  return { config, origins };
}

/** Paths whose values differ, and whether each can be applied without a restart. */
export function changedSettings(
  before: NodeConfig,
  after: NodeConfig,
): readonly { readonly path: string; readonly reloadable: boolean }[] {
  return settings
    .filter((setting) => {
      const a = JSON.stringify(valueAt(before, setting.path));
      return a !== JSON.stringify(valueAt(after, setting.path));
    })
    .map(({ path, reloadable }) => ({ path, reloadable }));
}

/** The value under a dotted path. */
export function valueAt(config: NodeConfig, path: string): unknown {
  let node: unknown = config;
  for (const part of path.split('.')) node = (node as Record<string, unknown>)[part];
  return node;
}
