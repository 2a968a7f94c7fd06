import { type Policy } from './types.ts';

/** Defaults of docs/protocol/rsc.md, "Timers and pacing", for DELTA = 300 ms. */
export const defaultPolicy: Policy = {
  deltaMs: 300,
  leaderTimeoutMs: 800,
  leaderTimeoutCapMs: 8_000,
  viewTimeoutMs: 1_500,
  viewTimeoutCapMs: 12_000,
  retryMs: 1_000,
  graceMs: 150,
  statusMs: 1_000,
  minBlockMs: 100,
  emptyDelayMs: 1_000,
  skipViews: 16,
  fetchRetryMs: 150,
  replyIntervalMs: 200,
  compactAbove: 32,
};

/**
 * The defaults scaled to another DELTA: tLeader = 2 DELTA + 200, tView = 5 DELTA, tGrace = DELTA /
 * 2.
 */
export function policyFor(deltaMs: number): Policy {
  return {
    ...defaultPolicy,
    deltaMs,
    leaderTimeoutMs: 2 * deltaMs + 200,
    viewTimeoutMs: 5 * deltaMs,
    graceMs: deltaMs >> 1,
  };
}

/** g(k): x grows by a quarter k times, up to a cap. */
export function grown(baseMs: number, k: number, capMs: number): number {
  let x = baseMs;
  for (let i = 0; i < k && x < capMs; i++) x += x >> 2;
  return Math.min(x, capMs);
}
