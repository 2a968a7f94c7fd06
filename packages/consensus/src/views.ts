import { leaderOf } from '@mxd/protocol';

import { measureEntry } from './activity.ts';
import { timer } from './effects.ts';
import { limits } from './limits.ts';
import { grown } from './policy.ts';
import {
  F,
  N,
  Z,
  blockCertificate,
  headerOf,
  type EpochState,
  type RunningState,
  type Slot,
} from './state.ts';
import { type Steps } from './types.ts';
import { isSkipped, tryNullify } from './voting.ts';

/** tLeader of the current view: grows with the views since the last finalized one. */
export function leaderTimeoutMs(s: RunningState): number {
  const { policy } = s.config;
  const k = Math.max(0, s.epoch.view - s.epoch.lastFinalView - 3);
  const base = grown(policy.leaderTimeoutMs, k, policy.leaderTimeoutCapMs);
  return s.epoch.idle ? base + policy.emptyDelayMs : base;
}

/** tView of the current view. */
export function viewTimeoutMs(s: RunningState): number {
  const { policy } = s.config;
  const k = Math.max(0, s.epoch.view - s.epoch.lastFinalView - 3);
  const base = grown(policy.viewTimeoutMs, k, policy.viewTimeoutCapMs);
  return s.epoch.idle ? base + policy.emptyDelayMs : base;
}

/** Timers: decided by what the certificate of view - 1 is about, never by a mempool. */
function isIdle(s: RunningState): boolean {
  const e = s.epoch;
  const held = blockCertificate(e, e.view - 1);
  const header =
    e.view === 1 ? e.anchor.header : held === undefined ? undefined : headerOf(s, held.key);
  if (e.view > 1 && held === undefined) return false;
  return header === undefined || header.txCount === 0;
}

/** Arms the timers that let the view end; while observing they start with the end of it (J9). */
export function* armView(s: RunningState): Steps {
  const e = s.epoch;
  if (s.observeUntilMs >= 0) return;
  yield timer(e, 'leader', leaderTimeoutMs(s));
  yield timer(e, 'view', viewTimeoutMs(s));
}

/** E1, E2: a certificate of view - 1 is the ticket in. Views never go down. */
export function* enterView(s: RunningState, view: number): Steps {
  const e = s.epoch;
  if (view <= e.view) return;
  if (view > e.view + limits.voteAhead.value) e.activeSince = view;
  e.view = view;
  yield* startView(s);
  if (isSkipped(s)) yield* tryNullify(s);
  else if (e.slots.get(view)?.tallies[Z].votes[leaderOf(e.set, view)] !== undefined) {
    yield* tryNullify(s);
  }
}

/** Resets what belongs to one view and sets its timers. */
export function* startView(s: RunningState): Steps {
  const e = s.epoch;
  e.enteredAtMs = s.monoMs;
  e.leaderExpired = false;
  e.viewExpired = false;
  e.buildFailed = false;
  e.emptyExpired = false;
  e.boundaryExpired = false;
  e.phase = 'idle';
  e.buildId = 0;
  e.idle = isIdle(s);
  s.fetches.delete('c');
  measureEntry(e, s.monoMs, s.config.parameters.latencyCapMs);
  trim(s);
  yield* armView(s);
  yield timer(e, 'retry', s.config.policy.retryMs);
  yield timer(e, 'grace', s.config.policy.graceMs);
}

function forgetVotes(s: RunningState, slot: Slot): void {
  for (const kind of [N, Z] as const) {
    const tally = slot.tallies[kind];
    for (const choice of tally.choices) {
      for (const { from } of choice.pending) {
        const peer = s.peers.get(from);
        if (peer !== undefined) peer.pending--;
      }
    }
    tally.choices = [];
    tally.votes = tally.votes.map(() => undefined);
    tally.relayed = undefined;
  }
}

/** Memory: of a view that has ended only certificates, own votes and FINALIZE votes stay. */
function trim(s: RunningState): void {
  const e = s.epoch;
  const last = e.view - limits.voteAhead.value - 1;
  for (const slot of e.slots.values()) {
    if (slot.view > last || slot.trimmed) continue;
    const { certificates } = slot;
    if (certificates[N] === undefined && certificates[Z] === undefined) {
      if (certificates[F] === undefined) continue;
    }
    slot.trimmed = true;
    forgetVotes(s, slot);
    for (const proposal of slot.proposals) dropBody(s, e, proposal.key, slot);
  }
}

/**
 * A body stays if a certificate names it or this node has voted for it; its header stays anyway.
 */
function dropBody(s: RunningState, e: EpochState, key: string, slot: Slot): void {
  const entry = s.tree.get(key);
  if (entry === undefined || entry.appended || entry.metInView !== slot.view) return;
  for (const other of e.slots.values()) {
    if (other.certificates[N]?.key === key || other.certificates[F]?.key === key) return;
  }
  if (entry.state === 'verifying') return;
  entry.transactions = undefined;
  entry.draft = undefined;
  if (entry.state !== 'invalid') entry.state = 'partial';
}

/** Forgets everything of views that no rule asks about any more. */
export function pruneSlots(s: RunningState): void {
  const e = s.epoch;
  for (const slot of e.slots.values()) {
    if (slot.view >= e.lastFinalView - 2) continue;
    forgetVotes(s, slot);
    for (const choice of slot.tallies[F].choices) {
      for (const { from } of choice.pending) {
        const peer = s.peers.get(from);
        if (peer !== undefined) peer.pending--;
      }
    }
    e.slots.delete(slot.view);
  }
}
