import { type ChainParameters } from '@mxd/protocol/parameters';
import { type QueuedRecord, type ValidatorState } from '../../src/validators/index.ts';

// A second reading of docs/protocol/rsc.md, written without a look at the first: plain maps and
// loops over hexadecimal names, all numbers as bigint, nothing shared with the code under test but
// the shape of its input.

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const big = (n: number): bigint => BigInt(n);

interface Line {
  id: string;
  key: string;
  power: bigint;
  stake: bigint;
  score: bigint;
  latency: bigint;
  participation: bigint;
  tips: boolean;
  fresh: boolean;
  weight: bigint;
  misses: bigint;
}

/** The weighted median by counting, for every value that was reported. */
function crowdMedian(votes: { value: bigint; power: bigint }[], total: bigint): bigint | undefined {
  let weight = 0n;
  for (const vote of votes) weight += vote.power;
  if (weight < (2n * total) / 3n + 1n) return undefined;
  let least: bigint | undefined;
  for (const { value: candidate } of votes) {
    let below = 0n;
    for (const vote of votes) if (vote.value <= candidate) below += vote.power;
    if (below * 2n >= weight && (least === undefined || candidate < least)) least = candidate;
  }
  return least;
}

export interface ReferenceTable {
  lines: Line[];
  /** "type:id" of queue entries used or removed. */
  gone: Set<string>;
}

