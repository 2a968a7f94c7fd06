import { equalBytes } from '@mxd/codec';
import { tagBytes } from '@mxd/crypto/hash';
import {
  type ChainTag,
  type GenesisDocument,
  type SystemRecord,
  type ValidatorId,
  type Vote,
} from '@mxd/protocol';
import { genesisPossessionMessage, genesisSigningMessage } from '@mxd/protocol/genesis';
import {
  latencyMessage,
  possessionMessage,
  type JoinRecord,
  type RotateRecord,
} from '@mxd/protocol/system-records';
import { voteSigningMessage } from '@mxd/protocol/vote';

import { type ConsensusErrorCode } from '../errors.ts';
import { type RecoveredJournal, type SignAnswer, type VoteRequest } from '../types.ts';
import { GuardMemory } from './memory.ts';

/** The key itself, held by crypto: signs any bytes, and is handed to the guard and nobody else. */
export interface GuardedKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export interface SignGuardOptions {
  readonly key: GuardedKey;
  readonly chainTag: ChainTag;
  /** What the journal of this very key holds; absent: the key never signs votes (J8, J10). */
  readonly journal: RecoveredJournal | undefined;
}

const peerTag = tagBytes('RSC1PEER');
const maxPeerProofBytes = 1_024;

/** A signature, or why there is none. */
export type GuardSignature =
  | { readonly ok: true; readonly signature: Uint8Array }
  | { readonly ok: false; readonly code: ConsensusErrorCode };

const refused = (code: ConsensusErrorCode): { readonly ok: false; readonly code: typeof code } => ({
  ok: false,
  code,
});

/**
 * The only code that signs with a consensus key: votes, LATENCY records, possession proofs, peer
 * proofs and the genesis signature, each under its own tag, and nothing else. It refuses by its own
 * memory, whatever the core asks (docs/protocol/rsc.md, "Journal", signer rule).
 */
export class SignGuard {
  readonly #key: GuardedKey;
  readonly #chainTag: ChainTag;
  readonly #memory = new GuardMemory();
  readonly #mayVote: boolean;
  /** Refusals by code, for metrics. */
  readonly refusals: Map<ConsensusErrorCode, number> = new Map();

  constructor(options: SignGuardOptions) {
    this.#key = options.key;
    this.#chainTag = options.chainTag;
    this.#mayVote = options.journal !== undefined;
    if (options.journal !== undefined) this.#memory.restore(options.journal);
  }

  get publicKey(): Uint8Array {
    return this.#key.publicKey;
  }
  get epoch(): number {
    return this.#memory.epoch;
  }
  get floor(): number {
    return this.#memory.floor;
  }

  #refuse(code: ConsensusErrorCode): { readonly ok: false; readonly code: ConsensusErrorCode } {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    return refused(code);
  }

  /** Signs a vote, or answers with the same bytes as before, or refuses. */
  signVote(request: VoteRequest): SignAnswer {
    if (!this.#mayVote) return this.#refuse('GUARD_DISABLED');
    const decision = this.#memory.decide(request);
    if (decision.type === 'refuse') return this.#refuse(decision.code);
    if (decision.type === 'repeat') {
      return { ok: true, vote: decision.vote, signature: decision.vote.signature };
    }
    const { previous, ...content } = request;
    const message = voteSigningMessage(this.#chainTag, content, previous);
    const vote: Vote = { ...content, signature: this.#key.sign(message) };
    this.#memory.remember(vote);
    return { ok: true, vote, signature: vote.signature };
  }

  /** Nothing at or below is signed again. Only ever raised. */
  raiseFloor(epoch: number, view: number): void {
    this.#memory.raiseFloor(epoch, view);
  }

  /** Signs the own LATENCY record. */
  signLatency(record: SystemRecord): GuardSignature {
    if (!this.#mayVote) return this.#refuse('GUARD_DISABLED');
    if (record.type !== 5) return this.#refuse('GUARD_MESSAGE');
    return this.#sign(latencyMessage(this.#chainTag, record));
  }

  /** Proves possession of this key in a JOIN or ROTATE record that names it. */
  signPossession(record: JoinRecord | RotateRecord): GuardSignature {
    const named = record.type === 1 ? record.consensusKey : record.newConsensusKey;
    if (!equalBytes(named, this.#key.publicKey)) return this.#refuse('GUARD_KEY');
    return this.#sign(possessionMessage(this.#chainTag, record));
  }

  /** Proves possession on a connection: `RSC1PEER`, chainTag, both identities and nonces. */
  signPeerProof(payload: Uint8Array): GuardSignature {
    const isProof =
      payload.length > 40 &&
      payload.length <= maxPeerProofBytes &&
      equalBytes(payload.subarray(0, 8), peerTag) &&
      equalBytes(payload.subarray(8, 40), this.#chainTag);
    return isProof ? this.#sign(payload) : this.#refuse('GUARD_MESSAGE');
  }

  #sign(message: Uint8Array): GuardSignature {
    return { ok: true, signature: this.#key.sign(message) };
  }
}

/**
 * Signatures of the genesis ceremony, when `chainTag` does not exist yet. At most one document per
 * attempt.
 */
export class GenesisGuard {
  readonly #key: GuardedKey;
  #attempt = -1;
  #signed: Uint8Array | undefined;

  constructor(key: GuardedKey) {
    this.#key = key;
  }

  /** The member's proof that it holds the key it announces. */
  signPossession(networkId: number, id: ValidatorId): Uint8Array {
    return this.#key.sign(genesisPossessionMessage(networkId, id, this.#key.publicKey));
  }

  /** Signs a document of a later attempt than any before, or the same one again. */
  signDocument(document: GenesisDocument): GuardSignature {
    const message = genesisSigningMessage(document);
    const isSame = this.#signed !== undefined && equalBytes(this.#signed, message);
    if (!isSame && document.attempt <= this.#attempt) return refused('GENESIS_ATTEMPT');
    this.#attempt = document.attempt;
    this.#signed = message;
    return { ok: true, signature: this.#key.sign(message) };
  }
}
