import { behaviours } from './byzantine/index.ts';
import { type NetworkConfig, type Planned, type RunConfig } from './config.ts';
import { Random } from './random.ts';

/** A quiet run, from which scenarios and the swarm start. */
export const quiet: RunConfig = {
  seed: 1,
  name: 'quiet',
  n: 4,
  stakes: [100, 100, 100, 100],
  powerMode: 1,
  leaderMode: 1,
  joinPolicy: 0,
  epochLength: 256,
  blacklistBlocks: 1_000,
  minValidators: 4,
  minStakePpm: 1_000,
  signatures: 'fake',
  application: 'cheap',
  safetyMs: 5_000,
  healedMs: 5_000,
  stallMs: 60_000,
  policy: {},
  network: {
    delayMs: [20, 20],
    jitterMs: 0,
    lossPpm: 0,
    duplicatePpm: 0,
    spikePpm: 0,
    spikeMs: 0,
    far: [],
    farMs: 0,
    near: [],
    residualPpm: 0,
  },
  syncMs: [0, 0],
  segmentBytes: 262_144,
  executeMs: 0,
  clock: [],
  load: { perSecond: 20, tip: 100, spread: 'all', paddingBytes: 0, witnesses: false },
  byzantine: [],
  plan: [],
  order: 'up',
};

const safetyMs = 20_000;

/** Small tables most: most of what can go wrong needs few nodes, and they are cheap. */
function drawSize(random: Random): number {
  const dice = random.below(1_000);
  if (dice < 560) return 4;
  if (dice < 610) return 1 + random.below(3);
  if (dice < 860) return 5 + random.below(3);
  if (dice < 970) return 8 + random.below(3);
  if (dice < 994) return 11 + random.below(6);
  return 31;
}

function drawStakes(random: Random, n: number): number[] {
  const dice = random.below(10);
  if (dice < 6) return Array.from({ length: n }, () => 100);
  if (dice < 9) return Array.from({ length: n }, () => random.between(40, 160));
  // One validator a little below a third.
  return Array.from({ length: n }, (_, i) => (i === 0 ? Math.max(1, 45 * (n - 1)) : 100));
}

function drawNetwork(random: Random, size: number): NetworkConfig {
  const speed = random.below(4);
  const delayMs =
    (
      [
        [1, 5],
        [5, 30],
        [20, 80],
        [40, 150],
      ] as const
    )[speed] ?? ([5, 30] as const);
  const isLossy = random.chance(500_000);
  return {
    delayMs,
    jitterMs: random.chance(700_000) ? random.below(60) : 0,
    lossPpm: isLossy ? random.below(200_000) : 0,
    duplicatePpm: random.chance(400_000) ? random.below(150_000) : 0,
    spikePpm: random.chance(400_000) ? random.below(30_000) : 0,
    spikeMs: 4_000,
    far: size > 3 && random.chance(100_000) ? [random.below(size)] : [],
    farMs: 120,
    near: size > 3 && random.chance(100_000) ? [random.below(size)] : [],
    residualPpm: isLossy && random.chance(300_000) ? random.below(50_000) : 0,
  };
}

function drawClocks(random: Random, size: number): RunConfig['clock'] {
  if (random.chance(500_000)) return [];
  return Array.from({ length: size }, () => ({
    offsetMs: random.between(0, 50_000) - 25_000,
    driftPpm: random.between(0, 400) - 200,
  }));
}

/** Who is Byzantine or ruined: always less than a third of the power. */
class Budget {
  readonly #stakes: readonly number[];
  readonly #total: number;
  #used = 0;
  readonly taken: Set<number> = new Set();

  constructor(stakes: readonly number[], n: number) {
    this.#stakes = stakes.slice(0, n);
    this.#total = this.#stakes.reduce((sum, stake) => sum + stake, 0);
  }

