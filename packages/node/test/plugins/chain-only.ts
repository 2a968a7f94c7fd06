/** What a child process needs of the support: no test framework. */
import type { PluginEntry } from '@mxd/config';

import { key, World, type Key } from '@mxd/ledger/testing';

export { World };
export const alice: Key = key(1);

export const entry = (module: string, config: Readonly<Record<string, unknown>>): PluginEntry => ({
  module,
  config,
  trusted: false,
  budgetMs: 250,
});
