import { equalBytes } from '@mxd/codec';
import { voteCodec, type Vote, type VoteKind } from '@mxd/protocol';

import { type ConsensusErrorCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { recordType, type RecoveredJournal, type VoteRequest } from '../types.ts';

type Kinds = (Vote | undefined)[];

/** What the guard's memory says about a request: sign it, repeat this vote, or refuse. */
export type GuardDecision =
  | { readonly type: 'sign' }
  | { readonly type: 'repeat'; readonly vote: Vote }
  | { readonly type: 'refuse'; readonly code: ConsensusErrorCode };

const refuse = (code: ConsensusErrorCode): GuardDecision => ({ type: 'refuse', code });

/**
 * The guard's own memory of one key: the newest epoch, its floor, and every vote above the floor.
 * It trusts nothing that the core believes.
 */
export class GuardMemory {
  #epoch = 0;
  #floor = 0;
  readonly #views = new Map<number, Kinds>();

  get epoch(): number {
    return this.#epoch;
  }
  get floor(): number {
    return this.#floor;
  }
  /** Views remembered; at most `limits.guardViews`. */
  get size(): number {
    return this.#views.size;
  }

  /** Takes up what the journal of the key holds (J7). */
  restore(journal: RecoveredJournal, signerKeyIndex?: (vote: Vote) => boolean): void {
    this.#enterEpoch(journal.newestEpoch);
    this.raiseFloor(journal.newestEpoch, journal.floors.get(journal.newestEpoch) ?? 0);
    for (const record of journal.epochs.get(journal.newestEpoch) ?? []) {
      if (record.type !== recordType.vote) continue;
      const decoded = voteCodec.tryDecode(record.payload);
      if (!decoded.ok || decoded.value.epoch !== this.#epoch) continue;
      if (signerKeyIndex?.(decoded.value) === false) continue;
      this.remember(decoded.value);
    }
  }

  /** Nothing at or below is ever signed again; the votes there are forgotten (J6). */
  raiseFloor(epoch: number, view: number): void {
    if (epoch > this.#epoch) this.#enterEpoch(epoch);
    if (epoch !== this.#epoch || view <= this.#floor) return;
    this.#floor = view;
    for (const old of this.#views.keys()) if (old <= view) this.#views.delete(old);
  }

  #enterEpoch(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#floor = 0;
    this.#views.clear();
  }

  /** J6 first (epoch, floor), then idempotence, then the three exclusions. */
  decide(request: VoteRequest): GuardDecision {
    const { kind, epoch, view } = request;
    if (epoch < this.#epoch) return refuse('GUARD_EPOCH');
    if (epoch > this.#epoch) return { type: 'sign' };
    if (view <= this.#floor) return refuse('GUARD_FLOOR');
    const held = this.#views.get(view);
    const same = held?.[kind];
    if (same !== undefined) {
      const isSame = equalBytes(same.blockHash, request.blockHash);
      return isSame ? { type: 'repeat', vote: same } : refuse('GUARD_CONFLICT');
    }
    if (held !== undefined && excludes(held, kind)) return refuse('GUARD_CONFLICT');
    if (held === undefined && this.#views.size >= limits.guardViews.value) {
      return refuse('GUARD_FULL');
    }
    return { type: 'sign' };
  }

  /** Remembers a vote that is about to be released. */
  remember(vote: Vote): void {
    this.#enterEpoch(vote.epoch);
    const held = this.#views.get(vote.view) ?? [undefined, undefined, undefined, undefined];
    held[vote.kind] ??= vote;
    this.#views.set(vote.view, held);
  }
}

/** NOTARIZE after NULLIFY, NULLIFY after FINALIZE, FINALIZE after NULLIFY. */
function excludes(held: Kinds, kind: VoteKind): boolean {
  if (kind === 2) return held[3] !== undefined;
  return held[2] !== undefined;
}
