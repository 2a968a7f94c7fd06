import type { z } from 'zod';

import type { CapabilityId } from '../capability.ts';
import type { Commands, PluginContext, PluginLog } from '../context.ts';
import { namePattern, type Plugin, type PluginInstance } from '../define.ts';
import { PluginError } from '../errors.ts';
import { limits } from '../limits.ts';
import { HandlerTable } from './handlers.ts';
import {
  failureOf,
  type FromPlugin,
  type Manifest,
  type PluginCall,
  type Setup,
  type ToPlugin,
} from './messages.ts';
import { MetricTable } from './metrics.ts';
import { Requests } from './requests.ts';
import { checked, RouteTable } from './routes.ts';

interface Command {
  readonly summary: string;
  readonly input: z.ZodType;
  readonly run: (input: never) => unknown;
}

/**
 * The side of the contract that runs beside the plugin's code, in its thread: gives it its context,
 * and answers the host's calls. Everything that crosses is a plain message.
 */
export class PluginRuntime {
  readonly #plugin: Plugin;
  readonly #post: (message: FromPlugin) => void;
  readonly #handlers = new HandlerTable();
  readonly #metrics = new MetricTable();
  readonly #commands = new Map<string, Command>();
  readonly #routes: RouteTable;
  readonly #requests: Requests;
  readonly #abort = new AbortController();
  #instance: PluginInstance = {};
  #sealed = false;

  constructor(plugin: Plugin, post: (message: FromPlugin) => void) {
    this.#plugin = plugin;
    this.#post = post;
    this.#routes = new RouteTable(plugin.name);
    this.#requests = new Requests(post);
  }

  /** Sets the plugin up; the host hears `ready` or `failed`. */
  async setup({ config, network, granted }: Setup): Promise<void> {
    const { name, version, contract, requires } = this.#plugin;
    try {
      const ctx = this.#context(network, granted);
      this.#instance = await this.#plugin.begin(ctx, config);
      this.#sealed = true;
      const manifest: Manifest = {
        name,
        version,
        contract,
        requires: requires.map(({ id }) => id),
        hooks: this.#handlers.hooks,
        finalFrom: this.#handlers.finalFrom,
        routes: this.#routes.infos,
        commands: [...this.#commands].map(([command, { summary }]) => ({ name: command, summary })),
      };
      this.#post({ type: 'ready', manifest });
    } catch (error) {
      this.#sealed = true;
      this.#post({ type: 'failed', failure: failureOf(error) });
    }
  }

  receive(message: ToPlugin): void {
    switch (message.type) {
      case 'ping':
        this.#post({ type: 'pong', id: message.id, metrics: this.#metrics.samples() });
        return;
      case 'answer':
        this.#requests.answered(message);
        return;
      case 'call':
        void this.#answer(message.id, message.call);
        return;
      default:
        message satisfies never;
    }
  }

  async #answer(id: number, call: PluginCall): Promise<void> {
    try {
      const value = await this.#run(call);
      this.#post({ type: 'result', id, ok: true, value });
    } catch (error) {
      this.#post({ type: 'result', id, ok: false, failure: failureOf(error) });
    }
  }

  async #run(call: PluginCall): Promise<unknown> {
    switch (call.kind) {
      case 'start':
        return this.#instance.start?.();
      case 'stop':
        this.#abort.abort();
        return this.#instance.stop?.();
      case 'hook':
        return this.#handlers.run(call.hook, call.inputs);
      case 'route':
        return plain(await this.#routes.call(call.call));
      case 'command':
        return plain(await this.#command(call.name, call.input));
      default:
        return call satisfies never;
    }
  }

  async #command(name: string, input: unknown): Promise<unknown> {
    const command = this.#commands.get(name);
    if (command === undefined) {
      throw new PluginError('PLUGIN_NOT_FOUND', `${this.#plugin.name} has no command ${name}`);
    }
    return command.run((await checked(command.input, 'input', input)) as never);
  }

  #context(network: Setup['network'], granted: readonly CapabilityId[]): PluginContext {
    const { name, requires } = this.#plugin;
    const check = (): void => {
      if (!this.#sealed) return;
      throw new PluginError('PLUGIN_SEALED', `${name} can register in setup only`);
    };
    return {
      name,
      network,
      hooks: this.#handlers.register(check),
      api: this.#routes.register(check),
      metrics: this.#metrics.register(check),
      commands: this.#registerCommands(check),
      storage: this.#requests.storage(),
      log: this.#log(),
      signal: this.#abort.signal,
      use: (token) => {
        if (!requires.some(({ id }) => id === token.id)) {
          const reason = `${name} uses ${token.id}, which is not in its \`requires\``;
          throw new PluginError('PLUGIN_CAPABILITY', reason);
        }
        if (!granted.includes(token.id)) {
          const reason = `${name} is not given ${token.id} by this node's configuration`;
          throw new PluginError('PLUGIN_CAPABILITY', reason);
        }
        return this.#requests.service(token);
      },
    };
  }

  #registerCommands(check: () => void): Commands {
    return {
      add: (name, { summary, input }, run) => {
        check();
        const full = this.#commands.size >= limits.commands.value;
        if (!namePattern.test(name) || this.#commands.has(name) || full) {
          throw new PluginError('PLUGIN_DEFINITION', `"${name}" cannot be one more command`);
        }
        this.#commands.set(name, { summary, input, run });
      },
    };
  }

  #log(): PluginLog {
    type Line = Extract<FromPlugin, { readonly type: 'log' }>;
    const line =
      (level: Line['level']) =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
        const text = message.slice(0, 4_096);
        try {
          this.#post({ type: 'log', level, message: text, fields });
        } catch {
          // Fields that cannot be cloned are not worth the line.
          this.#post({ type: 'log', level, message: text, fields: {} });
        }
      };
    return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  }
}

/** A value as JSON shows it: bigints as decimal text. @throws PluginError PLUGIN_RESPONSE. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? item.toString() : item,
  ) as string | undefined;
  if (text === undefined) return null;
  if (text.length > limits.responseBytes.value) {
    throw new PluginError('PLUGIN_RESPONSE', `an answer of ${text.length} bytes is too large`);
  }
  return JSON.parse(text) as unknown;
}
