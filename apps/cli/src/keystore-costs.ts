import type { KeystoreParameters } from '@mxd/crypto/keystore';

const isCheap = (): boolean => process.env['MXD_WEAK_KEYSTORE'] === '1';

/** Costs of new keystores: the strong defaults, unless tests ask for cheap ones by environment. */
export const keystoreCosts = (): { readonly parameters?: KeystoreParameters } =>
  isCheap() ? { parameters: { memoryKib: 1_024, passes: 1, parallelism: 1 } } : {};

/** The same for values of configuration files under a passphrase. */
export const sealCosts = (): { readonly workFactor?: number } =>
  isCheap() ? { workFactor: 10 } : {};
