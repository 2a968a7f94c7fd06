import {
  nextValidatorSet,
  validatorSet,
  verifyEpochProof,
  type ValidatorSet,
  type VerifySignature,
} from '@mxd/protocol/checks';
import { rejected, type Verdict } from '@mxd/protocol/errors';
import type { EpochProof } from '@mxd/protocol/messages';

import { type Checkpoint } from './checkpoint.ts';
import { epochProofCodec } from './epoch-proof-codec.ts';
import { ClientError } from './errors.ts';
import * as bounds from './bounds.ts';

/**
 * The validators of every epoch from a checkpoint to the newest that was proven. Proofs are kept
 * encoded, for receipts; sets are made from them when needed.
 */
export class EpochChain {
  readonly checkpoint: Checkpoint;
  readonly #verify: VerifySignature;
  readonly #proofs: Uint8Array[] = [];
  readonly #sets = new Map<number, ValidatorSet>();
  #newest: ValidatorSet;

  constructor(checkpoint: Checkpoint, verify: VerifySignature) {
    this.checkpoint = checkpoint;
    this.#verify = verify;
    const { chainTag, table, anchorHash } = checkpoint;
    this.#newest = validatorSet(chainTag, table, checkpoint, anchorHash);
    this.#sets.set(table.epoch, this.#newest);
  }

  /** The newest epoch whose validators are known. */
  get epoch(): number {
    return this.#newest.epoch;
  }

  /** The validators of the newest epoch. */
  get newest(): ValidatorSet {
    return this.#newest;
  }

  /** The proofs that lead from the checkpoint to an epoch. */
  proofsTo(epoch: number): readonly Uint8Array[] {
    return this.#proofs.slice(0, Math.max(epoch - this.checkpoint.table.epoch, 0));
  }

  /**
   * Adds the proof of the newest epoch, if it holds.
   * @throws ClientError CLIENT_EPOCHS at the bound.
   */
  append(encoded: Uint8Array): Verdict {
    if (this.#proofs.length >= bounds.epochProofs) {
      throw new ClientError(
        'CLIENT_EPOCHS',
        `${bounds.epochProofs} epochs lie behind the checkpoint: use a newer one`,
      );
    }
    const decoded = epochProofCodec.tryDecode(encoded);
    if (!decoded.ok) return rejected('CERT_SIGNATURE', decoded.error.message);
    const proof = decoded.value;
    const verdict = this.#check(proof);
    if (!verdict.ok) return verdict;
    this.#proofs.push(encoded);
    this.#newest = nextValidatorSet(this.#newest, this.checkpoint, proof);
    this.#keep(this.#newest);
    return verdict;
  }

  /** The validators of an epoch from the checkpoint's to the newest; undefined outside. */
  set(epoch: number): ValidatorSet | undefined {
    if (epoch === this.epoch) return this.#newest;
    const known = this.#sets.get(epoch);
    if (known !== undefined) return known;
    const first = this.checkpoint.table.epoch;
    const encoded = this.#proofs[epoch - 1 - first];
    if (encoded === undefined) return epoch === first ? this.#first() : undefined;
    // The proof was checked when it was appended.
    const set = nextValidatorSet(this.#newest, this.checkpoint, epochProofCodec.decode(encoded));
    this.#keep(set);
    return set;
  }

  #first(): ValidatorSet {
    const { chainTag, table, anchorHash } = this.checkpoint;
    return validatorSet(chainTag, table, this.checkpoint, anchorHash);
  }

  #check(proof: EpochProof): Verdict {
    const { checkpoint } = this;
    if (proof.header.networkId !== checkpoint.networkId) {
      return rejected('EPOCH_PROOF_HASH', 'the header is of another network');
    }
    return verifyEpochProof(this.#newest, checkpoint, proof, this.#verify);
  }

  #keep(set: ValidatorSet): void {
    this.#sets.set(set.epoch, set);
    if (this.#sets.size <= bounds.validatorSets) return;
    const [oldest] = this.#sets.keys();
    if (oldest !== undefined) this.#sets.delete(oldest);
  }

  /** The newest epoch as a checkpoint of its own, to start from next time. */
  toCheckpoint(): Checkpoint {
    const { table, anchorHash } = this.#newest;
    return { ...this.checkpoint, table, anchorHash };
  }
}
