import { compareBytes, toHex, fromHex } from '@mxd/codec';

import type {
  LedgerReader,
  MempoolReader,
  PeersReader,
  SecretReader,
  TransactionSubmitter,
} from '../capability.ts';
import type { Plugin } from '../define.ts';
import { PluginError } from '../errors.ts';
import type { AdmissionDecision, FinalBlock, TransactionFacts } from '../facts.ts';
import {
  errorOf,
  failureOf,
  type FromPlugin,
  type Manifest,
  type MetricSample,
  type PluginCall,
  type ToPlugin,
} from '../host/messages.ts';
import { matchRoute } from '../host/routes.ts';
import { PluginRuntime } from '../host/runtime.ts';
import { checkOperations, checkRange, keyBytes } from '../host/storage-keys.ts';
import type { FinalOutcome, HookInput, HookName } from '../hooks.ts';

/** What stands in for the node's services; what is missing fails with PLUGIN_SERVICE. */
export interface TestServices {
  readonly 'ledger:read'?: Partial<LedgerReader>;
  readonly 'mempool:read'?: Partial<MempoolReader>;
  readonly 'peers:read'?: Partial<PeersReader>;
  readonly 'transactions:submit'?: Partial<TransactionSubmitter>;
  readonly 'secrets:read'?: Partial<SecretReader>;
}

export interface TestHostOptions {
  readonly config?: unknown;
  readonly services?: TestServices;
  /** Storage of an earlier host: a restart. */
  readonly storage?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Runs a plugin in the test's own thread, behind the same messages as in a node: what cannot be
 * cloned, or is not allowed, fails here as it would there.
 */
export class TestHost implements AsyncDisposable {
  /** Lines that the plugin logged. */
  readonly logs: { readonly level: string; readonly message: string }[] = [];
  /** The private storage: key in hexadecimal to value. */
  readonly storage: Map<string, Uint8Array>;
  readonly #runtime: PluginRuntime;
  readonly #services: TestServices;
  readonly #ready = Promise.withResolvers<Manifest>();
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #pong: PromiseWithResolvers<readonly MetricSample[]> | undefined;
  #manifest: Manifest | undefined;
  #nextId = 1;

  private constructor(plugin: Plugin, options: TestHostOptions) {
    this.#services = options.services ?? {};
    this.storage = new Map(options.storage);
    this.#runtime = new PluginRuntime(plugin, (message) => {
      const copy = structuredClone(message);
      queueMicrotask(() => this.#heard(copy));
    });
  }

