import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';

import { keyPoint } from './ed25519-keys.ts';
import { admitsEd25519 } from './ed25519-rules.ts';
import { sha512Of } from './hash.ts';
import { makeHybrid } from './hybrid-suite.ts';
import {
  checkSeed,
  signerDisposed,
  suiteInfo,
  type Signer,
  type SignatureSuite,
  type SuiteRegistry,
} from './suite-info.ts';

const Point = ed25519.Point;
const { n: order } = Point.CURVE();

/** Little-endian bytes as a number. */
function toNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

/**
 * Cofactorless verification: the encoding of S*B - h*A must be R byte for byte. Noble's own
 * `verify` multiplies by the cofactor, even with `zip215: false`, and so accepts mixed-order points.
 */
function verifyCofactorless(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const commitment = signature.subarray(0, 32);
  const s = toNumber(signature.subarray(32));
  const h = toNumber(sha512Of(commitment, publicKey, message)) % order;
  let expected: Uint8Array;
  try {
    const a = keyPoint(publicKey);
    const sb = s === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s);
    expected = sb.subtract(a.multiplyUnsafe(h)).toBytes();
  } catch {
    return false; // the bytes are no point of the curve
  }
  for (let i = 0; i < 32; i++) if (expected[i] !== commitment[i]) return false;
  return true;
}

const pureEd25519: SignatureSuite = {
  ...suiteInfo[1],
  backend: 'noble',
  publicKeyOf(seed) {
    checkSeed(suiteInfo[1], seed);
    return ed25519.getPublicKey(seed);
  },
  signer(seed) {
    checkSeed(suiteInfo[1], seed);
    const kept = seed.slice();
    let disposed = false;
    return {
      suite: 1,
      publicKey: ed25519.getPublicKey(kept),
      sign(message) {
        if (disposed) throw signerDisposed();
        return ed25519.sign(message, kept);
      },
      [Symbol.dispose]() {
        disposed = true;
        kept.fill(0);
      },
    };
  },
  sign(seed, message) {
    checkSeed(suiteInfo[1], seed);
    return ed25519.sign(message, seed);
  },
  verify: (publicKey, message, signature) =>
    admitsEd25519(publicKey, signature) && verifyCofactorless(publicKey, message, signature),
};

function makeMlDsaSigner(seed: Uint8Array): Signer {
  checkSeed(suiteInfo[2], seed);
  const { secretKey, publicKey } = ml_dsa87.keygen(seed);
  let disposed = false;
  return {
    suite: 2,
    publicKey,
    sign(message) {
      if (disposed) throw signerDisposed();
      return ml_dsa87.sign(message, secretKey); // hedged: fresh randomness by default
    },
    [Symbol.dispose]() {
      disposed = true;
      secretKey.fill(0);
    },
  };
}

const pureMlDsa: SignatureSuite = {
  ...suiteInfo[2],
  backend: 'noble',
  publicKeyOf(seed) {
    using signer = makeMlDsaSigner(seed);
    return signer.publicKey;
  },
  signer: makeMlDsaSigner,
  sign(seed, message) {
    using signer = makeMlDsaSigner(seed);
    return signer.sign(message);
  },
  verify(publicKey, message, signature) {
    if (publicKey.length !== suiteInfo[2].publicKeyBytes) return false;
    if (signature.length !== suiteInfo[2].signatureBytes) return false;
    return ml_dsa87.verify(signature, message, publicKey);
  },
};

/** The portable backends (@noble): every platform, the reference for the native ones. */
export const pureSuites: SuiteRegistry = {
  1: pureEd25519,
  2: pureMlDsa,
  3: makeHybrid(pureEd25519, pureMlDsa),
};
