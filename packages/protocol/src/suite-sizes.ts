import { refine, u8, type Codec } from '@mxd/codec';
import { suiteInfo, type SuiteId } from '@mxd/crypto/suites';

/** Whether a number names a signature suite. */
export const isSuiteId = (suite: number): suite is SuiteId =>
  suite === 1 || suite === 2 || suite === 3;

/** A suite's id: u8, 1 to 3. */
export const suiteIdCodec: Codec<SuiteId> = refine(u8, (suite) =>
  isSuiteId(suite) ? undefined : `signature suite ${suite} is unknown`,
) as Codec<SuiteId>;

/** The suite of consensus keys: votes, possession proofs, latency reports, genesis signatures. */
export const voteSuite: SuiteId = 1;

/** Length of a consensus public key, in bytes. */
export const consensusKeyBytes: number = suiteInfo[voteSuite].publicKeyBytes;

/** Length of a vote's signature, in bytes. */
export const voteSignatureBytes: number = suiteInfo[voteSuite].signatureBytes;
