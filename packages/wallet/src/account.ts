import { equalBytes, toHex } from '@mxd/codec';
import { addressOfKey } from '@mxd/crypto/address';
import { deriveSuiteSeed, type KeyPath } from '@mxd/crypto/derivation';
import { type SecretBytes } from '@mxd/crypto/secret';
import { suiteOf, type SuiteId } from '@mxd/crypto/suites';
import { type Owner } from '@mxd/protocol/transaction';

/** One key and the address that it spends: enough to watch, to request payments and to verify. */
export interface Account {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  readonly owner: Owner;
  /** Where the key stands in its wallet; absent for a lone key. */
  readonly path?: KeyPath;
}

/** An account whose key is at hand; disposing it wipes the key. */
export interface SigningAccount extends Account, Disposable {
  /** @throws CryptoError SECRET_DISPOSED. */
  sign(message: Uint8Array): Uint8Array;
}

const at = (path: KeyPath | undefined): { readonly path?: KeyPath } =>
  path === undefined ? {} : { path };

/**
 * An account that cannot sign.
 * @throws CryptoError CRYPTO_SUITE, CRYPTO_LENGTH.
 */
export function watchOnly(suite: SuiteId, publicKey: Uint8Array, path?: KeyPath): Account {
  return { suite, publicKey, owner: addressOfKey(suite, publicKey), ...at(path) };
}

/**
 * The account of a suite's seed (32 bytes, 64 for the hybrid). Uses the signature backend in use:
 * on Node, `installNative` of `@mxd/crypto/native` makes it several times faster.
 * @throws CryptoError CRYPTO_SUITE, CRYPTO_LENGTH, SECRET_DISPOSED.
 */
export function accountFromSeed(suite: SuiteId, seed: SecretBytes, path?: KeyPath): SigningAccount {
  const signer = suiteOf(suite).signer(seed.expose());
  return {
    ...watchOnly(suite, signer.publicKey, path),
    sign: (message) => signer.sign(message),
    [Symbol.dispose]() {
      signer[Symbol.dispose]();
    },
  };
}

/** The seed of a whole wallet: derives accounts of every suite at every path. */
export class MasterKey implements Disposable {
  readonly #seed: SecretBytes;

  private constructor(seed: SecretBytes) {
    this.#seed = seed;
  }

  /** A wallet of a seed of 16 to 64 bytes (`seedOfMnemonic`); disposing it wipes the seed. */
  static own(seed: SecretBytes): MasterKey {
    return new MasterKey(seed);
  }

  /** The key at a path, ready to sign. @throws CryptoError DERIVATION_PATH, SECRET_DISPOSED. */
  account(suite: SuiteId, path: KeyPath): SigningAccount {
    using seed = deriveSuiteSeed(suite, this.#seed, path);
    return accountFromSeed(suite, seed, path);
  }

  /** The public part of the key at a path. */
  watch(suite: SuiteId, path: KeyPath): Account {
    using seed = deriveSuiteSeed(suite, this.#seed, path);
    return watchOnly(suite, suiteOf(suite).publicKeyOf(seed.expose()), path);
  }

  [Symbol.dispose](): void {
    this.#seed[Symbol.dispose]();
  }
}

/** A key for maps of owners: version and hash in hexadecimal. */
export const ownerKey = (owner: Owner): string => owner.version.toString(16) + toHex(owner.hash);

/** Whether two owners are the same. */
export const sameOwner = (a: Owner, b: Owner): boolean =>
  a.version === b.version && equalBytes(a.hash, b.hash);
