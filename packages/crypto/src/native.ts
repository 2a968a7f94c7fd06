/**
 * Native backends, for Node only: libsodium for Ed25519, OpenSSL for ML-DSA-87. Each is chosen by a
 * self-test and has the accept set of the portable one (docs/protocol/encoding.md, "Signature
 * suites").
 */
import { hashBackend, installHashBackend, makeSodiumHashes } from './hash-backend.ts';
import { makeHybrid } from './hybrid-suite.ts';
import { nodeEd25519, makeSodiumEd25519 } from './native-ed25519.ts';
import { nodeMlDsa } from './native-ml-dsa.ts';
import { pureSuites } from './pure-suites.ts';
import { passesSelfTest } from './self-test.ts';
import { sodium } from './sodium.ts';
import { installSuites, type SignatureSuite, type SuiteId, type SuiteRegistry } from './suites.ts';

export { mlDsaKeyCacheStats, type KeyCacheStats } from './native-ml-dsa.ts';

/** Every native backend that this platform can load, fastest first, tested or not. */
export function nativeCandidates(): readonly SignatureSuite[] {
  const classical = sodium === undefined ? [] : [makeSodiumEd25519(sodium)];
  return [...classical, nodeEd25519, nodeMlDsa];
}

function choose(id: 1 | 2): SignatureSuite {
  const fit = nativeCandidates().find((suite) => suite.id === id && passesSelfTest(suite));
  return fit ?? pureSuites[id];
}

let chosen: SuiteRegistry | undefined;

/**
 * The fastest backend of each suite that passes its self-test here; the portable one where none
 * does (`backend` says which). Chosen at the first call, then kept.
 */
export function nativeSuites(): SuiteRegistry {
  if (chosen === undefined) {
    const classical = choose(1);
    const lattice = choose(2);
    chosen = { 1: classical, 2: lattice, 3: makeHybrid(classical, lattice) };
  }
  return chosen;
}

/** Which backend serves each suite. */
export type BackendReport = Readonly<Record<SuiteId, string>>;

/** Makes the native backends those in use in this thread, and says which they are. */
export function installNative(): BackendReport {
  const suites = nativeSuites();
  installSuites(suites);
  if (sodium !== undefined && hashBackend().name !== 'libsodium') {
    const hashes = makeSodiumHashes(sodium, hashBackend());
    if (hashes !== undefined) installHashBackend(hashes);
  }
  return { 1: suites[1].backend, 2: suites[2].backend, 3: suites[3].backend };
}
