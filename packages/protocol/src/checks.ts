import { equalBytes } from '@mxd/codec';
import { verifyInclusion } from '@mxd/crypto/merkle';

import { blockHashOf, type Header } from './block.ts';
import { certificateCodec, signerIndices, type Certificate } from './certificate.ts';
import { accepted, rejected, type Verdict } from './errors.ts';
import {
  genesisPossessionMessage,
  genesisSigningMessage,
  validatorIdOf,
  type Genesis,
} from './genesis.ts';
import { type EpochProof } from './messages.ts';
import { type ChainParameters } from './parameters.ts';
import {
  zeroId,
  type BlockHash,
  type ChainTag,
  type Digest,
  type ValidatorId,
  type Wtxid,
} from './primitives.ts';
import { leaderSchedule, previousSigner, signingOrder } from './schedule.ts';
import { tableHash, totalPower, type Table, type TableEntry } from './table.ts';
import { quorum } from './thresholds.ts';
import { voteKind, voteSigningMessage, type Vote } from './vote.ts';

/** Checks a consensus signature: (public key, message, signature). Must never throw. */
export type VerifySignature = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** Everything needed to judge votes and certificates of one epoch. */
export interface ValidatorSet {
  readonly chainTag: ChainTag;
  readonly epoch: number;
  readonly table: Table;
  readonly totalPower: number;
  /** Power that a certificate needs. */
  readonly quorum: number;
  /** Hash of the last block of the epoch before; of genesis for epoch 1. */
  readonly anchorHash: BlockHash;
  readonly schedule: readonly number[];
}

/** The validator set of an epoch from its table and anchor. */
export function validatorSet(
  chainTag: ChainTag,
  table: Table,
  parameters: Pick<ChainParameters, 'leaderMode'>,
  anchorHash: BlockHash,
): ValidatorSet {
  const total = totalPower(table);
  return {
    chainTag,
    epoch: table.epoch,
    table,
    totalPower: total,
    quorum: quorum(total),
    anchorHash,
    schedule: leaderSchedule(table, parameters.leaderMode, anchorHash),
  };
}

/** Table index of the leader of a view (1 or more). */
export function leaderOf(set: ValidatorSet, view: number): number {
  return set.schedule[(view - 1) % set.schedule.length] as number;
}

/** The id that the signer's vote in a view names as its predecessor. */
export function previousValidatorId(set: ValidatorSet, view: number, index: number): ValidatorId {
  const previous = previousSigner(index, leaderOf(set, view));
  return previous < 0 ? zeroId : (set.table.entries[previous] as TableEntry).id;
}

/** Whether a vote's signature is its signer's. False for a signer outside of the table. */
export function verifyVote(set: ValidatorSet, vote: Vote, verify: VerifySignature): boolean {
  const signer = set.table.entries[vote.signerIndex];
  if (signer === undefined || vote.epoch !== set.epoch || vote.view < 1) return false;
  const previous = previousValidatorId(set, vote.view, vote.signerIndex);
  const message = voteSigningMessage(set.chainTag, vote, previous);
  return verify(signer.consensusKey, message, vote.signature);
}

/** The votes that a certificate is made of, in signing order. The table must fit its size. */
export function certificateVotes(set: ValidatorSet, certificate: Certificate): readonly Vote[] {
  const { kind, epoch, view, blockHash, signers, n } = certificate;
  const set_ = new Set(signerIndices(n, signers));
  const order = signingOrder(n, leaderOf(set, view)).filter((index) => set_.has(index));
  return order.map((signerIndex, position) => {
    const entry = certificate.entries[position] as Certificate['entries'][number];
    return {
      kind,
      epoch,
      view,
      signerIndex,
      timestampMs: entry.timestampMs,
      blockHash,
      signature: entry.signature,
    };
  });
}

/** Everything about a certificate but its signatures: epoch, size and power. */
export function checkCertificateShape(set: ValidatorSet, certificate: Certificate): Verdict {
  const { entries } = set.table;
  if (certificate.epoch !== set.epoch) {
    return rejected('CERT_EPOCH', `epoch ${certificate.epoch}, not ${set.epoch}`);
  }
  if (certificate.view < 1) return rejected('CERT_VIEW', 'certificates start at view 1');
  if (certificate.n !== entries.length) {
    return rejected('CERT_SIZE', `${certificate.n} validators, not ${entries.length}`);
  }
  let power = 0;
  for (const index of signerIndices(certificate.n, certificate.signers)) {
    power += (entries[index] as TableEntry).power;
  }
  return power >= set.quorum
    ? accepted
    : rejected('CERT_POWER', `power ${power} of ${set.totalPower}; ${set.quorum} are needed`);
}

