import { type LatencyRecord } from '@mxd/protocol/system-records';
import { noSample } from '@mxd/protocol/system-records';
import { leaderOf } from '@mxd/protocol';

import { limits } from './limits.ts';
import { type EpochState, type MeasuredView, type Measurements, type Peer } from './state.ts';

/** Nothing measured yet. */
export function newMeasurements(n: number): Measurements {
  return {
    views: new Map(),
    latency: new Int32Array(n).fill(-1),
    samples: new Uint32Array(n),
    seen: new Uint32Array(n),
    total: new Uint32Array(n),
    reported: false,
  };
}

/** Timers: the validator showed life in view `view`, however it is heard. */
export function noteActive(e: EpochState, index: number, view: number): void {
  const seen = Math.min(view, e.view);
  if (seen > (e.lastActive[index] as number)) e.lastActive[index] = seen;
}

/** The highest position that a peer's own messages have shown. */
export function notePosition(peer: Peer, epoch: number, view: number): void {
  if (epoch > peer.epoch) {
    peer.epoch = epoch;
    peer.view = view;
  } else if (epoch === peer.epoch && view > peer.view) {
    peer.view = view;
  }
}

/**
 * Timers: whether the leader of the current view has been silent for SKIP_VIEWS while a quorum has
 * not. Off for 2 SKIP_VIEWS after start, epoch switch or a jump.
 */
export function isInactive(e: EpochState, index: number, skipViews: number): boolean {
  const { view } = e;
  if (view < e.activeSince + 2 * skipViews || index === e.selfIndex) return false;
  const oldest = view - skipViews;
  if ((e.lastActive[index] as number) >= oldest) return false;
  let power = e.selfIndex < 0 ? 0 : (e.powers[e.selfIndex] as number);
  for (let i = 0; i < e.n; i++) {
    if (i !== e.selfIndex && (e.lastActive[i] as number) >= oldest) power += e.powers[i] as number;
  }
  return power >= e.set.quorum;
}

function close(m: Measurements, measured: MeasuredView, selfIndex: number): void {
  m.views.delete(measured.view);
  for (let j = 0; j < measured.seen.length; j++) {
    if (j === measured.leader || j === selfIndex) continue;
    m.total[j] = (m.total[j] as number) + 1;
    if (measured.seen[j] === 1) m.seen[j] = (m.seen[j] as number) + 1;
  }
}

/** Closes views whose window has passed; the map is in order of entry. */
function closeOld(e: EpochState, monoMs: number, capMs: number): void {
  const { views } = e.measured;
  for (const measured of views.values()) {
    const isOpen = monoMs - measured.enteredAtMs <= capMs;
    if (isOpen && views.size < limits.measuredViews.value) break;
    close(e.measured, measured, e.selfIndex);
  }
}

/** The node has entered a view: its window opens. */
export function measureEntry(e: EpochState, monoMs: number, capMs: number): void {
  closeOld(e, monoMs, capMs);
  if (e.measured.views.has(e.view)) return;
  e.measured.views.set(e.view, {
    view: e.view,
    leader: leaderOf(e.set, e.view),
    enteredAtMs: monoMs,
    headerAtMs: -1,
    seen: new Uint8Array(e.n),
    timed: new Uint8Array(e.n),
  });
}

/** The header of the view's proposal became known (or was sent, for the leader): t0. */
export function measureHeader(e: EpochState, view: number, monoMs: number): void {
  const measured = e.measured.views.get(view);
  if (measured !== undefined && measured.headerAtMs < 0) measured.headerAtMs = monoMs;
}

/** A NOTARIZE or NULLIFY has arrived on its signer's own connection, kept or not: t1. */
export function measureVote(
  e: EpochState,
  index: number,
  view: number,
  isNotarize: boolean,
  monoMs: number,
  capMs: number,
): void {
  const m = e.measured;
  const measured = m.views.get(view);
  if (measured === undefined || index === measured.leader) return;
  if (monoMs - measured.enteredAtMs <= capMs) measured.seen[index] = 1;
  if (!isNotarize || measured.headerAtMs < 0 || measured.timed[index] === 1) return;
  measured.timed[index] = 1;
  const sample = Math.min(Math.max(monoMs - measured.headerAtMs, 0), capMs);
  const smoothed = m.latency[index] as number;
  m.latency[index] = smoothed < 0 ? 16 * sample : smoothed + ((16 * sample - smoothed) >> 3);
  m.samples[index] = (m.samples[index] as number) + 1;
}

/** The report of this epoch, unsigned: 0xffff where there are too few samples, and for oneself. */
export function latencyReport(e: EpochState, minSamples: number): Omit<LatencyRecord, 'signature'> {
  const m = e.measured;
  const samples = Array.from({ length: e.n }, (_, j) => {
    const total = m.total[j] as number;
    const hasLatency = (m.samples[j] as number) >= minSamples && j !== e.selfIndex;
    const hasShare = total >= minSamples && j !== e.selfIndex;
    return {
      latencyMs: hasLatency ? ((m.latency[j] as number) + 8) >> 4 : noSample,
      participationBp: hasShare ? Math.floor((10_000 * (m.seen[j] as number)) / total) : noSample,
    };
  });
  return { type: 5, epoch: e.epoch, reporterIndex: e.selfIndex, samples };
}
