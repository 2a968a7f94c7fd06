import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';

import { concatBytes } from '@mxd/codec';

import { checkSeed, signerDisposed, type SignatureSuite, type SuiteInfo } from './suite-info.ts';

/** What comes before the raw key of an algorithm in its DER forms. */
export interface DerPrefixes {
  /** Before the public key in a SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Before the seed in a PKCS #8 private key. */
  readonly pkcs8: Uint8Array;
}

type NativeSigning = Pick<SignatureSuite, 'publicKeyOf' | 'signer' | 'sign'> & {
  readonly importPublicKey: (publicKey: Uint8Array) => KeyObject;
};

/**
 * Keys and signing of one algorithm over `node:crypto`. A disposed signer drops its key object,
 * which OpenSSL clears when it is collected.
 */
export function nativeSigning(info: SuiteInfo, { spki, pkcs8 }: DerPrefixes): NativeSigning {
  const privateKeyOf = (seed: Uint8Array): KeyObject => {
    checkSeed(info, seed);
    const key = Buffer.from(concatBytes(pkcs8, seed));
    try {
      return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    } finally {
      key.fill(0);
    }
  };
  const publicKeyOf = (key: KeyObject): Uint8Array => {
    const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
    return Uint8Array.from(der.subarray(spki.length));
  };
  return {
    publicKeyOf: (seed) => publicKeyOf(privateKeyOf(seed)),
    signer(seed) {
      let key: KeyObject | undefined = privateKeyOf(seed);
      return {
        suite: info.id,
        publicKey: publicKeyOf(key),
        sign(message) {
          if (key === undefined) throw signerDisposed();
          return Uint8Array.from(sign(null, message, key));
        },
        [Symbol.dispose]() {
          key = undefined;
        },
      };
    },
    sign: (seed, message) => Uint8Array.from(sign(null, message, privateKeyOf(seed))),
    importPublicKey(publicKey) {
      const key = Buffer.from(concatBytes(spki, publicKey));
      return createPublicKey({ key, format: 'der', type: 'spki' });
    },
  };
}
