import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { CliError } from './errors.ts';
import type { Parsed } from './arguments.ts';

/** What the command line can be told once instead of each time. */
export interface Settings {
  readonly home: string;
  readonly endpoint: readonly string[];
  readonly wallet: string;
  readonly network: 'main' | 'test';
  readonly timeout: number;
  readonly format: 'text' | 'json' | 'ndjson';
}

export type SettingName = keyof Settings;

/** A setting's value and where it comes from. */
export interface Origin {
  readonly name: SettingName;
  readonly value: string;
  readonly origin: string;
}

interface Rule {
  readonly fallback: string;
  readonly problem: (text: string) => string | undefined;
}

const oneOf =
  (...names: readonly string[]) =>
  (text: string): string | undefined =>
    names.includes(text) ? undefined : `is none of ${names.join(', ')}`;

const nonEmpty = (text: string): string | undefined => (text === '' ? 'is empty' : undefined);

const seconds = (text: string): string | undefined =>
  /^\d{1,6}(\.\d{1,3})?$/.test(text) && Number(text) > 0 ? undefined : 'is no number of seconds';

const dataHome = (): string => process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share');

/** Every setting: default and rule. */
export const settingRules: Readonly<Record<SettingName, Rule>> = {
  home: { fallback: join(dataHome(), 'mxd'), problem: nonEmpty },
  endpoint: { fallback: 'http://127.0.0.1:26680', problem: nonEmpty },
  wallet: { fallback: 'default', problem: nonEmpty },
  network: { fallback: 'main', problem: oneOf('main', 'test') },
  timeout: { fallback: '30', problem: seconds },
  format: { fallback: 'text', problem: oneOf('text', 'json', 'ndjson') },
};

export const settingNames: readonly SettingName[] = Object.keys(settingRules) as SettingName[];

/** The file of settings. */
export function settingsFile(): string {
  const named = process.env['MXD_CLI_CONFIG'];
  if (named !== undefined && named !== '') return named;
  const config = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  return join(config, 'mxd', 'cli.json');
}

const bad = (name: string, rule: string, place: string): CliError =>
  new CliError('CLI_CONFIG', `${place}: ${name} ${rule}`, { name, place });

function readFileSettings(path: string): ReadonlyMap<string, string> {
  if (!existsSync(path)) return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CliError('CLI_CONFIG', `${path} is no JSON`, { path }, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new CliError('CLI_CONFIG', `${path} is no object of settings`, { path });
  }
  const entries = Object.entries(parsed).map(([name, value]): [string, string] => {
    if (!(name in settingRules)) throw bad(name, 'is no setting', path);
    const text = Array.isArray(value) ? value.join(',') : String(value);
    return [name, text];
  });
  return new Map(entries);
}

/** A local network in the current folder: its nodes are asked unless told otherwise. */
function localNetwork(): { readonly path: string; readonly endpoint: string } | undefined {
  const path = resolve('.devnet', 'network.json');
  if (!existsSync(path)) return undefined;
  try {
    const { nodes } = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly nodes: readonly { readonly apiPort: number }[];
    };
    const endpoint = nodes.map(({ apiPort }) => `http://127.0.0.1:${apiPort}`).join(',');
    return { path, endpoint };
  } catch {
    return undefined;
  }
}

function flagText(name: SettingName, parsed: Parsed): string | undefined {
  if (name === 'format') {
    return parsed.flag('json') ? 'json' : parsed.flag('ndjson') ? 'ndjson' : undefined;
  }
  const several = parsed.texts(name);
  return several.length > 0 ? several.join(',') : parsed.text(name);
}

/** Each setting with its origin: flag > environment > file > local network > default. */
export function originsOf(parsed: Parsed): readonly Origin[] {
  const path = settingsFile();
  const file = readFileSettings(path);
  const local = localNetwork();
  return settingNames.map((name) => {
    const variable = `MXD_${name.toUpperCase()}`;
    const fromEnvironment = process.env[variable];
    const found = ((): readonly [string, string] => {
      const flag = flagText(name, parsed);
      if (flag !== undefined) return [flag, `flag --${name === 'format' ? flag : name}`];
      if (fromEnvironment !== undefined && fromEnvironment !== '') {
        return [fromEnvironment, `environment ${variable}`];
      }
      const fromFile = file.get(name);
      if (fromFile !== undefined) return [fromFile, `file ${path}`];
      if (local !== undefined && name === 'endpoint') return [local.endpoint, `file ${local.path}`];
      if (local !== undefined && name === 'network') return ['test', `file ${local.path}`];
      return [settingRules[name].fallback, 'default'];
    })();
    const [value, origin] = found;
    const problem = settingRules[name].problem(value);
    if (problem !== undefined) throw bad(name, `"${value}" ${problem}`, origin);
    return { name, value, origin };
  });
}

/** The settings in force. @throws CliError CLI_CONFIG. */
export function settingsOf(origins: readonly Origin[]): Settings {
  const value = (name: SettingName): string =>
    origins.find((origin) => origin.name === name)?.value ?? settingRules[name].fallback;
  return {
    home: resolve(value('home')),
    endpoint: value('endpoint')
      .split(',')
      .map((one) => one.trim()),
    wallet: value('wallet'),
    network: value('network') as Settings['network'],
    timeout: Number(value('timeout')),
    format: value('format') as Settings['format'],
  };
}

/** Writes one setting into the file; `undefined` takes it out. @throws CliError CLI_CONFIG. */
export async function writeSetting(
  name: string,
  value: string | undefined,
  isDry = false,
): Promise<string> {
  if (!(name in settingRules)) {
    throw bad(name, `is no setting; there are ${settingNames.join(', ')}`, 'mxd config');
  }
  const path = settingsFile();
  const settings = new Map(readFileSettings(path));
  if (value === undefined) settings.delete(name);
  else {
    const problem = settingRules[name as SettingName].problem(value);
    if (problem !== undefined) throw bad(name, `"${value}" ${problem}`, 'mxd config');
    settings.set(name, value);
  }
  if (isDry) return path;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, `${JSON.stringify(Object.fromEntries(settings), null, 2)}\n`);
  await rename(`${path}.new`, path);
  return path;
}