  /** Sets a plugin up and starts it. @throws PluginError as a node would show it. */
  static async start(plugin: Plugin, options: TestHostOptions = {}): Promise<TestHost> {
    const host = new TestHost(plugin, options);
    void host.#runtime.setup({
      config: structuredClone(options.config ?? {}),
      network: { id: 1, chainTag: '00'.repeat(32), genesisHash: '00'.repeat(64), test: true },
      granted: plugin.requires.map(({ id }) => id),
    });
    host.#manifest = await host.#ready.promise;
    await host.#call({ kind: 'start' });
    return host;
  }

  /** What the plugin registered. */
  get manifest(): Manifest {
    return this.#manifest as Manifest;
  }

  /** The gate's decisions, one per transaction. */
  async admit(
    transactions: readonly TransactionFacts[],
    source?: string,
  ): Promise<readonly AdmissionDecision[]> {
    const inputs = transactions.map((tx) => ({ ...tx, source }));
    return (await this.#hook('transaction:admit', inputs)) as readonly AdmissionDecision[];
  }

  /** Ids that the plugin leaves out of a block. */
  async proposing(transactions: readonly TransactionFacts[]): Promise<readonly string[]> {
    const [decision] = await this.#hook('block:proposing', [{ transactions }]);
    return (decision as { readonly leaveOut: readonly string[] }).leaveOut;
  }

  /** Delivers a final block, and keeps what the plugin wants kept with it. */
  async final(block: FinalBlock): Promise<void> {
    const [outcome] = await this.#hook('block:final', [block]);
    this.#write((outcome as FinalOutcome | undefined)?.store ?? []);
  }

  /** Tells an observer. */
  async emit<
    Hook extends Exclude<HookName, 'transaction:admit' | 'block:proposing' | 'block:final'>,
  >(hook: Hook, ...inputs: readonly HookInput<Hook>[]): Promise<void> {
    await this.#hook(hook, inputs);
  }

  get(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return this.#route('GET', path, query, undefined);
  }

  post(path: string, body: unknown): Promise<unknown> {
    return this.#route('POST', path, {}, body);
  }

  command(name: string, input: unknown = {}): Promise<unknown> {
    return this.#call({ kind: 'command', name, input });
  }

  metrics(): Promise<readonly MetricSample[]> {
    this.#pong = Promise.withResolvers();
    this.#runtime.receive({ type: 'ping', id: 0 });
    return this.#pong.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#call({ kind: 'stop' });
  }

  #route(method: 'GET' | 'POST', path: string, query: unknown, body: unknown): Promise<unknown> {
    const match = matchRoute(this.manifest.routes, method, path);
    if (match === undefined) {
      return Promise.reject(new PluginError('PLUGIN_NOT_FOUND', `there is no ${method} ${path}`));
    }
    const { route, params } = match;
    const call = { method, path: route.path, params, query, body, requestId: 'test' };
    return this.#call({ kind: 'route', call });
  }

  async #hook(hook: HookName, inputs: readonly unknown[]): Promise<readonly unknown[]> {
    return (await this.#call({ kind: 'hook', hook, inputs })) as readonly unknown[];
  }

  #call(call: PluginCall): Promise<unknown> {
    const id = this.#nextId++;
    const result = Promise.withResolvers<unknown>();
    this.#calls.set(id, result);
    this.#runtime.receive(structuredClone<ToPlugin>({ type: 'call', id, call }));
    return result.promise;
  }

  #heard(message: FromPlugin): void {
    switch (message.type) {
      case 'ready':
        return this.#ready.resolve(message.manifest);
      case 'failed':
        return this.#ready.reject(errorOf(message.failure));
      case 'pong':
        return this.#pong?.resolve(message.metrics);
      case 'log':
        this.logs.push({ level: message.level, message: message.message });
        return undefined;
      case 'result': {
        const call = this.#calls.get(message.id);
        this.#calls.delete(message.id);
        if (message.ok) return call?.resolve(message.value);
        return call?.reject(errorOf(message.failure));
      }
      case 'request':
        return void this.#serve(message);
      default:
        return message satisfies never;
    }
  }

  async #serve(message: Extract<FromPlugin, { readonly type: 'request' }>): Promise<void> {
    const { id } = message;
    try {
      const value = structuredClone(await this.#answer(message));
      this.#runtime.receive({ type: 'answer', id, ok: true, value });
    } catch (error) {
      this.#runtime.receive({ type: 'answer', id, ok: false, failure: failureOf(error) });
    }
  }

  #answer({ service, method, args }: Extract<FromPlugin, { readonly type: 'request' }>): unknown {
    if (this.#manifest === undefined) {
      const reason = 'services and storage are there from start on, not in setup';
      throw new PluginError('PLUGIN_CAPABILITY', reason);
    }
    if (service === 'storage') return this.#store(method, args[0]);
    const part = this.#services[service] as Readonly<Record<string, unknown>> | undefined;
    const serve = part?.[method];
    if (typeof serve !== 'function') {
      throw new PluginError('PLUGIN_SERVICE', `the test has no ${service} ${method}`);
    }
    return (serve as (...all: readonly unknown[]) => unknown).apply(part, [...args]);
  }

  #store(method: string, argument: unknown): unknown {
    if (method === 'get') return this.storage.get(toHex(keyBytes(argument)));
    if (method === 'batch') return this.#write(argument);
    const { prefix, after, limit, reverse } = checkRange(argument);
    const start = toHex(prefix);
    const entries = [...this.storage]
      .filter(([key]) => key.startsWith(start))
      .map(([key, value]) => [fromHex(key), value] as const)
      .toSorted(([a], [b]) => (reverse ? compareBytes(b, a) : compareBytes(a, b)))
      .filter(([key]) => {
        if (after === undefined) return true;
        const order = compareBytes(key, after);
        return reverse ? order < 0 : order > 0;
      });
    return entries.slice(0, limit);
  }

  #write(operations: unknown): void {
    for (const operation of checkOperations(operations)) {
      if (operation.type === 'put') this.storage.set(toHex(operation.key), operation.value);
      else this.storage.delete(toHex(operation.key));
    }
  }
}
