import { type RunConfig } from '../config.ts';
import { type Script } from '../run.ts';
import { quiet } from '../swarm.ts';
import { type World } from '../world.ts';

/** A named situation: one or more configurations, what is done in them, and what must come of it. */
export interface Scenario extends Script {
  readonly id: string;
  readonly about: string;
  readonly configs: readonly RunConfig[];
}

type Changes = Partial<Omit<RunConfig, 'network' | 'load'>> & {
  readonly network?: Partial<RunConfig['network']>;
  readonly load?: Partial<RunConfig['load']>;
};

/** A configuration of `n` equal members; `spares` further identities without a bond. */
export function setting(n: number, changes: Changes = {}, spares = 0): RunConfig {
  const { network, load, ...rest } = changes;
  return {
    ...quiet,
    n,
    minValidators: Math.min(4, n),
    stakes: [
      ...Array.from<number>({ length: n }).fill(100),
      ...Array.from<number>({ length: spares }).fill(0),
    ],
    safetyMs: 12_000,
    healedMs: 4_000,
    ...rest,
    network: { ...quiet.network, ...network },
    load: { ...quiet.load, ...load },
  };
}

/** All of one behaviour. */
export function liars(behaviour: string, ...nodes: readonly number[]): RunConfig['byzantine'] {
  return nodes.map((node) => ({ node, behaviour }));
}

/** The first expectation that does not hold. */
export function expectAll(
  ...checks: readonly ((world: World) => string | undefined)[]
): (world: World) => string | undefined {
  return (world) => {
    for (const check of checks) {
      const problem = check(world);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

type Check = (world: World) => string | undefined;

export const never =
  (group: string, name: string): Check =>
  (world) => {
    const count = world.observer.counts.of(group, name);
    return count === 0 ? undefined : `${group} ${name} occurred ${count} times`;
  };

export const atLeast =
  (least: number, group: string, name: string): Check =>
  (world) => {
    const count = world.observer.counts.of(group, name);
    return count >= least ? undefined : `${group} ${name} occurred ${count} times, not ${least}`;
  };

export const heightOf =
  (least: number): Check =>
  (world) =>
    world.minHeight >= least ? undefined : `height ${world.minHeight}, expected ${least}`;

export const haltedWith =
  (node: number, code: string): Check =>
  (world) => {
    const halted = world.nodes[node]?.halted;
    return halted === code ? undefined : `n${node} is ${halted ?? 'running'}, expected ${code}`;
  };

/** Heights must not grow between two times (milliseconds), by the world's own observation. */
export function frozenBetween(world: World, fromMs: number, toMs: number, id: string): void {
  let before = 0;
  world.agenda.at(fromMs * 1_000, () => {
    before = world.maxHeight;
  });
  world.agenda.at(toMs * 1_000, () => {
    if (world.maxHeight > before + 1) {
      world.observer.report(
        id,
        `height grew from ${before} to ${world.maxHeight} without a quorum`,
      );
    }
  });
}
