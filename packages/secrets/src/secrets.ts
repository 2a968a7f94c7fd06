import { type Secret } from '@mxd/crypto/secret';

import { SecretsError } from './errors.ts';
import { type SecretProvider, type Unwatch } from './provider.ts';

/** What a consumer asks of a secret. `check` gives what is wrong; it must not repeat the secret. */
export interface SecretRequirement {
  readonly name: string;
  readonly required: boolean;
  readonly minBytes?: number;
  readonly check?: (secret: Secret) => string | undefined;
}

/** Providers in order: the first that has a secret wins. */
export class Secrets implements AsyncDisposable {
  readonly #providers: readonly SecretProvider[];

  constructor(providers: readonly SecretProvider[]) {
    this.#providers = providers;
  }

  async find(name: string): Promise<Secret | undefined> {
    for (const provider of this.#providers) {
      const secret = await provider.get(name);
      if (secret !== undefined) return secret;
    }
    return undefined;
  }

  /** @throws SecretsError SECRET_MISSING. */
  async require(name: string): Promise<Secret> {
    const secret = await this.find(name);
    if (secret !== undefined) return secret;
    const places = this.#providers.map((provider) => provider.name).join(', ');
    throw new SecretsError('SECRET_MISSING', `the secret ${name} is not in: ${places}`, { name });
  }

  /**
   * Checks all requirements at start, so that a node stops before it does anything.
   * @throws SecretsError for the first that fails.
   */
  async validate(requirements: readonly SecretRequirement[]): Promise<void> {
    for (const requirement of requirements) {
      const { name, required, minBytes = 1, check } = requirement;
      using secret = required ? await this.require(name) : await this.find(name);
      if (secret === undefined) continue;
      const length = secret.exposeUtf8().length;
      if (length < minBytes) {
        throw new SecretsError(
          'SECRET_FORMAT',
          `the secret ${name} is shorter than ${minBytes} bytes`,
          {
            name,
          },
        );
      }
      const problem = check?.(secret);
      if (problem !== undefined) {
        throw new SecretsError('SECRET_FORMAT', `the secret ${name}: ${problem}`, { name });
      }
    }
  }

  /** Calls back with each new value, from whichever provider it changes in. */
  watch(name: string, onChange: (secret: Secret) => void): Unwatch {
    const stops = this.#providers.map((provider) => provider.watch(name, onChange));
    return () => {
      for (const stop of stops) stop();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const provider of this.#providers) await provider[Symbol.asyncDispose]();
  }
}
