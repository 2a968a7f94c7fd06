import { type Secret } from '@mxd/crypto/secret';

import { SecretsError } from './errors.ts';
import { limits } from './limits.ts';

/** Stops watching. Idempotent. */
export type Unwatch = () => void;

/**
 * A place where secrets live. Each `get` gives a secret of the caller's own, to be disposed by it.
 * `@mxd/secrets/conformance` is the test of every provider.
 */
export interface SecretProvider extends AsyncDisposable {
  /** For messages: `environment`, `files /run/secrets`. */
  readonly name: string;
  /** The secret, or undefined if this provider does not have it. @throws SecretsError. */
  get(name: string): Promise<Secret | undefined>;
  /**
   * Calls back after the secret has changed, with the new value; never with the one that was there
   * at the start. A provider that cannot change returns a function that does nothing.
   */
  watch(name: string, onChange: (secret: Secret) => void): Unwatch;
}

const form = /^[a-z0-9][a-z0-9.-]{0,127}$/;

/** The name itself if it may name a secret. @throws SecretsError SECRET_NAME. */
export function checkName(name: string): string {
  if (form.test(name)) return name;
  throw new SecretsError('SECRET_NAME', `"${name.slice(0, 140)}" cannot name a secret`);
}

/** Refuses sizes that no secret has. @throws SecretsError SECRET_EMPTY or SECRET_TOO_LARGE. */
export function checkSize(name: string, sizeBytes: number): void {
  if (sizeBytes === 0)
    throw new SecretsError('SECRET_EMPTY', `the secret ${name} is empty`, { name });
  if (sizeBytes > limits.secretBytes.value) {
    throw new SecretsError('SECRET_TOO_LARGE', `the secret ${name} has ${sizeBytes} bytes`, {
      name,
      sizeBytes,
    });
  }
}
