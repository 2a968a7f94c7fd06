import { readdirSync, readFileSync } from 'node:fs';

import { type RunConfig } from './config.ts';

const folder = new URL('../corpus/', import.meta.url);

export interface Kept {
  readonly name: string;
  readonly about: string;
  readonly config: RunConfig;
}

/** A configuration from a file: one of the corpus, or one that `--shrink` printed. */
export function readConfig(text: string): RunConfig {
  const parsed = JSON.parse(text) as RunConfig | { readonly config: RunConfig };
  return 'config' in parsed ? parsed.config : parsed;
}

/** Runs that failed once: they have to pass for ever. */
export function readCorpus(): readonly Kept[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const { about } = JSON.parse(text) as { readonly about: string };
    return { name: name.slice(0, -5), about, config: readConfig(text) };
  });
}
