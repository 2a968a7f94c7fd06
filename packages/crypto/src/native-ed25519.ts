import { verify } from 'node:crypto';

import { fromHex } from '@mxd/codec';

import { admitsEd25519 } from './ed25519-rules.ts';
import { nativeSigning } from './native-keys.ts';
import type { Sodium } from './sodium.ts';
import { checkSeed, signerDisposed, suiteInfo, type SignatureSuite } from './suite-info.ts';

const info = suiteInfo[1];
const secretKeyBytes = 64;

/** Ed25519 over libsodium: the fastest verification at hand (51-59 us). */
export function makeSodiumEd25519(sodium: Sodium): SignatureSuite {
  const expand = (seed: Uint8Array): { publicKey: Uint8Array; secretKey: Uint8Array } => {
    checkSeed(info, seed);
    const publicKey = new Uint8Array(info.publicKeyBytes);
    const secretKey = new Uint8Array(secretKeyBytes);
    sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
    return { publicKey, secretKey };
  };
  const signWith = (secretKey: Uint8Array, message: Uint8Array): Uint8Array => {
    const signature = new Uint8Array(info.signatureBytes);
    sodium.crypto_sign_detached(signature, message, secretKey);
    return signature;
  };
  return {
    ...info,
    backend: 'sodium',
    publicKeyOf(seed) {
      const { publicKey, secretKey } = expand(seed);
      secretKey.fill(0);
      return publicKey;
    },
    signer(seed) {
      const { publicKey, secretKey } = expand(seed);
      let disposed = false;
      return {
        suite: 1,
        publicKey,
        sign(message) {
          if (disposed) throw signerDisposed();
          return signWith(secretKey, message);
        },
        [Symbol.dispose]() {
          disposed = true;
          secretKey.fill(0);
        },
      };
    },
    sign(seed, message) {
      const { secretKey } = expand(seed);
      const signature = signWith(secretKey, message);
      secretKey.fill(0);
      return signature;
    },
    verify: (publicKey, message, signature) =>
      admitsEd25519(publicKey, signature) &&
      sodium.crypto_sign_verify_detached(signature, message, publicKey),
  };
}

const { importPublicKey, ...signing } = nativeSigning(info, {
  // RFC 8410
  spki: fromHex('302a300506032b6570032100'),
  pkcs8: fromHex('302e020100300506032b657004220420'),
});

/** Ed25519 over `node:crypto` (OpenSSL): where libsodium cannot be loaded. */
export const nodeEd25519: SignatureSuite = {
  ...info,
  ...signing,
  backend: 'node:crypto',
  verify(publicKey, message, signature) {
    if (!admitsEd25519(publicKey, signature)) return false;
    try {
      return verify(null, message, importPublicKey(publicKey), signature);
    } catch {
      return false; // the bytes are no point of the curve
    }
  },
};
