import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';

/** The suite of consensus keys: votes, possession proofs, latency reports, genesis signatures. */
export const voteSuite: SuiteId = 1;

/** Length of a consensus public key, in bytes. */
export const consensusKeyBytes: number = suiteInfo[voteSuite].publicKeyBytes;

/** Length of a vote's signature, in bytes. */
export const voteSignatureBytes: number = suiteInfo[voteSuite].signatureBytes;
