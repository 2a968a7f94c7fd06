// What `npm test` runs: fresh seeds (their range is printed), past failures, every mutant.
import { randomInt } from 'node:crypto';

import { readCorpus } from './corpus.ts';
import { hunt } from './mutants/hunt.ts';
import { mutants } from './mutants/index.ts';
import { isBad, runOnce } from './run.ts';
import { draw } from './swarm.ts';

/** Processor time for fresh seeds; at least `leastSeeds` are run however slow the machine is. */
const seedsMs = 30_000;
const leastSeeds = 15;

let passed = 0;
let failed = 0;

function note(isGood: boolean, text: string): void {
  if (isGood) passed++;
  else failed++;
  if (!isGood) console.log(`FAILED ${text}`);
}

async function freshSeeds(): Promise<void> {
  const from = randomInt(1, 2 ** 40);
  const begun = process.cpuUsage();
  let count = 0;
  for (let seed = from; ; seed++) {
    const { user, system } = process.cpuUsage(begun);
    if (count >= leastSeeds && (user + system) / 1_000 > seedsMs) break;
    count++;
    const { result } = await runOnce(draw(seed));
    const [first] = result.problems;
    note(
      !isBad(result),
      `seed ${seed}: ${first?.invariant ?? ''} ${first?.detail ?? ''}; npm run sim -- --seed ${seed}`,
    );
  }
  console.log(`${count} fresh seeds, ${from} to ${from + count - 1}`);
}

async function corpus(): Promise<void> {
  const kept = readCorpus();
  for (const { name, config } of kept) {
    const { result } = await runOnce(config);
    const [first] = result.problems;
    note(!isBad(result), `corpus ${name}: ${first?.invariant ?? ''} ${first?.detail ?? ''}`);
    const again = await runOnce(config);
    note(again.result.digest === result.digest, `corpus ${name}: two runs, two digests`);
  }
  console.log(`${kept.length} past failures, each twice`);
}

async function allMutants(): Promise<void> {
  for (const mutant of mutants) {
    const { seeds, found, wallMs } = await hunt(mutant);
    note(
      seeds !== undefined,
      `mutant ${mutant.id} (${mutant.about}) lives: ${mutant.within} seeds, found ${found.join() || 'nothing'}`,
    );
    if (seeds === undefined) continue;
    const by = found.find((name) => mutant.caughtBy.includes(name)) ?? '';
    console.log(
      `${mutant.id.padEnd(4)} ${by.padEnd(4)} in ${seeds} of ${mutant.within} seeds, ` +
        `${Math.round(wallMs)} ms: ${mutant.about}`,
    );
  }
}

await freshSeeds();
await corpus();
await allMutants();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
