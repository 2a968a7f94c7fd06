import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { ConfigFile } from '@mxd/config';

/** Where configuration is looked for, weakest first. A file named by the operator must exist. */
export function configFiles(
  named: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): readonly ConfigFile[] {
  const beside = fileURLToPath(new URL('../default_config.json', import.meta.url));
  const user = environment['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  const optional = [beside, '/etc/mxd/config.yaml', join(user, 'mxd', 'config.yaml')];
  const chosen = named ?? environment['MXD_CONFIG'];
  return [
    ...optional.map((path) => ({ path, required: false })),
    ...(chosen === undefined ? [] : [{ path: chosen, required: true }]),
  ];
}
