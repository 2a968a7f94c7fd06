import { type RunConfig } from '../config.ts';
import { loadMutant } from './loader.ts';
import { type Mutant } from './mutant.ts';

export interface Hunt {
  readonly mutant: Mutant;
  /** Seeds until something named in `caughtBy` broke; undefined if nothing did. */
  readonly seeds: number | undefined;
  /** What broke, whether expected or not. */
  readonly found: readonly string[];
  readonly wallMs: number;
}

const firstSeed = 1_000;

/** Runs a mutant until it is caught. */
export async function hunt(mutant: Mutant): Promise<Hunt> {
  const begun = performance.now();
  const { scenarios, runConfigured } = await loadMutant(mutant);
  const scenario = scenarios.find((one) => one.id === mutant.scenario);
  const configs: readonly RunConfig[] = mutant.configs ?? scenario?.configs ?? [];
  const found: string[] = [];
  for (let i = 0; i < mutant.within; i++) {
    const config = configs[i % configs.length];
    if (config === undefined) break;
    let names: readonly string[];
    try {
      const result = await runConfigured({ ...config, seed: firstSeed + i }, scenario);
      names = result.problems.map(({ invariant }) => invariant);
    } catch (error) {
      names = [`threw ${error instanceof Error ? error.message : String(error)}`];
    }
    found.push(...names);
    if (names.some((name) => mutant.caughtBy.includes(name))) {
      return { mutant, seeds: i + 1, found, wallMs: performance.now() - begun };
    }
  }
  return { mutant, seeds: undefined, found, wallMs: performance.now() - begun };
}
