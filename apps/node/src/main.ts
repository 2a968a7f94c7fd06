#!/usr/bin/env node
import { readFileSync } from 'node:fs';

import { CodedError } from '@mxd/codec';
import type { LoadedConfig } from '@mxd/config';

import { configFiles } from './files.ts';
import { helpText, parseArguments, type Command } from './arguments.ts';

/** Exit codes; the command line's documentation lists them. */
const exit = { ok: 0, failure: 1, usage: 2 } as const;

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

function describe(error: unknown): string {
  if (error instanceof CodedError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function fail(error: unknown): never {
  process.stderr.write(`mxd-node: ${describe(error)}\n`);
  const isUsage = error instanceof CodedError && error.code.startsWith('CONFIG_');
  process.exit(isUsage ? exit.usage : exit.failure);
}

async function load(
  command: Extract<Command, { readonly config: string | undefined }>,
): Promise<LoadedConfig> {
  const { loadConfig } = await import('@mxd/config');
  return loadConfig({
    files: configFiles(command.config, process.env),
    environment: process.env,
    flags: command.flags,
  });
}

async function printConfig(loaded: LoadedConfig): Promise<void> {
  const { settings, valueAt } = await import('@mxd/config');
  for (const { path, secret } of settings) {
    const value = secret ? '[redacted]' : JSON.stringify(valueAt(loaded.config, path));
    process.stdout.write(`${path} = ${value}  # ${loaded.origins.get(path) ?? 'default'}\n`);
  }
}

async function run(command: Extract<Command, { readonly kind: 'run' }>): Promise<void> {
  const [loaded, { createNode }, secrets] = await Promise.all([
    load(command),
    import('@mxd/node'),
    import('@mxd/secrets'),
  ]);
  const { config, origins } = loaded;
  const providers = [
    ...(config.secrets.directory === ''
      ? []
      : [new secrets.FileSecrets({ directory: config.secrets.directory })]),
    secrets.environmentSecrets(process.env),
  ];
  const node = await createNode({
    config,
    origins,
    load: () => load(command),
    secrets: new secrets.Secrets(providers),
    version: version(),
  });
  // A launcher may have ended with its terminal: a closed pipe must not end the node.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let stoppingSince = 0;
  const onSignal = (): void => {
    if (stoppingSince === 0) {
      stoppingSince = performance.now();
      void node.stop();
    } else if (performance.now() - stoppingSince >= 1_000) {
      process.exit(exit.failure);
    }
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', () => {
    node.reload().catch((error: unknown) => {
      process.stderr.write(`mxd-node: not reloaded: ${describe(error)}\n`);
    });
  });
  const failure = await node.stopped;
  if (failure !== undefined) fail(failure);
  process.exit(exit.ok);
}

const command = parseArguments(process.argv.slice(2));
switch (command.kind) {
  case 'help':
    process.stdout.write(helpText());
    break;
  case 'version':
    process.stdout.write(`mxd-node ${version()}\n`);
    break;
  case 'print-config':
    await load(command).then(printConfig).catch(fail);
    break;
  case 'run':
    await run(command).catch(fail);
    break;
  default:
    command satisfies never;
}
