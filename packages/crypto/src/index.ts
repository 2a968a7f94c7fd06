/**
 * The portable heart of the package: hashes, Merkle trees, signature suites and addresses. More is
 * behind subpaths; what needs Node is in `./native`, `./pool`, `./keystore` and `./locked-memory`.
 */
export {
  accountId,
  addressOfKey,
  addressOfPolicy,
  formatAddress,
  parseAddress,
  tryParseAddress,
  type Address,
  type AddressNetwork,
  type AddressVersion,
  type SpendingPolicy,
  type SuiteKey,
} from './address.ts';
export { CryptoError, type CryptoErrorCode } from './errors.ts';
export {
  domainTags,
  hash160,
  sha256,
  sha512,
  shake128,
  tagBytes,
  taggedHash,
  type DomainTag,
} from './hash.ts';
export {
  merkleRoot,
  MerkleFrontier,
  MerkleTree,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
export {
  activeSuites,
  installSuites,
  isSuiteId,
  pureSuites,
  suiteIds,
  suiteInfo,
  suiteOf,
  verifySignature,
  type SignatureSuite,
  type Signer,
  type SuiteId,
  type SuiteInfo,
  type SuiteRegistry,
} from './suites.ts';