export function referenceNextTable(
  state: ValidatorState,
  parameters: ChainParameters,
): ReferenceTable {
  const record = state.epochs[state.epochs.length - 1]!;
  const M = record.table.entries.map((entry) => ({ ...entry, name: hex(entry.id) }));
  const e = record.epoch;
  const E = parameters.epochLength;
  const f = e * E + 1;
  const equal = parameters.powerMode === 0;

  const bonds = new Map<string, bigint>();
  for (const chunk of state.bonded.chunks)
    for (const { id, amount } of chunk.values) bonds.set(hex(id), amount);
  const bonded = (name: string): bigint => bonds.get(name) ?? 0n;
  const enough = (name: string): boolean =>
    bonded(name) * 1_000_000n >= state.totals.totalSupply * big(parameters.minStakePpm);
  const until = new Map<string, number>();
  const convicted = new Map<string, number>();
  for (const chunk of state.registry.chunks)
    for (const entry of chunk.values) {
      until.set(hex(entry.id), entry.blacklistedUntil);
      convicted.set(hex(entry.id), entry.lastEvidenceHeight);
    }
  const counts = new Map<string, { proposed: bigint; missed: bigint; misses: bigint }>();
  for (const chunk of state.metrics.chunks)
    for (const m of chunk.values)
      counts.set(hex(m.id), {
        proposed: big(m.proposed),
        missed: big(m.missed),
        misses: big(m.consecutiveMisses),
      });

  // Measurements of e + 1.
  let T = 0n;
  for (const m of M) T += big(m.power);
  const lat = new Map<string, bigint>();
  const part = new Map<string, bigint>();
  M.forEach((m, j) => {
    const latVotes: { value: bigint; power: bigint }[] = [];
    const partVotes: { value: bigint; power: bigint }[] = [];
    for (const report of state.latencyReports) {
      const power = big(M[report.reporterIndex]!.power);
      const sample = report.samples[j]!;
      if (sample.latencyMs !== 0xffff) latVotes.push({ value: big(sample.latencyMs), power });
      if (sample.participationBp !== 0xffff)
        partVotes.push({ value: big(sample.participationBp), power });
    }
    lat.set(m.name, crowdMedian(latVotes, T) ?? big(m.latencyMs));
    part.set(m.name, crowdMedian(partVotes, T) ?? big(m.participationBp));
  });

  const gone = new Set<string>();
  const weight = (m: { stake: bigint }): bigint => (equal ? 1n : m.stake);
  let all = 0n;
  for (const m of M) all += weight(m);

  // 1
  const out = new Set<string>();
  for (const m of M) {
    const at = convicted.get(m.name) ?? 0;
    if ((until.get(m.name) ?? 0) >= f) out.add(m.name);
    if (at > 0 && at >= (e - 1) * E) out.add(m.name);
    if (!enough(m.name)) out.add(m.name);
  }
  // 2
  const cap = all / big(parameters.churnOutDivisor);
  let removed = 0n;
  let some = false;
  const leavesUsed: string[] = [];
  for (const q of state.queue) {
    if (q.type !== 2) continue;
    const m = M.find((one) => one.name === hex(q.id));
    if (m === undefined || out.has(m.name)) continue;
    if (some && removed + weight(m) > cap) break;
    out.add(m.name);
    removed += weight(m);
    some = true;
    leavesUsed.push(m.name);
  }
  for (;;) {
    const stay = M.filter((m) => !out.has(m.name));
    let worst: (typeof M)[number] | undefined;
    for (const m of stay) {
      if ((counts.get(m.name)?.misses ?? 0n) < big(parameters.evictMisses)) continue;
      if (part.get(m.name)! >= big(parameters.evictParticipationBp)) continue;
      if (worst === undefined) {
        worst = m;
        continue;
      }
      const p = part.get(m.name)!;
      const wp = part.get(worst.name)!;
      const c = counts.get(m.name)?.misses ?? 0n;
      const wc = counts.get(worst.name)?.misses ?? 0n;
      if (p < wp || (p === wp && (c > wc || (c === wc && m.name < worst.name)))) worst = m;
    }
    if (worst === undefined) break;
    if (stay.length <= parameters.minValidators) break;
    if (removed + weight(worst) > cap) break;
    out.add(worst.name);
    removed += weight(worst);
  }
  const nobody = M.every((m) => out.has(m.name));
  if (nobody) out.clear();
  else for (const name of leavesUsed) gone.add(`2:${name}`);
  const stay = M.filter((m) => !out.has(m.name));

  const stakes = new Map<string, bigint>();
  for (const m of stay) {
    if (nobody) stakes.set(m.name, m.stake);
    else if (equal) stakes.set(m.name, bonded(m.name));
    else stakes.set(m.name, bonded(m.name) < m.stake ? bonded(m.name) : m.stake);
  }
  let staying = 0n;
  for (const m of stay) staying += equal ? 1n : stakes.get(m.name)!;
  let churn = staying / big(parameters.churnInDivisor);
  if (churn < 1n) churn = 1n;

  // 3
  const fresh = new Map<string, Extract<QueuedRecord, { type: 1 }>>();
  for (const q of state.queue) {
    if (q.type !== 1) continue;
    const name = hex(q.id);
    if (q.expiryEpoch < e + 1 || (until.get(name) ?? 0) >= f || !enough(name)) {
      gone.add(`1:${name}`);
    } else if (churn > 0n) {
      gone.add(`1:${name}`);
      fresh.set(name, q);
      if (equal) {
        stakes.set(name, bonded(name));
        churn -= 1n;
      } else {
        const stake = bonded(name) < churn ? bonded(name) : churn;
        stakes.set(name, stake);
        churn -= stake > 0n ? stake : 1n;
      }
    }
  }
  // 4
  if (!equal && !nobody) {
    for (const m of [...stay].toSorted((x, y) => (x.name < y.name ? -1 : 1))) {
      let more = bonded(m.name) - stakes.get(m.name)!;
      if (more > churn) more = churn;
      if (more < 0n) more = 0n;
      stakes.set(m.name, stakes.get(m.name)! + more);
      churn -= more;
    }
  }
  // 5
  const names = [...stakes.keys()];
  while (names.length > parameters.maxValidators) {
    let least = 0;
    names.forEach((name, i) => {
      const stake = stakes.get(name)!;
      const smallest = stakes.get(names[least]!)!;
      if (stake < smallest || (stake === smallest && name > names[least]!)) least = i;
    });
    names.splice(least, 1);
  }
  // 6 and 7
  let total = 0n;
  let max = 0n;
  for (const name of names) {
    total += stakes.get(name)!;
    if (stakes.get(name)! > max) max = stakes.get(name)!;
  }
  const lines = names.map((name): Line => {
    const old = M.find((m) => m.name === name);
    const rotation = state.queue.find((q) => q.type === 3 && hex(q.id) === name);
    if (rotation !== undefined) gone.add(`3:${name}`);
    const key =
      rotation?.type === 3
        ? rotation.newConsensusKey
        : (old?.consensusKey ?? fresh.get(name)!.consensusKey);
    const stake = stakes.get(name)!;
    const latency = old === undefined ? 500n : lat.get(name)!;
    const participation = old === undefined ? 10_000n : part.get(name)!;
    const count = old === undefined ? undefined : counts.get(name);
    const { proposed, missed, misses } = count ?? { proposed: 0n, missed: 0n, misses: 0n };
    const speed = latency >= 5_000n ? 0n : (5_000n - latency) * 2n;
    const proposal =
      proposed + missed === 0n ? participation : (10_000n * proposed) / (proposed + missed);
    const reliability = (participation + proposal) / 2n;
    const stakeScore = max === 0n ? 10_000n : (stake * 10_000n) / max;
    const score = (40n * speed + 30n * reliability + 30n * stakeScore) / 100n;
    const share = equal || total === 0n ? 1n : (stake * 1_000_000n) / total;
    return {
      id: name,
      key: hex(key),
      power: share === 0n ? 1n : share,
      stake,
      score,
      latency,
      participation,
      tips: old === undefined || participation >= 5_000n,
      fresh: old === undefined,
      weight: 2n + score / 3_334n,
      misses,
    };
  });
  lines.sort((x, y) => {
    if (x.score !== y.score) return x.score > y.score ? -1 : 1;
    if (x.stake !== y.stake) return x.stake > y.stake ? -1 : 1;
    return x.id < y.id ? -1 : 1;
  });
  return { lines, gone };
}

/** Tips by the text: recipients in order, each half of what is left, the last all. */
export function referenceTips(pot: bigint, recipients: readonly string[]): Map<string, bigint> {
  const credit = new Map<string, bigint>();
  let remaining = pot;
  const waiting = [...recipients];
  while (waiting.length > 0) {
    const name = waiting.shift()!;
    if (waiting.length === 0 || remaining <= 1n) {
      credit.set(name, remaining);
      remaining = 0n;
      break;
    }
    credit.set(name, remaining / 2n);
    remaining -= remaining / 2n;
  }
  return credit;
}
