import { nodeEd25519, makeSodiumEd25519 } from '../src/native-ed25519.ts';
import { nodeMlDsa } from '../src/native-ml-dsa.ts';
import { pureSuites } from '../src/pure-suites.ts';
import { sodium } from '../src/sodium.ts';
import type { SignatureSuite } from '../src/suite-info.ts';

if (sodium === undefined) throw new Error('these tests need libsodium');

/** Every backend of Ed25519, the portable one first. */
export const ed25519Backends: readonly SignatureSuite[] = [
  pureSuites[1],
  makeSodiumEd25519(sodium),
  nodeEd25519,
];

/** Every backend of ML-DSA-87, the portable one first. */
export const mlDsaBackends: readonly SignatureSuite[] = [pureSuites[2], nodeMlDsa];
