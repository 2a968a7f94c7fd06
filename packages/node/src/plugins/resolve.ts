import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { NodeError } from '../errors.ts';

/**
 * URL of a plugin's module: a path (relative ones from `directory`), a file URL, or a package that
 * is installed beside `directory` or with the node. @throws NodeError NODE_PLUGIN.
 */
export function resolveModule(module: string, directory: string): string {
  if (module.startsWith('file:')) return module;
  if (isAbsolute(module) || module.startsWith('./') || module.startsWith('../')) {
    return pathToFileURL(resolve(directory, module)).href;
  }
  try {
    return pathToFileURL(createRequire(join(directory, 'plugins.js')).resolve(module)).href;
  } catch {
    // Not there, or for `import` only: the node's own packages are next.
  }
  try {
    return import.meta.resolve(module);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError('NODE_PLUGIN', `${module} is not installed: ${why}`, { module }, { cause });
  }
}
