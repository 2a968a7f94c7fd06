import { serviceMethods, type Capability, type CapabilityId } from '../capability.ts';
import { PluginError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { PluginStorage } from '../storage.ts';
import { errorOf, type FromPlugin, type ToPlugin } from './messages.ts';

type Request = Extract<FromPlugin, { readonly type: 'request' }>;

interface Open {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: PluginError) => void;
}

/** Questions of a plugin to its host. */
export class Requests {
  readonly #post: (message: Request) => void;
  readonly #open = new Map<number, Open>();
  #nextId = 1;

  constructor(post: (message: Request) => void) {
    this.#post = post;
  }

  ask(service: Request['service'], method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#open.size >= limits.requestsOpen.value) {
      const reason = `${this.#open.size} requests are unanswered; wait for some of them`;
      return Promise.reject(new PluginError('PLUGIN_BUSY', reason));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      try {
        this.#post({ type: 'request', id, service, method, args });
      } catch (error) {
        this.#open.delete(id);
        // What cannot be cloned cannot be sent.
        reject(new PluginError('PLUGIN_SERVICE', `${service}.${method}: ${String(error)}`));
      }
    });
  }

  answered(message: Extract<ToPlugin, { readonly type: 'answer' }>): void {
    const open = this.#open.get(message.id);
    this.#open.delete(message.id);
    if (message.ok) open?.resolve(message.value);
    else open?.reject(errorOf(message.failure));
  }

  /** The service behind a capability. */
  service<Service>({ id }: Capability<Service>): Service {
    const methods = serviceMethods[id].map(
      (method) => [method, (...args: unknown[]) => this.ask(id, method, args)] as const,
    );
    return Object.fromEntries(methods) as Service;
  }

  storage(): PluginStorage {
    const ask = (method: string, ...args: unknown[]): Promise<never> =>
      this.ask('storage', method, args) as Promise<never>;
    return {
      get: (key) => ask('get', key),
      put: (key, value) => ask('batch', [{ type: 'put', key, value }]),
      delete: (key) => ask('batch', [{ type: 'del', key }]),
      batch: (operations) => ask('batch', operations),
      range: (options = {}) => ask('range', options),
    };
  }
}

/** Whether a service has a method: hosts refuse everything else. */
export const isServiceMethod = (service: CapabilityId, method: string): boolean =>
  Object.hasOwn(serviceMethods, service) && serviceMethods[service].includes(method);
