import { compareBytes, equalBytes } from '@mxd/codec';
import { previousValidatorId } from '@mxd/protocol/checks';
import { keyOf } from '@mxd/protocol/primitives';
import { type EvidenceRecord } from '@mxd/protocol/system-records';
import { voteKind, voteSigningMessage, type Vote } from '@mxd/protocol/vote';

import { withRegistryEntry } from './account-records.ts';
import { failed } from './errors.ts';
import { mapGet, mapSet } from './ordered-map.ts';
import { type CodedClaim, type RecordRules } from './record-rules.ts';
import { type EvidenceKey, type RegistryEntry, type ValidatorFailure } from './types.ts';
import { activeParameters, epochOf, registryEntry, validatorSetOf } from './views.ts';

/** Orders evidence keys by id, then epoch, as section 9 does. */
export const evidenceKeyOf = ({ id, epoch }: EvidenceKey): string =>
  keyOf(id) + epoch.toString(16).padStart(8, '0');

/** Canonical form: one signer, epoch and view; the votes in order of kind and hash. */
function checkForm({ voteA, voteB }: EvidenceRecord): ValidatorFailure | undefined {
  const isOnePlace =
    voteA.signerIndex === voteB.signerIndex &&
    voteA.epoch === voteB.epoch &&
    voteA.view === voteB.view;
  if (!isOnePlace) return failed('EVIDENCE_FORM', 'the votes differ in signer, epoch or view');
  const order = voteA.kind - voteB.kind || compareBytes(voteA.blockHash, voteB.blockHash);
  if (order > 0) return failed('EVIDENCE_FORM', 'the votes are in the wrong order');
  if (order === 0) return failed('EVIDENCE_NO_CONFLICT', 'the votes differ in time at most');
  const { notarize, nullify, finalize } = voteKind;
  const isConflict =
    voteA.kind === voteB.kind
      ? voteA.kind === notarize || voteA.kind === finalize
      : voteA.kind === nullify && voteB.kind === finalize;
  return isConflict
    ? undefined
    : failed('EVIDENCE_NO_CONFLICT', `votes of kinds ${voteA.kind} and ${voteB.kind} are legal`);
}

/** EVIDENCE: two votes that no correct validator signs both. */
export const evidenceRules: RecordRules<EvidenceRecord> = {
  check(state, record) {
    const { voteA, signerId } = record;
    const form = checkForm(record);
    if (form !== undefined) return form;
    const { epoch } = voteA;
    const age = epochOf(state) - epoch;
    const set = validatorSetOf(state, epoch);
    if (age < 0 || age > activeParameters(state).evidenceMaxEpochs || set === undefined) {
      return failed('EVIDENCE_EPOCH', `votes of epoch ${epoch} in epoch ${epochOf(state)}`);
    }
    const signer = set.table.entries[voteA.signerIndex];
    if (signer === undefined || !equalBytes(signer.id, signerId)) {
      return failed('EVIDENCE_SIGNER', `table index ${voteA.signerIndex} of epoch ${epoch}`);
    }
    return mapGet(state.evidence, evidenceKeyOf({ id: signerId, epoch })) === undefined
      ? undefined
      : failed('EVIDENCE_PROCESSED', `${keyOf(signerId)} was convicted for epoch ${epoch}`);
  },
  claims(state, { voteA, voteB }) {
    const { chainTag } = state.chain;
    const set = validatorSetOf(state, voteA.epoch);
    const signer = set?.table.entries[voteA.signerIndex];
    if (set === undefined || signer === undefined) return [];
    const previous = previousValidatorId(set, voteA.view, voteA.signerIndex);
    const claim = (vote: Vote): CodedClaim => ({
      code: 'EVIDENCE_SIGNATURE',
      suite: 1,
      publicKey: signer.consensusKey,
      message: voteSigningMessage(chainTag, vote, previous),
      signature: vote.signature,
    });
    return [claim(voteA), claim(voteB)];
  },
  apply(state, { voteA, signerId }, { height }) {
    const entry = registryEntry(state, signerId) as RegistryEntry;
    const { id } = entry;
    const until = height + activeParameters(state).blacklistBlocks;
    const blacklistedUntil = Math.max(entry.blacklistedUntil, until);
    const key = { id, epoch: voteA.epoch };
    return {
      ...withRegistryEntry(state, { ...entry, blacklistedUntil, lastEvidenceHeight: height }),
      evidence: mapSet(state.evidence, evidenceKeyOf(key), key),
    };
  },
};
