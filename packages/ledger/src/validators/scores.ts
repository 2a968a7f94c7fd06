import { powerMode, type PowerMode } from '@mxd/protocol/parameters';
import { type Amount } from '@mxd/protocol/primitives';

/** What a member is ranked by. Shares in basis points. */
export interface Performance {
  readonly latencyMs: number;
  readonly participationBp: number;
  readonly proposed: number;
  readonly missed: number;
  readonly stake: Amount;
}

/** Values of genesis members and new members until they are measured. */
export const unmeasured = { latencyMs: 500, participationBp: 10_000 } as const;

const full = 10_000;
const worstLatencyMs = 5_000;

function stakeScore(stake: Amount, maxStake: Amount): number {
  if (maxStake === 0n) return full;
  const share = (stake * 10_000n) / maxStake;
  return share > 10_000n ? full : Number(share);
}

/** 0 to 10,000 (docs/protocol/rsc.md, "Latency vectors and rank"). */
export function scoreOf(performance: Performance, maxStake: Amount): number {
  const { latencyMs, participationBp, proposed, missed, stake } = performance;
  const speed = latencyMs >= worstLatencyMs ? 0 : (worstLatencyMs - latencyMs) * 2;
  const slots = proposed + missed;
  const proposal = slots === 0 ? participationBp : Math.floor((full * proposed) / slots);
  const reliability = Math.floor((participationBp + proposal) / 2);
  return Math.floor((40 * speed + 30 * reliability + 30 * stakeScore(stake, maxStake)) / 100);
}

/** Leader slots per cycle: 2, 3 or 4. */
export const leaderWeightOf = (score: number): number => 2 + Math.floor(score / 3_334);

/** Voting power by table stake, each at least 1. */
export function powersOf(mode: PowerMode, stakes: readonly Amount[]): readonly number[] {
  const total = stakes.reduce((sum, stake) => sum + stake, 0n);
  if (mode === powerMode.equal || total === 0n) return stakes.map(() => 1);
  return stakes.map((stake) => Math.max(1, Number((stake * 1_000_000n) / total)));
}
