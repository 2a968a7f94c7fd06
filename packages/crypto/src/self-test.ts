import { equalBytes, fromHex } from '@mxd/codec';

import { sha512 } from './hash.ts';
import { pureSuites } from './pure-suites.ts';
import type { SignatureSuite } from './suite-info.ts';

/** RFC 8032, 7.1, TEST 2. */
const ed25519Vector = {
  seed: fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
  publicKey: fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  message: fromHex('72'),
  signature: fromHex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ),
};

/** S of the vector plus L: the same number modulo L, refused as malleable. */
const malleableSignature = fromHex(
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
    'f52db7415978abc61b2c2eb6aeebfca0387b2eaeb4302aeeb00d291612bb0c10',
);

/** Key and commitment of mixed order: where cofactored and cofactorless verification part. */
const mixedOrderKey = fromHex('c0dc91ee0cd7e99269b6c7cc63416367db5c6d6573246855c269bad7215d6f14');
const mixedOrder = {
  accepted: {
    message: fromHex('05'),
    signature: fromHex(
      'da6a20a54a3aec21ab14f5eb9c338d5836055b96ade76cea11cd90e8ebc22d89' +
        '8d1c4c088d008d2d01681b0ed62cc46b134d5fbfaf1c3f1be8cd3d836764330f',
    ),
  },
  refused: {
    message: fromHex('00'),
    signature: fromHex(
      'e17840670d1027465e46e9f80b8bfff49119ab828a39a534fac9457e98c8c834' +
        '732df0fb3855b29db0caa726e145501a7b67ef18d7912038911b311de7d37207',
    ),
  },
};

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = bytes.slice();
  copy[index] = (copy[index] as number) ^ 1;
  return copy;
}

function testEd25519(suite: SignatureSuite): boolean {
  const { seed, publicKey, message, signature } = ed25519Vector;
  const { accepted, refused } = mixedOrder;
  return (
    equalBytes(suite.publicKeyOf(seed), publicKey) &&
    equalBytes(suite.sign(seed, message), signature) &&
    suite.verify(publicKey, message, signature) &&
    !suite.verify(publicKey, message, flipped(signature, 0)) &&
    !suite.verify(publicKey, message, flipped(signature, 40)) &&
    !suite.verify(publicKey, flipped(message, 0), signature) &&
    !suite.verify(publicKey, message, malleableSignature) &&
    suite.verify(mixedOrderKey, accepted.message, accepted.signature) &&
    !suite.verify(mixedOrderKey, refused.message, refused.signature)
  );
}

const mlDsaSeed = new Uint8Array(32).fill(0x5a);
/** SHA-512 of the ML-DSA-87 public key of that seed, on which OpenSSL and @noble agree. */
const mlDsaKeyDigest = fromHex(
  '2d7b34ff624bd47d49f3dced05f6da738fa67e9c9ccdf7e6304bfbc9454f1e8d' +
    'b3b6c707f3b6ac734812cc3ea4a6b62f630392fdd6ebd04d6ea52d9ccd096444',
);

function testMlDsa(suite: SignatureSuite): boolean {
  const message = Uint8Array.of(0x72);
  const publicKey = suite.publicKeyOf(mlDsaSeed);
  const signature = suite.sign(mlDsaSeed, message);
  return (
    equalBytes(sha512(publicKey), mlDsaKeyDigest) &&
    pureSuites[2].verify(publicKey, message, signature) &&
    suite.verify(publicKey, message, signature) &&
    !suite.verify(publicKey, message, flipped(signature, 0)) &&
    !suite.verify(publicKey, message, flipped(signature, 2000)) &&
    !suite.verify(publicKey, message, flipped(signature, signature.length - 1)) &&
    !suite.verify(publicKey, flipped(message, 0), signature) &&
    !suite.verify(flipped(publicKey, 100), message, signature)
  );
}

/**
 * Whether a backend of suite 1 or 2 signs and judges as it must, the edge of the accept set
 * included. A few milliseconds; false for whatever goes wrong.
 */
export function passesSelfTest(suite: SignatureSuite): boolean {
  try {
    return suite.id === 1 ? testEd25519(suite) : testMlDsa(suite);
  } catch {
    return false;
  }
}
