import type { AddressNetwork } from '@mxd/crypto/address';
import {
  failureOf,
  pluginOf,
  PluginRuntime,
  type FromPlugin,
  type Setup,
  type ToPlugin,
} from '@mxd/plugin/host';

import { decodeInputs } from './wire.ts';

/** What a plugin's side is started with. */
export interface Boot {
  /** URL of the plugin's module. */
  readonly module: string;
  readonly setup: Setup;
  readonly addressNetwork: AddressNetwork;
}

/**
 * Loads a plugin and sets it up, in its thread or, where it is trusted, on the main one. Messages
 * that come before the module is loaded wait.
 */
export function bootPlugin(
  { module, setup, addressNetwork }: Boot,
  post: (message: FromPlugin) => void,
): (message: ToPlugin) => void {
  const loading = load(module, post);
  let runtime: PluginRuntime | undefined;
  const waiting: ToPlugin[] = [];
  const deliver = (to: PluginRuntime, message: ToPlugin): void => {
    if (message.type !== 'call' || message.call.kind !== 'hook') return to.receive(message);
    const { id, call } = message;
    try {
      const inputs = decodeInputs(call.hook, call.inputs, addressNetwork);
      return to.receive({ type: 'call', id, call: { ...call, inputs } });
    } catch (error) {
      return post({ type: 'result', id, ok: false, failure: failureOf(error) });
    }
  };
  void loading.then((loaded) => {
    runtime = loaded;
    for (const message of waiting.splice(0)) if (loaded !== undefined) deliver(loaded, message);
    return loaded?.setup(setup);
  });
  return (message) => {
    if (runtime === undefined) waiting.push(message);
    else deliver(runtime, message);
  };
}

async function load(
  module: string,
  post: (message: FromPlugin) => void,
): Promise<PluginRuntime | undefined> {
  try {
    const loaded = (await import(module)) as { readonly default?: unknown };
    return new PluginRuntime(pluginOf(loaded.default, module), post);
  } catch (error) {
    post({ type: 'failed', failure: failureOf(error) });
    return undefined;
  }
}
