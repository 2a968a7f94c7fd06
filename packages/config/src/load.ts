import { readFile } from 'node:fs/promises';

import { decryptValue, isEncrypted, type Unlock } from './encrypted.ts';
import { ConfigError } from './errors.ts';
import { readDocument } from './document.ts';
import {
  environmentLayer,
  fileLayer,
  flagLayer,
  mergeLayers,
  type Layer,
  type LoadedConfig,
} from './layers.ts';
import { migrateText } from './migrations.ts';

/** A file that may hold settings. */
export interface ConfigFile {
  readonly path: string;
  /** A required file that is missing is an error; an optional one is passed over. */
  readonly required: boolean;
}

export interface LoadOptions {
  /** Weakest first: beside the executable, system, user, named by the operator. */
  readonly files: readonly ConfigFile[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: readonly string[];
}

async function readText({ path, required }: ConfigFile): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT' && !required) return undefined;
    throw new ConfigError(
      'CONFIG_FILE',
      `${path}: cannot be read (${code})`,
      { file: path },
      { cause },
    );
  }
}

async function unlockFrom(environment: LoadOptions['environment']): Promise<Unlock> {
  const identity = environment['MXD_CONFIG_IDENTITY_FILE'];
  const passphrase = environment['MXD_CONFIG_PASSPHRASE_FILE'];
  const text = async (path: string): Promise<string> =>
    (await readText({ path, required: true })) ?? '';
  const lines = identity === undefined ? [] : (await text(identity)).split('\n');
  const identities = lines
    .map((line) => line.trim())
    .filter((l) => l.startsWith('AGE-SECRET-KEY-'));
  return {
    identities,
    ...(passphrase === undefined
      ? {}
      : { passphrase: (await text(passphrase)).replace(/\r?\n$/, '') }),
  };
}

async function decryptLayer(layer: Layer, unlock: () => Promise<Unlock>): Promise<Layer> {
  const values = new Map(layer.values);
  for (const [path, found] of layer.values) {
    if (!isEncrypted(found.value)) continue;
    const value = await decryptValue(found.value, await unlock(), `${found.place}: ${path}`);
    values.set(path, { ...found, value });
  }
  return { ...layer, values };
}

/**
 * Loads a configuration: defaults < files in order < environment < flags.
 * @throws ConfigError for anything wrong in any layer; nothing falls back in silence.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  let unlocked: Promise<Unlock> | undefined;
  const unlock = (): Promise<Unlock> => (unlocked ??= unlockFrom(options.environment));
  const layers: Layer[] = [];
  for (const file of options.files) {
    const text = await readText(file);
    if (text === undefined) continue;
    const migrated = migrateText(text, file.path);
    const layer = fileLayer(file.path, readDocument(migrated.text, file.path));
    layers.push(await decryptLayer(layer, unlock));
  }
  layers.push(environmentLayer(options.environment), flagLayer(options.flags));
  return mergeLayers(layers);
}
