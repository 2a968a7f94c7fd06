import { loadavg, cpus } from 'node:os';

import { type RunConfig } from './config.ts';
import { runOnce, type Script } from './run.ts';
import { liars, setting } from './scenarios/scenario.ts';
import { type World } from './world.ts';

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly details: Readonly<Record<string, string | number>>;
}

async function measure(
  config: RunConfig,
  script: Script = {},
): Promise<{ readonly world: World; readonly wallMs: number; readonly problems: number }> {
  const begun = performance.now();
  const { world, result } = await runOnce(config, undefined, script);
  return {
    world,
    wallMs: performance.now() - begun,
    problems: result.violations + result.stalls,
  };
}

const delayMs = 50;

/** From the proposal to the finalization held, in one-way delays, with free disks and computers. */
async function finality(n: number): Promise<Figure> {
  const config = setting(n, {
    safetyMs: n >= 100 ? 2_800 : 6_000,
    healedMs: 200,
    network: { delayMs: [delayMs, delayMs] },
  });
  const { world } = await measure(config);
  const sorted = world.finalityUs.toSorted((a, b) => a - b);
  const delays = (at: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? 0) / (delayMs * 1_000);
  return {
    name: `finality in message delays, n = ${n}`,
    value: `${delays(0.5)} (most: ${delays(1)})`,
    details: { blocks: world.minHeight, measurements: sorted.length },
  };
}

/** Blocks per second with exactly f silent validators, with and without the skip of inactive leaders. */
async function silentShare(n: number): Promise<Figure> {
  const f = Math.floor((n - 1) / 3);
  const silentNodes = Array.from({ length: f }, (_, i) => i * 3 + 1);
  const safetyMs = n >= 31 ? 20_000 : 40_000;
  const network = { delayMs: [20, 60] } as const;
  const base = { safetyMs, healedMs: 100, network, epochLength: 4_096 } as const;
  const rate = async (config: RunConfig): Promise<number> => {
    let from = 0;
    const { world } = await measure(config, {
      prepare: (w) => {
        w.agenda.at(8_000_000, () => {
          from = w.maxHeight;
        });
      },
    });
    return (world.maxHeight - from) / ((world.agenda.nowUs - 8_000_000) / 1_000_000);
  };
  const byzantine = liars('silent', ...silentNodes);
  const free = await rate(setting(n, base));
  const withSkip = await rate(setting(n, { ...base, byzantine }));
  const without = await rate(setting(n, { ...base, byzantine, policy: { skipViews: 1_000_000 } }));
  return {
    name: `blocks per second, n = ${n}, ${f} silent`,
    value: `${withSkip.toFixed(1)} with skip, ${without.toFixed(1)} without, ${free.toFixed(1)} fault-free`,
    details: { virtualMs: safetyMs },
  };
}

/** All processes killed under load: time from the last restart to the first new final block. */
async function recovery(n: number): Promise<Figure> {
  let worst = 0;
  const runs = 10;
  for (let seed = 1; seed <= runs; seed++) {
    const at = 6_000 + 137 * seed;
    const config = setting(n, {
      seed,
      safetyMs: 14_000,
      healedMs: 100,
      syncMs: [1, 5],
      network: { delayMs: [10, 60], jitterMs: 10 },
      load: { perSecond: 60 },
      plan: [{ at, kind: 'crashAll', downMs: 200, spreadMs: 1_000 }],
    });
    let lastStartMs = 0;
    let firstFinalMs = 0;
    let before = 0;
    await measure(config, {
      prepare(world) {
        world.agenda.at(at * 1_000, () => {
          before = world.maxHeight;
        });
        const poll = (): void => {
          const nowMs = world.agenda.nowUs / 1_000;
          const isUp = world.nodes.every((node) => node.alive && node.starts === 2);
          if (isUp && lastStartMs === 0) lastStartMs = nowMs;
          if (lastStartMs > 0 && world.maxHeight > before + 1 && firstFinalMs === 0) {
            firstFinalMs = nowMs;
          } else world.agenda.after(5_000, poll);
        };
        world.agenda.at((at + 10) * 1_000, poll);
      },
    });
    worst = Math.max(worst, firstFinalMs - lastStartMs);
  }
  return {
    name: `recovery after all are killed, n = ${n}`,
    value: `${(worst / 1_000).toFixed(2)} virtual s at worst`,
    details: { runs },
  };
}

/** The cost of the simulation itself. */
async function hundred(): Promise<Figure> {
  const config = setting(100, {
    safetyMs: 29_000,
    healedMs: 1_000,
    network: { delayMs: [20, 60] },
  });
  const cpu = process.cpuUsage();
  const { world, wallMs } = await measure(config);
  const used = process.cpuUsage(cpu);
  const seconds = (used.user + used.system) / 1_000_000;
  return {
    name: '100 validators, 30 virtual seconds',
    value: `${seconds.toFixed(0)} s of processor, ${(wallMs / 1_000).toFixed(0)} s by the wall`,
    details: {
      messages: world.network.sent,
      microsecondsPerMessage: ((seconds * 1_000_000) / world.network.sent).toFixed(1),
      height: world.minHeight,
    },
  };
}

/** Prints every figure. */
export async function figures(json: boolean): Promise<number> {
  const tell = ({ name, value, details }: Figure): void => {
    if (json) console.log(JSON.stringify({ name, value, ...details }));
    else {
      const more = Object.entries(details).map(([key, one]) => `${key} ${one}`);
      console.log(`${name.padEnd(44)} ${value}  (${more.join(', ')})`);
    }
  };
  const [cpu] = cpus();
  console.error(`${cpus().length} x ${cpu?.model ?? ''}, load ${(loadavg()[0] ?? 0).toFixed(1)}`);
  for (const n of [4, 10, 31, 100]) tell(await finality(n));
  for (const n of [4, 10, 31]) tell(await silentShare(n));
  for (const n of [4, 7]) tell(await recovery(n));
  tell(await hundred());
  return 0;
}
