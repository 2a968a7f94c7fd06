import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { asciiBytes, concatBytes } from '@mxd/codec';

import { CryptoError } from './errors.ts';
import { SecretBytes, wipe } from './secret.ts';
import { isSuiteId, type SuiteId } from './suite-info.ts';

/** The coin type of the path, until one is registered (docs/protocol/encoding.md, "Wallet keys"). */
export const coinType = 7979;

const hardened = 0x8000_0000;
const maxIndex = hardened - 1;
const masterKey = asciiBytes('ed25519 seed');
const mlDsaInfo = asciiBytes('mxd/ml-dsa-87');

/** Place of a key in a wallet: each a number from 0 to 2^31 - 1. */
export interface KeyPath {
  readonly account: number;
  readonly change: number;
  readonly index: number;
}

/** A node of the SLIP-0010 tree: 32 bytes of key and 32 bytes of chain code. */
export interface DerivedNode extends Disposable {
  readonly key: SecretBytes;
  readonly chainCode: SecretBytes;
}

function makeNode(digest: Uint8Array): DerivedNode {
  const key = SecretBytes.copyOf(digest.subarray(0, 32));
  const chainCode = SecretBytes.copyOf(digest.subarray(32));
  wipe(digest);
  return {
    key,
    chainCode,
    [Symbol.dispose]() {
      key[Symbol.dispose]();
      chainCode[Symbol.dispose]();
    },
  };
}

/** `m/44'/7979'/account'/change'/index'`. @throws CryptoError DERIVATION_PATH. */
export function formatKeyPath(path: KeyPath): string {
  const parts = [path.account, path.change, path.index];
  for (const part of parts) {
    if (!Number.isSafeInteger(part) || part < 0 || part > maxIndex) {
      throw new CryptoError('DERIVATION_PATH', `${part} is not a number from 0 to ${maxIndex}`);
    }
  }
  return `m/44'/${coinType}'/${parts.map((part) => `${part}'`).join('/')}`;
}

/** The numbers of a path whose every step is hardened, as Ed25519 needs (SLIP-0010). */
function parsePath(path: string): number[] {
  if (!/^m(?:\/\d{1,10}')*$/.test(path) || path.length > 256) {
    throw new CryptoError('DERIVATION_PATH', "a path is m and steps like /44', all hardened");
  }
  return path
    .split('/')
    .slice(1)
    .map((step) => {
      const index = Number(step.slice(0, -1));
      if (index > maxIndex) {
        throw new CryptoError('DERIVATION_PATH', `step ${index} is above ${maxIndex}`);
      }
      return index;
    });
}

/**
 * The node at a path under a seed of 16 to 64 bytes, by SLIP-0010 for the curve ed25519.
 * @throws CryptoError DERIVATION_SEED, DERIVATION_PATH.
 */
export function deriveNode(seed: SecretBytes, path: string): DerivedNode {
  const steps = parsePath(path);
  if (seed.length < 16 || seed.length > 64) {
    throw new CryptoError('DERIVATION_SEED', `a seed has 16 to 64 bytes, not ${seed.length}`, {
      actual: seed.length,
    });
  }
  let node = makeNode(hmac(sha512, masterKey, seed.expose()));
  for (const step of steps) {
    using parent = node;
    const data = new Uint8Array(37);
    data.set(parent.key.expose(), 1);
    new DataView(data.buffer).setUint32(33, step + hardened);
    node = makeNode(hmac(sha512, parent.chainCode.expose(), data));
    wipe(data);
  }
  return node;
}

/** HKDF-SHA-512 (RFC 5869): `length` bytes from key material, a salt and a purpose. */
export function hkdfSha512(
  material: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (!Number.isSafeInteger(length) || length < 1 || length > 255 * 64) {
    throw new CryptoError('CRYPTO_LENGTH', `HKDF-SHA-512 cannot give ${length} bytes`, { length });
  }
  const key = extract(sha512, material, salt);
  const output = expand(sha512, key, info, length);
  wipe(key);
  return output;
}

/** The ML-DSA-87 seed of a node: HKDF-SHA-512 of its key, salted with its chain code. */
function mlDsaSeed(node: DerivedNode): Uint8Array {
  return hkdfSha512(node.key.expose(), node.chainCode.expose(), mlDsaInfo, 32);
}

/**
 * The seed of a suite's key at a place of the wallet: the SLIP-0010 key for Ed25519, the HKDF of
 * the same node for ML-DSA-87, both in this order for the hybrid.
 * @throws CryptoError CRYPTO_SUITE, DERIVATION_PATH, DERIVATION_SEED.
 */
export function deriveSuiteSeed(suite: SuiteId, seed: SecretBytes, path: KeyPath): SecretBytes {
  if (!isSuiteId(suite)) {
    throw new CryptoError('CRYPTO_SUITE', `no signature suite ${String(suite)}`);
  }
  using node = deriveNode(seed, formatKeyPath(path));
  switch (suite) {
    case 1:
      return node.key.clone();
    case 2:
      return SecretBytes.own(mlDsaSeed(node));
    case 3: {
      const lattice = mlDsaSeed(node);
      const both = concatBytes(node.key.expose(), lattice);
      wipe(lattice);
      return SecretBytes.own(both);
    }
  }
}
