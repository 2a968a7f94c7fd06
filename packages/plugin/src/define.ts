import type { z } from 'zod';

import type { Capability } from './capability.ts';
import { serviceMethods } from './capability.ts';
import type { PluginContext } from './context.ts';
import { PluginError } from './errors.ts';

/** Version of this contract. A host runs plugins of its own version. */
export const contractVersion = 1;

/** What `setup` gives back. `start` runs after every plugin is set up, `stop` before the end. */
export interface PluginInstance {
  start?(): void | Promise<void>;
  stop?(): void | Promise<void>;
}

export interface PluginOptions<Config extends z.ZodType> {
  /** 1 to 32 of a-z, 0-9 and -, beginning with a letter: names routes, metrics and storage. */
  readonly name: string;
  readonly version: string;
  /** Schema of the plugin's part of the configuration. */
  readonly config: Config;
  readonly requires?: readonly Capability[];
  /** Registers everything. What it throws keeps the node from starting. */
  setup(
    ctx: PluginContext,
    config: z.output<Config>,
  ): PluginInstance | void | Promise<PluginInstance | void>;
}

/** A plugin as hosts see it: the default export of its module. */
export interface Plugin {
  readonly contract: number;
  readonly name: string;
  readonly version: string;
  readonly requires: readonly Capability[];
  /** Checks a configuration and sets up. @throws PluginError PLUGIN_CONFIG; what setup throws. */
  begin(ctx: PluginContext, config: unknown): Promise<PluginInstance>;
}

/** What plugins, metrics and commands may be called. */
export const namePattern: RegExp = /^[a-z][a-z0-9-]{0,31}$/;

function fail(message: string): never {
  throw new PluginError('PLUGIN_DEFINITION', message);
}

/** Makes a plugin. @throws PluginError PLUGIN_DEFINITION. */
export function definePlugin<Config extends z.ZodType>(options: PluginOptions<Config>): Plugin {
  const { name, version, config: schema, requires = [] } = options;
  if (!namePattern.test(name)) fail(`"${name}" cannot name a plugin: use a-z, 0-9 and -`);
  if (!/^\d+\.\d+\.\d+/.test(version)) fail(`${name}: "${version}" is no version such as 1.0.0`);
  for (const { id } of requires) {
    if (!Object.hasOwn(serviceMethods, id)) fail(`${name}: there is no capability ${id}`);
  }
  return {
    contract: contractVersion,
    name,
    version,
    requires,
    async begin(ctx, input) {
      const parsed = await schema.safeParseAsync(input);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        const place = [name, ...(issue?.path ?? []).map(String)].join('.');
        throw new PluginError('PLUGIN_CONFIG', `${place}: ${issue?.message ?? 'is not allowed'}`);
      }
      return (await options.setup(ctx, parsed.data)) ?? {};
    },
  };
}

/** The plugin that a module exports. @throws PluginError PLUGIN_DEFINITION, PLUGIN_CONTRACT. */
export function pluginOf(exported: unknown, module: string): Plugin {
  const plugin = exported as Partial<Plugin> | null | undefined;
  if (typeof plugin !== 'object' || plugin === null || typeof plugin.begin !== 'function') {
    fail(`${module}: the default export is not made by definePlugin`);
  }
  if (plugin.contract !== contractVersion) {
    throw new PluginError(
      'PLUGIN_CONTRACT',
      `${module} needs version ${String(plugin.contract)} of the contract, this is ${contractVersion}`,
    );
  }
  return plugin as Plugin;
}
