import type { KeystoreParameters } from '@mxd/crypto/keystore';

/** Costs of new keystores: the strong defaults, unless tests ask for cheap ones by environment. */
export function keystoreCosts(): { readonly parameters?: KeystoreParameters } {
  return process.env['MXD_WEAK_KEYSTORE'] === '1'
    ? { parameters: { memoryKib: 1_024, passes: 1, parallelism: 1 } }
    : {};
}
