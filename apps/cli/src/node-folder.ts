import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { loadConfig, type NodeConfig } from '@mxd/config';

import type { Context } from './context.ts';
import { runningPid } from './devnet/processes.ts';
import { CliError } from './errors.ts';

/** A node's folder on this machine. */
export interface NodeFolder {
  readonly directory: string;
  readonly configFile: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly config: NodeConfig;
}

/** What of the environment opens encrypted values of configuration files. */
export const unlockEnvironment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['MXD_CONFIG_IDENTITY_FILE', 'MXD_CONFIG_PASSPHRASE_FILE'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );

export const folderPath = (context: Context): string => resolve(context.parsed.word(0) || '.');

/** Reads the configuration of a node's folder. @throws CliError CLI_FILE; ConfigError. */
export async function openFolder(context: Context): Promise<NodeFolder> {
  const directory = folderPath(context);
  const found = ['config.json', 'config.yaml'].find((name) => existsSync(join(directory, name)));
  if (found === undefined) {
    throw new CliError('CLI_FILE', `${directory} is no folder of a node: mxd node init makes one`, {
      directory,
    });
  }
  const configFile = join(directory, found);
  const { config } = await loadConfig({
    files: [{ path: configFile, required: true }],
    environment: unlockEnvironment(),
    flags: [],
  });
  return {
    directory,
    configFile,
    pidFile: join(directory, 'pid'),
    logFile: join(directory, 'node.log'),
    config,
  };
}

/** The process of a folder's node, if it runs. */
export const pidOfFolder = (folder: NodeFolder): Promise<number | undefined> =>
  runningPid(folder.pidFile, folder.directory);

/** The last lines of a node's log. */
export async function lastLines(folder: NodeFolder, count: number): Promise<string> {
  const text = await readFile(folder.logFile, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