  take(node: number): boolean {
    const stake = this.#stakes[node] ?? 0;
    if (this.taken.has(node) || 3 * (this.#used + stake) >= this.#total) return false;
    this.#used += stake;
    this.taken.add(node);
    return true;
  }
}

function drawByzantine(random: Random, n: number, budget: Budget): RunConfig['byzantine'] {
  if (random.chance(150_000)) return [];
  const list: { node: number; behaviour: string }[] = [];
  const isUniform = random.chance(300_000);
  const one = random.pick(behaviours)?.name ?? 'silent';
  for (const node of random.shuffle(Array.from({ length: n }, (_, i) => i))) {
    if (random.chance(100_000) || !budget.take(node)) continue;
    list.push({ node, behaviour: isUniform ? one : (random.pick(behaviours)?.name ?? one) });
  }
  return list;
}

function drawGroups(random: Random, size: number): number[] {
  const groups = 2 + random.below(2);
  return Array.from({ length: size }, () => random.below(groups));
}

/** Faults that pass. */
function drawPassing(random: Random, size: number): Planned[] {
  const plan: Planned[] = [];
  const at = (): number => 1_000 + random.below(safetyMs - 2_000);
  const node = (): number => random.below(size);
  const times = (perMillion: number, most: number, make: () => Planned): void => {
    if (!random.chance(perMillion)) return;
    for (let i = random.below(most) + 1; i > 0; i--) plan.push(make());
  };
  times(500_000, 6, () => ({
    at: at(),
    kind: 'crash',
    node: node(),
    downMs: random.chance(500_000) ? random.below(300) : random.below(9_000),
  }));
  times(180_000, 3, () => ({
    at: at(),
    kind: 'crashAll',
    downMs: random.below(2_000),
    spreadMs: random.below(3_000),
  }));
  times(400_000, 4, () => ({
    at: at(),
    kind: 'partition',
    groups: drawGroups(random, size),
    forMs: random.below(6_000),
  }));
  times(250_000, 4, () => {
    const from = node();
    return {
      at: at(),
      kind: 'oneWay',
      from,
      to: (from + 1 + random.below(Math.max(1, size - 1))) % size,
      forMs: random.below(8_000),
    };
  });
  times(150_000, 3, () => ({ at: at(), kind: 'reconnect', node: node() }));
  times(150_000, 2, () => ({
    at: at(),
    kind: 'lag',
    byMs: random.below(4_000),
    forMs: random.below(2_000),
  }));
  times(150_000, 1, () => ({
    at: at(),
    kind: 'clockJump',
    node: node(),
    byMs: (random.chance(500_000) ? 1 : -1) * random.between(1_000, 3_600_000),
  }));
  times(250_000, 2, () => ({
    at: at(),
    kind: 'slowDisk',
    node: node(),
    syncMs: random.between(30, 300),
    forMs: random.below(8_000),
  }));
  times(120_000, 2, () => ({
    at: at(),
    kind: 'slowVerify',
    node: node(),
    byMs: random.between(100, 2_000),
    forMs: random.below(5_000),
  }));
  times(250_000, 3, () => ({
    at: at(),
    kind: 'burst',
    count: random.between(1, 120),
    tip: random.below(10_000),
  }));
  return plan;
}

/** Faults that end a node, within the budget. */
function drawRuins(random: Random, n: number, budget: Budget): Planned[] {
  if (!random.chance(250_000)) return [];
  const node = random.below(n);
  if (!budget.take(node)) return [];
  const at = 1_000 + random.below(safetyMs - 4_000);
  const how = random.pick(['deleted', 'corrupt', 'foreign'] as const) ?? 'deleted';
  switch (random.below(4)) {
    case 0:
      return [{ at, kind: 'diskError', node, error: random.chance(500_000) ? 'EIO' : 'ENOSPC' }];
    case 1:
      return [{ at, kind: 'brokenApp', node }];
    case 2:
      return [{ at, kind: 'journalLost', node, how }];
    default:
      return [{ at, kind: 'journalOld', node, ageMs: random.between(500, 4_000) }];
  }
}

/** Who comes and goes. */
function drawMembership(random: Random, n: number, size: number, budget: Budget): Planned[] {
  const plan: Planned[] = [];
  for (let node = n; node < size; node++) {
    const at = random.below(8_000);
    plan.push({ at, kind: 'bond', node, units: random.between(5, 120) });
    plan.push({ at: at + random.between(500, 4_000), kind: 'join', node });
    if (random.chance(200_000)) plan.push({ at: at + 9_000, kind: 'unbond', node, units: 3 });
  }
  const members = random.shuffle(Array.from({ length: n }, (_, i) => i));
  const free = members.filter((node) => !budget.taken.has(node));
  const [first, second, third] = free;
  if (first !== undefined && n > 4 && random.chance(400_000)) {
    plan.push({ at: random.between(2_000, 15_000), kind: 'leave', node: first });
  }
  if (second !== undefined && random.chance(400_000)) {
    plan.push({ at: random.between(2_000, 12_000), kind: 'rotate', node: second });
  }
  if (third !== undefined && random.chance(300_000)) {
    plan.push({ at: random.between(1_000, 15_000), kind: 'bond', node: third, units: 40 });
  }
  return plan;
}

/** The configuration that a seed stands for. */
export function draw(seed: number): RunConfig {
  const random = new Random(seed, 'swarm');
  const n = drawSize(random);
  const spares = n <= 16 && random.chance(350_000) ? 1 + random.below(2) : 0;
  const size = n + spares;
  const stakes = [...drawStakes(random, n), ...Array.from<number>({ length: spares }).fill(0)];
  const budget = new Budget(stakes, n);
  const byzantine = drawByzantine(random, n, budget);
  const isCalm = random.chance(80_000);
  const plan = isCalm
    ? []
    : [
        ...drawPassing(random, size),
        ...drawRuins(random, n, budget),
        ...(spares > 0 || random.chance(200_000) ? drawMembership(random, n, size, budget) : []),
      ];
  const isEqual = random.chance(150_000);
  const config: RunConfig = {
    ...quiet,
    seed,
    name: 'swarm',
    n,
    stakes,
    powerMode: isEqual ? 0 : 1,
    leaderMode: random.chance(150_000) ? 0 : 1,
    joinPolicy: random.chance(200_000) ? 1 : 0,
    epochLength: random.pick([16, 16, 16, 20, 33, 64, 256]) ?? 16,
    blacklistBlocks: random.chance(300_000) ? 20 : 1_000,
    minValidators: Math.min(4, n),
    signatures: n <= 7 && random.chance(60_000) ? 'real' : 'fake',
    application: 'cheap',
    safetyMs,
    healedMs: 10_500,
    stallMs: 180_000,
    policy: random.chance(300_000) ? { compactAbove: 2 } : {},
    network: drawNetwork(random, size),
    syncMs: random.chance(700_000) ? [0, 4] : [1, 40],
    segmentBytes: random.pick([4_096, 32_768, 262_144]) ?? 32_768,
    executeMs: random.below(20),
    clock: drawClocks(random, size),
    load: {
      perSecond: random.pick([0, 1, 5, 20, 60]) ?? 5,
      tip: 10_000,
      spread: random.chance(300_000) ? 'some' : 'all',
      paddingBytes: random.chance(300_000) ? 2_000 : 0,
      witnesses: random.chance(150_000),
    },
    byzantine,
    plan: plan.sort((a, b) => a.at - b.at),
  };
  // Drawn last, so that the seeds of before keep their meaning.
  const moves = plan.some(({ kind }) => kind === 'bond' || kind === 'unbond' || kind === 'join');
  const isLedger = n <= 7 && spares === 0 && !moves && random.chance(80_000);
  return isLedger ? { ...config, application: 'ledger' } : config;
}
