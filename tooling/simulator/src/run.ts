import { type RunConfig } from './config.ts';
import { type Violation } from './invariants/types.ts';
import { prepareLedgers } from './ledger-application.ts';
import { Trace } from './trace.ts';
import { World } from './world.ts';

/** What a run came to: one of these per line with `--json`. */
export interface RunResult {
  readonly seed: number;
  readonly name: string;
  /** Hash over all events: the same for the same seed, always. */
  readonly digest: string;
  readonly n: number;
  /** Least height that every correct node has committed. */
  readonly finalHeight: number;
  /** Numbers of violations and stalls. */
  readonly violations: number;
  readonly stalls: number;
  readonly problems: readonly Violation[];
  /** Nothing is judged: the faults went beyond a third of the power. */
  readonly beyondModel: string | undefined;
  readonly signatures: 'fake' | 'real';
  readonly application: 'cheap' | 'ledger';
  readonly byzantine: readonly string[];
  readonly epochs: number;
  readonly virtualMs: number;
  readonly events: number;
  readonly messages: number;
  readonly wallMs: number;
}

export interface Finished {
  readonly result: RunResult;
  readonly counts: Record<string, Record<string, number>>;
  readonly world: World;
}

/** What a scenario adds to a configuration. */
export interface Script {
  /** Before the first event. */
  readonly prepare?: (world: World) => void;
  /** After the last one: what is not as expected. */
  readonly judge?: (world: World) => string | undefined;
}

/** Runs a configuration to its end. */
export async function runOnce(
  config: RunConfig,
  trace?: Trace,
  script: Script = {},
): Promise<Finished> {
  const begun = performance.now();
  const prepared = config.application === 'ledger' ? await prepareLedgers(config) : undefined;
  const world = new World(config, trace, prepared);
  script.prepare?.(world);
  await world.run();
  const unexpected = world.violations.length === 0 ? script.judge?.(world) : undefined;
  if (unexpected !== undefined) world.observer.report(config.name, unexpected);
  const counts = world.observer.counts;
  for (const { behaviour } of config.byzantine) counts.add('drawn', behaviour);
  const stalled = world.stalls.map((detail) => ({
    invariant: 'I9',
    atMs: Math.floor(world.agenda.nowUs / 1_000),
    node: detail.slice(0, detail.indexOf(' ')),
    detail,
  }));
  const result: RunResult = {
    seed: config.seed,
    name: config.name,
    digest: world.digest.finish(),
    n: config.n,
    finalHeight: world.minHeight,
    violations: world.violations.length,
    stalls: stalled.length,
    problems: [...world.violations, ...stalled],
    beyondModel: world.beyondModel,
    signatures: config.signatures,
    application: config.application,
    byzantine: config.byzantine.map(({ behaviour }) => behaviour),
    epochs: Math.max(0, ...world.correct.map((node) => node.table?.epoch ?? 0)),
    virtualMs: Math.floor(world.agenda.nowUs / 1_000),
    events: world.digest.events,
    messages: world.network.sent,
    wallMs: Math.round(performance.now() - begun),
  };
  return { result, counts: counts.toJSON(), world };
}

export function isBad(result: RunResult): boolean {
  return result.violations > 0 || result.stalls > 0;
}
