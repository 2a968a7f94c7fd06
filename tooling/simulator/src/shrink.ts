import { type RunConfig } from './config.ts';
import { runOnce, type RunResult } from './run.ts';

/** Names of what is wrong with a run: a smaller run has to show one of the same. */
function signatureOf(result: RunResult): ReadonlySet<string> {
  return new Set(result.problems.map(({ invariant }) => invariant));
}

async function stillFails(config: RunConfig, wanted: ReadonlySet<string>): Promise<boolean> {
  try {
    const { result } = await runOnce(config);
    return [...signatureOf(result)].some((id) => wanted.has(id));
  } catch {
    return wanted.has('throw');
  }
}

/** Fewer nodes: the last identity goes, and with it what is planned for it. */
function withoutLast(config: RunConfig): RunConfig | undefined {
  const last = config.stakes.length - 1;
  if (last < 1 || config.byzantine.some(({ node }) => node === last)) return undefined;
  return {
    ...config,
    n: Math.min(config.n, last),
    minValidators: Math.min(config.minValidators, Math.min(config.n, last)),
    stakes: config.stakes.slice(0, last),
    clock: config.clock.slice(0, last),
    network: {
      ...config.network,
      far: config.network.far.filter((node) => node !== last),
      near: config.network.near.filter((node) => node !== last),
    },
    plan: config.plan.filter((one) => !('node' in one) || one.node !== last),
  };
}

type Change = (config: RunConfig) => RunConfig | undefined;

const simpler: readonly Change[] = [
  (c) => (c.clock.length > 0 ? { ...c, clock: [] } : undefined),
  (c) =>
    c.network.lossPpm > 0
      ? { ...c, network: { ...c.network, lossPpm: 0, residualPpm: 0 } }
      : undefined,
  (c) =>
    c.network.duplicatePpm > 0 ? { ...c, network: { ...c.network, duplicatePpm: 0 } } : undefined,
  (c) => (c.network.spikePpm > 0 ? { ...c, network: { ...c.network, spikePpm: 0 } } : undefined),
  (c) => (c.network.jitterMs > 0 ? { ...c, network: { ...c.network, jitterMs: 0 } } : undefined),
  (c) => (c.network.near.length > 0 ? { ...c, network: { ...c.network, near: [] } } : undefined),
  (c) => (c.network.far.length > 0 ? { ...c, network: { ...c.network, far: [] } } : undefined),
  (c) => (c.load.perSecond > 0 ? { ...c, load: { ...c.load, perSecond: 0 } } : undefined),
  (c) => (c.load.paddingBytes > 0 ? { ...c, load: { ...c.load, paddingBytes: 0 } } : undefined),
  (c) => (c.load.witnesses ? { ...c, load: { ...c.load, witnesses: false } } : undefined),
  (c) => (c.load.spread === 'some' ? { ...c, load: { ...c.load, spread: 'all' } } : undefined),
  (c) => (c.signatures === 'real' ? { ...c, signatures: 'fake' } : undefined),
  (c) => (c.executeMs > 0 ? { ...c, executeMs: 0 } : undefined),
  (c) => (c.syncMs[1] > 1 ? { ...c, syncMs: [0, 1] } : undefined),
  (c) => (Object.keys(c.policy).length > 0 ? { ...c, policy: {} } : undefined),
  withoutLast,
];

async function dropPlanned(
  config: RunConfig,
  wanted: ReadonlySet<string>,
  tell: (text: string) => void,
): Promise<RunConfig> {
  let best = config;
  for (let size = Math.ceil(best.plan.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.plan.length;) {
      const plan = best.plan.filter((_, i) => i < at || i >= at + size);
      const smaller = { ...best, plan };
      if (await stillFails(smaller, wanted)) {
        best = smaller;
        tell(`${best.plan.length} planned events left`);
      } else at += size;
    }
  }
  return best;
}

async function dropByzantine(config: RunConfig, wanted: ReadonlySet<string>): Promise<RunConfig> {
  let best = config;
  for (const one of config.byzantine) {
    const smaller = { ...best, byzantine: best.byzantine.filter((other) => other !== one) };
    if (await stillFails(smaller, wanted)) best = smaller;
  }
  return best;
}

/** A smaller configuration that breaks the same invariant. */
export async function shrink(
  config: RunConfig,
  tell: (text: string) => void = () => undefined,
): Promise<RunConfig> {
  const { result } = await runOnce(config);
  const wanted = signatureOf(result);
  if (wanted.size === 0) return config;
  let best = await dropPlanned(config, wanted, tell);
  best = await dropByzantine(best, wanted);
  for (let round = 0; round < 3; round++) {
    let isSmaller = false;
    for (const change of simpler) {
      for (let i = 0; i < 30; i++) {
        const next = change(best);
        if (next === undefined || !(await stillFails(next, wanted))) break;
        best = next;
        isSmaller = true;
        tell(`${best.stakes.length} nodes, ${best.plan.length} events`);
      }
    }
    if (!isSmaller) break;
    best = await dropPlanned(best, wanted, tell);
  }
  return best;
}
