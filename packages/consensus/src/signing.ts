import { zeroHash } from '@mxd/protocol/primitives';
import { type BlockHash, type Vote, type VoteKind } from '@mxd/protocol';
import { previousValidatorId } from '@mxd/protocol/checks';
import { voteCodec } from '@mxd/protocol';
import { blockCodec } from '@mxd/protocol';

import { append, encoded, toValidators } from './effects.ts';
import {
  blockOf,
  F,
  N,
  slotOf,
  Z,
  type BlockEntry,
  type RunningState,
  type Slot,
} from './state.ts';
import { recordType, type Steps } from './types.ts';

/** Whether this node may sign at all now: member, intact journal, not observing (J8, J9). */
export function maySign(s: RunningState): boolean {
  const isMember = s.config.signing && s.epoch.selfIndex >= 0;
  return isMember && s.observeUntilMs < 0 && s.halted === undefined;
}

function isAllowed(slot: Slot, kind: VoteKind): boolean {
  if (kind === N) return slot.mine[Z] === undefined;
  if (kind === Z) return slot.mine[F] === undefined;
  return slot.mine[Z] === undefined;
}

/**
 * The core's side of every signature: J6's floor first, then idempotence (the stored vote, the same
 * bytes), then exclusivity. The guard checks the same again by its own memory.
 */
export function* signVote(
  s: RunningState,
  kind: VoteKind,
  view: number,
  hash: BlockHash,
): Steps<Vote | undefined> {
  const e = s.epoch;
  if (!maySign(s) || e.selfKey === undefined || view <= e.floor) return undefined;
  const slot = slotOf(e, view);
  const stored = slot.mine[kind];
  if (stored !== undefined || !isAllowed(slot, kind)) return undefined;
  const answer = yield {
    type: 'sign',
    key: e.selfKey,
    request: {
      kind,
      epoch: e.epoch,
      view,
      signerIndex: e.selfIndex,
      timestampMs: kind === Z ? 0 : s.wallMs,
      blockHash: kind === Z ? zeroHash : hash,
      previous: previousValidatorId(e.set, view, e.selfIndex),
    },
  };
  if (answer?.ok !== true) {
    if (answer !== undefined) yield { type: 'warn', code: answer.code, details: { view, kind } };
    return undefined;
  }
  slot.mine[kind] = answer.vote;
  yield append(recordType.vote, voteCodec.encode(answer.vote));
  return answer.vote;
}

/** Sends an own vote and counts it (R0: after the current handler). */
export function* publish(s: RunningState, vote: Vote): Steps {
  const e = s.epoch;
  s.queue.push({ epoch: e.epoch, vote });
  yield toValidators(e, encoded({ type: 0x11, vote }));
}

/**
 * NULLIFY(v) for the current view. Never after an own FINALIZE(v); an own NOTARIZE does not forbid
 * it.
 */
export function* nullify(s: RunningState): Steps {
  const e = s.epoch;
  const vote = yield* signVote(s, Z, e.view, zeroHash);
  if (vote === undefined) return;
  s.counters.nullifications++;
  yield* publish(s, vote);
}

/** J4: the body is in the journal before the vote that depends on it. */
export function* appendBlock(entry: BlockEntry): Steps {
  if (entry.appended) return;
  const block = blockOf(entry);
  if (block === undefined) return;
  entry.appended = true;
  yield append(recordType.block, blockCodec.encode(block));
}

/** FINALIZE(v, h): on a notarization, with the body durable and valid, unless NULLIFYed. */
export function* tryFinalize(s: RunningState, view: number): Steps {
  const e = s.epoch;
  const slot = e.slots.get(view);
  const notarization = slot?.certificates[N];
  if (slot === undefined || notarization === undefined || view <= e.lastFinalView) return;
  if (slot.mine[Z] !== undefined || slot.mine[F] !== undefined) return;
  const entry = s.tree.get(notarization.key);
  if (entry === undefined || entry.state !== 'valid') return;
  if (!maySign(s) || view <= e.floor) return;
  yield* appendBlock(entry);
  const vote = yield* signVote(s, F, view, notarization.certificate.blockHash);
  if (vote !== undefined) yield* publish(s, vote);
}
