import { toHex } from '@mxd/codec';
import { followEpochs } from '@mxd/ledger/snapshot';
import type { ChainParameters, VerifySignature } from '@mxd/protocol';
import { nextValidatorSet, type ValidatorSet } from '@mxd/protocol/checks';
import type { EpochProof } from '@mxd/protocol/messages';
import { tableHash } from '@mxd/protocol/table';

/** The validators of every epoch that proofs lead to from genesis, past a checkpoint if there is one. */
export class TrustedEpochs {
  readonly #parameters: ChainParameters;
  readonly #checkpoint: string;
  readonly #verify: VerifySignature;
  readonly #sets = new Map<number, ValidatorSet>();
  readonly #proofs = new Map<number, EpochProof>();
  #newest: ValidatorSet;

  /** `checkpoint`: `epoch:anchorHash:tableHash`, or empty. */
  constructor(
    genesis: ValidatorSet,
    parameters: ChainParameters,
    checkpoint: string,
    verify: VerifySignature,
  ) {
    this.#newest = genesis;
    this.#sets.set(genesis.epoch, genesis);
    this.#parameters = parameters;
    this.#checkpoint = checkpoint;
    this.#verify = verify;
  }

  get newest(): number {
    return this.#newest.epoch;
  }

  /** Whether what is known has passed the checkpoint. */
  get isAnchored(): boolean {
    return this.#newest.epoch >= Number(this.#checkpoint.split(':')[0]);
  }

  set(epoch: number): ValidatorSet | undefined {
    return this.#sets.get(epoch);
  }

  /** The proof that ends an epoch. */
  proof(epoch: number): EpochProof | undefined {
    return this.#proofs.get(epoch);
  }

  /** Takes the proof of the newest epoch's end. Gives what is wrong with it, if anything. */
  follow(proof: EpochProof): string | undefined {
    const verdict = followEpochs(this.#newest, this.#parameters, [proof], this.#verify);
    if (!verdict.ok) return verdict.reason;
    const next = nextValidatorSet(this.#newest, this.#parameters, proof);
    const text = [next.epoch, toHex(next.anchorHash), toHex(tableHash(next.table))].join(':');
    if (this.#checkpoint.startsWith(`${next.epoch}:`) && text !== this.#checkpoint) {
      return `epoch ${next.epoch} is not the one of the checkpoint`;
    }
    this.#proofs.set(proof.epoch, proof);
    this.#sets.set(next.epoch, next);
    this.#newest = next;
    return undefined;
  }
}
