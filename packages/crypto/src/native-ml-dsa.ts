import { verify, type KeyObject } from 'node:crypto';

import { fromHex } from '@mxd/codec';

import { limits } from './limits.ts';
import { nativeSigning } from './native-keys.ts';
import { suiteInfo, type SignatureSuite } from './suite-info.ts';

const info = suiteInfo[2];

const { importPublicKey, ...signing } = nativeSigning(info, {
  // id-ml-dsa-87 (RFC 9881); the private form holds the seed alone
  spki: fromHex('30820a32300b060960864801650304031303820a2100'),
  pkcs8: fromHex('3034020100300b060960864801650304031304228020'),
});

/** What the key cache has done so far. */
export interface KeyCacheStats {
  readonly size: number;
  readonly hits: number;
  readonly misses: number;
}

/** Imported public keys, least recently used dropped first. */
class PublicKeyCache {
  readonly #keys = new Map<string, KeyObject>();
  readonly #max: number;
  #hits = 0;
  #misses = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get(publicKey: Uint8Array): KeyObject {
    // The whole key as text: a digest would cost more than the text, and could be collided.
    const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString(
      'latin1',
    );
    const cached = this.#keys.get(name);
    if (cached !== undefined) {
      this.#hits++;
      this.#keys.delete(name);
      this.#keys.set(name, cached);
      return cached;
    }
    this.#misses++;
    const key = importPublicKey(publicKey);
    this.#keys.set(name, key);
    if (this.#keys.size > this.#max) {
      const oldest = this.#keys.keys().next();
      if (oldest.done !== true) this.#keys.delete(oldest.value);
    }
    return key;
  }

  stats(): KeyCacheStats {
    return { size: this.#keys.size, hits: this.#hits, misses: this.#misses };
  }
}

const cache = new PublicKeyCache(limits.publicKeyCache.value);

/** Use of the cache of imported ML-DSA-87 keys in this thread. */
export const mlDsaKeyCacheStats = (): KeyCacheStats => cache.stats();

/**
 * ML-DSA-87 over `node:crypto` (OpenSSL 3.5). Signing is hedged with the empty context, OpenSSL's
 * defaults.
 */
export const nodeMlDsa: SignatureSuite = {
  ...info,
  ...signing,
  backend: 'node:crypto',
  verify(publicKey, message, signature) {
    if (publicKey.length !== info.publicKeyBytes) return false;
    if (signature.length !== info.signatureBytes) return false;
    return verify(null, message, cache.get(publicKey), signature);
  },
};
