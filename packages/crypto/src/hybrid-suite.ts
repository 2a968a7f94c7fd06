import { concatBytes } from '@mxd/codec';

import { taggedHash } from './hash.ts';
import { checkSeed, suiteInfo, type Signer, type SignatureSuite } from './suite-info.ts';

const classicalKeyBytes = suiteInfo[1].publicKeyBytes;
const classicalSignatureBytes = suiteInfo[1].signatureBytes;
const classicalSeedBytes = suiteInfo[1].seedBytes;

/**
 * Suite 3: an Ed25519 key and an ML-DSA-87 key side by side. Both sign H(`MXD5HYBR`, both keys ||
 * message), so that neither half is a signature of anything by itself, and both must verify.
 */
export function makeHybrid(classical: SignatureSuite, lattice: SignatureSuite): SignatureSuite {
  const boundMessage = (publicKey: Uint8Array, message: Uint8Array): Uint8Array =>
    taggedHash('MXD5HYBR', publicKey, message);

  const makeSigner = (seed: Uint8Array): Signer => {
    checkSeed(suiteInfo[3], seed);
    const first = classical.signer(seed.subarray(0, classicalSeedBytes));
    const second = lattice.signer(seed.subarray(classicalSeedBytes));
    const publicKey = concatBytes(first.publicKey, second.publicKey);
    return {
      suite: 3,
      publicKey,
      sign(message) {
        const bound = boundMessage(publicKey, message);
        return concatBytes(first.sign(bound), second.sign(bound));
      },
      [Symbol.dispose]() {
        first[Symbol.dispose]();
        second[Symbol.dispose]();
      },
    };
  };

  return {
    ...suiteInfo[3],
    backend:
      classical.backend === lattice.backend
        ? classical.backend
        : `${classical.backend} + ${lattice.backend}`,
    publicKeyOf(seed) {
      checkSeed(suiteInfo[3], seed);
      return concatBytes(
        classical.publicKeyOf(seed.subarray(0, classicalSeedBytes)),
        lattice.publicKeyOf(seed.subarray(classicalSeedBytes)),
      );
    },
    signer: makeSigner,
    sign(seed, message) {
      using signer = makeSigner(seed);
      return signer.sign(message);
    },
    verify(publicKey, message, signature) {
      if (publicKey.length !== suiteInfo[3].publicKeyBytes) return false;
      if (signature.length !== suiteInfo[3].signatureBytes) return false;
      const bound = boundMessage(publicKey, message);
      return (
        classical.verify(
          publicKey.subarray(0, classicalKeyBytes),
          bound,
          signature.subarray(0, classicalSignatureBytes),
        ) &&
        lattice.verify(
          publicKey.subarray(classicalKeyBytes),
          bound,
          signature.subarray(classicalSignatureBytes),
        )
      );
    },
  };
}
