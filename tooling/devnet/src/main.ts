import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import {
  endNetwork,
  endpoints,
  pathsOf,
  readSpec,
  runDetached,
  runForeground,
  runningPid,
  screen,
  statusOf,
  type DevnetPaths,
  type LaunchOptions,
} from '@mxd/cli/devnet';
import { installNative } from '@mxd/crypto/native';

import { defaultDirectory, helpText, parseOptions, type DevnetOptions } from './options.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** The folder, where commands have to name it. */
const shownDirectory = (paths: DevnetPaths): string | undefined =>
  paths.root === defaultDirectory ? undefined : paths.root;

const launchOptions = (paths: DevnetPaths, options: DevnetOptions): LaunchOptions => {
  const directory = shownDirectory(paths);
  const where = directory === undefined ? '' : ` --dir ${directory}`;
  return { ...options, statusCommand: `npm start -- status${where}` };
};

const foreground = (paths: DevnetPaths, options: DevnetOptions): Promise<void> =>
  runForeground(paths, launchOptions(paths, options));

async function detach(
  paths: DevnetPaths,
  options: DevnetOptions,
  words: readonly string[],
): Promise<void> {
  const rest = words.filter((word) => word !== '--detach');
  const spec = await runDetached(paths, [fileURLToPath(import.meta.url), ...rest]);
  if (options.isJson) {
    const pid = await runningPid(paths.launcherPid, 'devnet');
    return say(JSON.stringify({ directory: paths.root, pid, spec }));
  }
  for (const line of endpoints(spec, launchOptions(paths, options).statusCommand)) say(line);
  return undefined;
}

async function showStatus(paths: DevnetPaths, options: DevnetOptions): Promise<void> {
  const spec = await readSpec(paths);
  if (spec === undefined) throw new RangeError(`there is no network in ${paths.root}`);
  const statuses = await Promise.all(spec.nodes.map(statusOf));
  if (options.isJson) return say(JSON.stringify(statuses.map((status) => status ?? null)));
  const snapshot = { statuses, tps: 0, bps: 0, payments: [], failed: 0 };
  for (const line of screen(spec, snapshot).slice(2, 2 + spec.nodes.length)) say(line);
  if (statuses.includes(undefined)) process.exitCode = 1;
  return undefined;
}

async function main(words: readonly string[]): Promise<void> {
  const options = parseOptions(words);
  const paths = pathsOf(options.directory);
  installNative();
  switch (options.command) {
    case 'help':
      return say(helpText);
    case 'status':
      return showStatus(paths, options);
    case 'down':
    case 'reset': {
      const spec = await readSpec(paths);
      const ended = spec === undefined ? 0 : await endNetwork(paths, spec);
      if (options.command === 'reset') await rm(paths.root, { recursive: true, force: true });
      return say(ended === 0 ? 'nothing was running' : `stopped ${ended} processes`);
    }
    case 'up':
      return options.isDetached ? detach(paths, options, words) : foreground(paths, options);
    default:
      return options.command satisfies never;
  }
}

try {
  await main(process.argv.slice(2));
  process.exit();
} catch (error) {
  const isUsage = error instanceof RangeError || error instanceof TypeError;
  process.stderr.write(`devnet: ${isUsage ? error.message : String((error as Error).stack)}\n`);
  process.exit(isUsage ? 2 : 1);
}
