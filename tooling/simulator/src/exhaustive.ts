import { SmallWorld } from './small-world.ts';

/** How far the enumeration goes. */
export interface Scope {
  readonly name: string;
  /** Choices that are enumerated, three alternatives each; after them the oldest message goes first. */
  readonly depth: number;
  /** Every so many deliveries there is a choice. */
  readonly stride: number;
  /** Runs at most. */
  readonly maxRuns: number;
  /** Member 3 runs twice with one key, each copy seen by a part of the others. */
  readonly twins: boolean;
}

export interface Explored {
  readonly scope: Scope;
  readonly runs: number;
  /** Distinct states in which runs ended. */
  readonly ends: number;
  readonly heights: readonly number[];
  readonly problems: readonly string[];
  /** Every choice up to the depth was taken. */
  readonly complete: boolean;
}

/**
 * Depth-first over the choices of one run after the other: each run follows a prefix of choices, then takes the first
 * alternative everywhere; the next prefix changes the last choice that has alternatives left. No state is kept.
 */
export function explore(scope: Scope): Explored {
  const ends = new Set<string>();
  const heights = new Map<number, number>();
  const problems: string[] = [];
  let prefix: number[] = [];
  let runs = 0;
  let complete = false;
  while (runs < scope.maxRuns && problems.length < 3) {
    const world = new SmallWorld(scope.twins);
    const taken = world.run(prefix, scope.depth, scope.stride);
    runs++;
    const problem = world.problem();
    if (problem !== undefined) problems.push(`choices ${prefix.join('')}: ${problem}`);
    ends.add(world.describe());
    heights.set(world.height, (heights.get(world.height) ?? 0) + 1);
    const next = advance(taken);
    if (next === undefined) {
      complete = true;
      break;
    }
    prefix = next;
  }
  return {
    scope,
    runs,
    ends: ends.size,
    heights: [...heights.keys()].sort((a, b) => a - b),
    problems,
    complete,
  };
}

/** The next prefix in lexicographic order; undefined after the last. */
function advance(
  taken: readonly { readonly choice: number; readonly of: number }[],
): number[] | undefined {
  for (let i = taken.length - 1; i >= 0; i--) {
    const one = taken[i];
    if (one !== undefined && one.choice + 1 < one.of) {
      return [...taken.slice(0, i).map(({ choice }) => choice), one.choice + 1];
    }
  }
  return undefined;
}

export const scopes: readonly Scope[] = [false, true].flatMap((twins) =>
  [1, 3, 5, 8].map((stride) => ({
    name: `${twins ? 'twins' : 'orders'} by ${stride}`,
    depth: 7,
    stride,
    maxRuns: 3_000,
    twins,
  })),
);

/** Runs every scope and prints what came of it. */
export async function exhaust(json: boolean): Promise<number> {
  let bad = 0;
  for (const scope of scopes) {
    const begun = performance.now();
    const explored = await Promise.resolve(explore(scope));
    const { runs, ends, heights, problems, complete } = explored;
    bad += problems.length;
    const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
    if (json)
      console.log(JSON.stringify({ scope: scope.name, runs, ends, heights, problems, complete }));
    else {
      console.log(
        `${scope.name}: ${runs} runs of depth ${scope.depth}` +
          `${complete ? ', all of them' : ' (stopped at the bound)'}, ${ends} ends, heights ` +
          `${heights.join()}, ${problems.length} problems, ${seconds} s`,
      );
    }
    for (const problem of problems) console.error(`  ${problem}`);
  }
  return bad > 0 ? 1 : 0;
}