/** Whether a certificate is valid under a validator set: shape, power, then every signature. */
export function verifyCertificate(
  set: ValidatorSet,
  certificate: Certificate,
  verify: VerifySignature,
): Verdict {
  const shape = checkCertificateShape(set, certificate);
  if (!shape.ok) return shape;
  for (const vote of certificateVotes(set, certificate)) {
    if (!verifyVote(set, vote, verify)) {
      return rejected('CERT_SIGNATURE', `the signature of table index ${vote.signerIndex} is bad`);
    }
  }
  return accepted;
}

/** Header versions that this software understands. */
export const knownProtocolVersions: ReadonlySet<number> = new Set([1]);

/**
 * Whether a proof leads from a validator set to the table after it: a finalization of the epoch's
 * last block, whose header commits to the next table.
 */
export function verifyEpochProof(
  set: ValidatorSet,
  parameters: Pick<ChainParameters, 'epochLength'>,
  proof: EpochProof,
  verify: VerifySignature,
): Verdict {
  const { header } = proof;
  if (!knownProtocolVersions.has(header.version)) {
    return rejected('EPOCH_PROOF_VERSION', `protocol version ${header.version} is unknown`);
  }
  if (proof.epoch !== set.epoch || header.epoch !== set.epoch) {
    return rejected('CERT_EPOCH', `epoch ${proof.epoch}, not ${set.epoch}`);
  }
  if (header.height !== set.epoch * parameters.epochLength) {
    return rejected(
      'EPOCH_PROOF_HEIGHT',
      `height ${header.height} is no end of epoch ${set.epoch}`,
    );
  }
  const decoded = certificateCodec.tryDecode(proof.finalization);
  if (!decoded.ok) return rejected('CERT_SIGNATURE', decoded.error.message);
  if (decoded.value.kind !== voteKind.finalize) {
    return rejected('EPOCH_PROOF_KIND', `certificate kind ${decoded.value.kind}`);
  }
  if (!equalBytes(decoded.value.blockHash, blockHashOf(header))) {
    return rejected('EPOCH_PROOF_HASH', 'the finalization is for another block');
  }
  if (
    proof.nextTable.epoch !== set.epoch + 1 ||
    !equalBytes(tableHash(proof.nextTable), header.nextTableHash)
  ) {
    return rejected('EPOCH_PROOF_TABLE', 'the header commits to another next table');
  }
  return verifyCertificate(set, decoded.value, verify);
}

/** The validator set that an epoch proof, once verified, leads to. */
export function nextValidatorSet(
  set: ValidatorSet,
  parameters: Pick<ChainParameters, 'leaderMode'>,
  proof: EpochProof,
): ValidatorSet {
  return validatorSet(set.chainTag, proof.nextTable, parameters, blockHashOf(proof.header));
}

/** Whether a finalization proves that a header is final. */
export function verifyFinalHeader(
  set: ValidatorSet,
  header: Header,
  finalization: Certificate,
  verify: VerifySignature,
): Verdict {
  if (finalization.kind !== voteKind.finalize) {
    return rejected('EPOCH_PROOF_KIND', `certificate kind ${finalization.kind}`);
  }
  if (!equalBytes(finalization.blockHash, blockHashOf(header))) {
    return rejected('EPOCH_PROOF_HASH', 'the finalization is for another block');
  }
  return verifyCertificate(set, finalization, verify);
}

/** Where a transaction stands in its block, and the audit path to the block's `txRoot`. */
export interface InclusionProof {
  readonly index: number;
  readonly txCount: number;
  readonly path: readonly Uint8Array[];
}

/** Whether a transaction is in the block of a header with this `txRoot`. */
export function verifyTransactionInclusion(
  txRoot: Digest,
  wtxid: Wtxid,
  proof: InclusionProof,
): Verdict {
  const { index, txCount, path } = proof;
  return verifyInclusion({ root: txRoot, leaf: wtxid, index, size: txCount, proof: path })
    ? accepted
    : rejected('INCLUSION_PROOF', 'the proof leads to another root');
}

/** Whether all members of a genesis document hold their keys and have signed it. */
export function verifyGenesis(genesis: Genesis, verify: VerifySignature): Verdict {
  const { document, signatures } = genesis;
  for (const [i, member] of document.members.entries()) {
    if (!equalBytes(member.id, validatorIdOf(member.accountSuite, member.accountKey))) {
      return rejected('GENESIS_MEMBERS', `member ${i} has the id of another account key`);
    }
    const message = genesisPossessionMessage(document.networkId, member.id, member.consensusKey);
    if (!verify(member.consensusKey, message, member.possessionSignature)) {
      return rejected('GENESIS_MEMBERS', `member ${i} does not prove its consensus key`);
    }
  }
  const message = genesisSigningMessage(document);
  for (const [i, member] of document.members.entries()) {
    const signature = signatures[i];
    if (signature === undefined || !verify(member.consensusKey, message, signature)) {
      return rejected('GENESIS_SIGNATURES', `member ${i} has not signed the document`);
    }
  }
  return signatures.length === document.members.length
    ? accepted
    : rejected('GENESIS_SIGNATURES', 'there are more signatures than members');
}
