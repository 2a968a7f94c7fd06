import { Secret } from '@mxd/crypto/secret';

import { checkName, checkSize, type SecretProvider } from './provider.ts';

/** The variable that holds a secret: `MXD_SECRET_API_TOKEN` for `api-token`. */
export function environmentVariable(name: string): string {
  return `MXD_SECRET_${name.replaceAll(/[.-]/g, '_').toUpperCase()}`;
}

/**
 * Secrets from environment variables. They are readable by anyone who may look into the process, so
 * files are the better place; variables never change while the process runs.
 */
export function environmentSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): SecretProvider {
  return {
    name: 'environment',
    // eslint-disable-next-line typescript/require-await -- async, so that refusals reject
    async get(name) {
      const text = environment[environmentVariable(checkName(name))];
      if (text === undefined) return undefined;
      checkSize(name, Buffer.byteLength(text));
      return Secret.of(text);
    },
    watch: () => () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
