import type { ChainParameters } from '@mxd/protocol/parameters';
import type { VerifySignature } from '@mxd/protocol';
import { nextValidatorSet, verifyEpochProof, type ValidatorSet } from '@mxd/protocol/checks';
import type { EpochProof } from '@mxd/protocol/messages';

import type { LedgerErrorCode } from '../errors.ts';

export type FollowResult =
  | { readonly ok: true; readonly validators: ValidatorSet }
  | {
      readonly ok: false;
      readonly code: LedgerErrorCode;
      readonly reason: string;
      /** Position of the proof that failed. */
      readonly position: number;
    };

/**
 * The validators that epoch proofs lead to from a trusted set: genesis, or a checkpoint younger than
 * the unbonding time (docs/protocol/rsc.md, A6).
 */
export function followEpochs(
  start: ValidatorSet,
  parameters: Pick<ChainParameters, 'epochLength' | 'leaderMode'>,
  proofs: readonly EpochProof[],
  verify: VerifySignature,
): FollowResult {
  let validators = start;
  for (const [position, proof] of proofs.entries()) {
    const verdict = verifyEpochProof(validators, parameters, proof, verify);
    if (!verdict.ok) {
      const reason = `${verdict.code}: ${verdict.reason}`;
      return { ok: false, code: 'CHECKPOINT_PROOF', reason, position };
    }
    validators = nextValidatorSet(validators, parameters, proof);
  }
  return { ok: true, validators };
}
