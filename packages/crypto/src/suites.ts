import { CryptoError } from './errors.ts';
import { pureSuites } from './pure-suites.ts';
import { isSuiteId, type SignatureSuite, type SuiteRegistry } from './suite-info.ts';

export {
  isSuiteId,
  suiteIds,
  suiteInfo,
  type SignatureSuite,
  type Signer,
  type SuiteId,
  type SuiteInfo,
  type SuiteRegistry,
} from './suite-info.ts';
export { pureSuites } from './pure-suites.ts';

let active: SuiteRegistry = pureSuites;

/** The registry in use: the portable one until `installSuites` (see `installNative`). */
export const activeSuites = (): SuiteRegistry => active;

/** Makes a registry the one in use in this thread. */
export function installSuites(registry: SuiteRegistry): void {
  active = registry;
}

/**
 * The suite of a number, from the registry in use.
 * @throws CryptoError CRYPTO_SUITE for an unknown number.
 */
export function suiteOf(id: number): SignatureSuite {
  if (!isSuiteId(id)) throw new CryptoError('CRYPTO_SUITE', `no signature suite ${id}`, { id });
  return active[id];
}

/** The verdict on one signature; an unknown suite or a malformed input is false. Never throws. */
export function verifySignature(
  suite: number,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return isSuiteId(suite) && active[suite].verify(publicKey, message, signature);
}
