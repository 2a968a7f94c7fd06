import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { type RunConfig } from './config.ts';
import { readConfig } from './corpus.ts';
import { Counts } from './counts.ts';
import { describeCounts, neverOccurred } from './coverage.ts';
import { exhaust } from './exhaustive.ts';
import { figures } from './figures.ts';
import { renderHtml } from './html.ts';
import { isBad, runOnce, type RunResult } from './run.ts';
import { runScenario, scenarios } from './scenarios/index.ts';
import { runSeeds } from './seeds.ts';
import { shrink } from './shrink.ts';
import { draw } from './swarm.ts';
import { Trace } from './trace.ts';

const usage = `npm run sim -- [options]

  --seeds N          run N fresh seeds (20 unless told); their range is printed
  --from S           first seed, in place of a fresh one
  --jobs N           threads for --seeds (1 unless told)
  --seed S           run one seed
  --config FILE      run a configuration, as printed by --shrink or kept in the corpus
  --scenario NAME    run a scenario (S1 to S42, or all); --list names them
  --shrink           with --seed or --config: look for a smaller run that fails alike
  --trace            print the timeline
  --html FILE        write the timeline as one self-contained page
  --exhaustive       every order of deliveries up to a depth, n = 4, one Byzantine
  --figures          finality in message delays, f silent, recovery, 100 validators
  --counts           print how often each rule, message, fault and behaviour occurred
  --json             one object per run and line: seed, digest, n, finalHeight, violations, stalls, ...

It ends with 1 on any violation or stall.

Examples: npm run sim -- --seeds 100 --jobs 2      npm run sim -- --seed 7 --trace
          npm run sim -- --scenario S7             npm run sim -- --seed 7 --shrink`;

/** From here on nothing that never occurred is forgiven. */
const bigRun = 1_000;

const options = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  from: { type: 'string' },
  jobs: { type: 'string', default: '1' },
  config: { type: 'string' },
  scenario: { type: 'string' },
  list: { type: 'boolean', default: false },
  shrink: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
  html: { type: 'string' },
  exhaustive: { type: 'boolean', default: false },
  figures: { type: 'boolean', default: false },
  counts: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

function integer(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`--${name} is ${text}; it must be a whole number`);
  }
  return value;
}

function line(result: RunResult): string {
  const { seed, n, finalHeight, epochs, digest, byzantine, virtualMs, wallMs } = result;
  const who = byzantine.length === 0 ? 'all correct' : byzantine.join(', ');
  const verdict = result.beyondModel === undefined ? (isBad(result) ? 'FAILED' : 'ok') : 'beyond';
  const name = result.name === 'swarm' ? `seed ${seed}` : result.name;
  return (
    `${verdict.padEnd(6)} ${name.padEnd(16)} n=${String(n).padEnd(3)} height ` +
    `${String(finalHeight).padEnd(4)} epoch ${String(epochs).padEnd(2)} ` +
    `${(virtualMs / 1_000).toFixed(1)} s in ${wallMs} ms  ${digest.slice(0, 12)}  ${who}`
  );
}

function tellProblems(result: RunResult, replay: string): void {
  for (const { invariant, atMs, node, detail } of result.problems) {
    console.error(`  ${invariant} at ${atMs} ms, ${node}: ${detail}`);
  }
  console.error(`  replay: ${replay}`);
}

function tell(result: RunResult, values: Values, replay: string): void {
  console.log(values.json ? JSON.stringify(result) : line(result));
  if (isBad(result)) tellProblems(result, replay);
}

async function runOneConfig(config: RunConfig, values: Values, replay: string): Promise<number> {
  const trace = values.trace || values.html !== undefined ? new Trace() : undefined;
  const { result, counts } = await runOnce(config, trace);
  if (values.trace) for (const text of trace?.lines() ?? []) console.log(text);
  if (values.html !== undefined && trace !== undefined) {
    writeFileSync(values.html, renderHtml(trace, result));
  }
  tell(result, values, replay);
  if (values.counts) {
    const all = new Counts();
    all.merge(counts);
    console.error(describeCounts(all));
  }
  if (values.shrink && isBad(result)) {
    const smaller = await shrink(config, (text) => console.error(`  ${text}`));
    console.log(JSON.stringify(smaller, undefined, 1));
  }
  return isBad(result) ? 1 : 0;
}

async function runMany(values: Values): Promise<number> {
  const count = integer(values.seeds ?? '20', 'seeds');
  const from = values.from === undefined ? randomInt(1, 2 ** 40) : integer(values.from, 'from');
  const counts = new Counts();
  let bad = 0;
  let beyond = 0;
  let done = 0;
  let real = 0;
  let ledgers = 0;
  let virtualMs = 0;
  const begun = performance.now();
  const seeds = Array.from({ length: count }, (_, i) => from + i);
  console.error(`seeds ${from} to ${from + count - 1}`);
  await runSeeds(seeds, integer(values.jobs, 'jobs'), (outcome) => {
    done++;
    if ('failure' in outcome) {
      bad++;
      console.error(`seed ${outcome.seed} threw ${outcome.failure}`);
      return true;
    }
    const { result } = outcome;
    counts.merge(outcome.counts);
    virtualMs += result.virtualMs;
    if (result.beyondModel !== undefined) beyond++;
    if (result.signatures === 'real') real++;
    if (result.application === 'ledger') ledgers++;
    if (isBad(result)) bad++;
    const isShown = values.json || isBad(result) || count <= 100;
    if (isShown) tell(result, values, `npm run sim -- --seed ${result.seed} --trace`);
    else if (done % 100 === 0) console.error(`${done} of ${count} seeds, ${bad} failed`);
    return true;
  });
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
  console.error(
    `${done} seeds from ${from}: ${bad} failed, ${beyond} beyond the model, ${real} with real ` +
      `signatures, ${ledgers} on the real ledger, ${(virtualMs / 3_600_000).toFixed(2)} virtual hours in ${minutes} minutes`,
  );
  const missing = neverOccurred(counts);
  if (values.counts || count >= bigRun) console.error(describeCounts(counts));
  if (missing.length > 0) {
    console.error(`never occurred: ${missing.join('; ')}`);
    if (count >= bigRun) bad++;
  }
  return bad > 0 ? 1 : 0;
}

async function runScenarios(values: Values): Promise<number> {
  const name = values.scenario ?? 'all';
  const chosen = scenarios.filter((one) => name === 'all' || one.id === name);
  if (chosen.length === 0) {
    console.error(`no scenario is called ${name}; see --list`);
    return 2;
  }
  let bad = 0;
  for (const scenario of chosen) {
    const trace = values.trace || values.html !== undefined ? new Trace() : undefined;
    for (const result of await runScenario(scenario, trace)) {
      if (isBad(result)) bad++;
      if (values.trace) for (const text of trace?.lines() ?? []) console.log(text);
      if (values.html !== undefined && trace !== undefined) {
        writeFileSync(values.html, renderHtml(trace, result));
      }
      tell(result, values, `npm run sim -- --scenario ${scenario.id} --trace`);
    }
  }
  return bad > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (values.list) {
    for (const { id, about } of scenarios) console.log(`${id.padEnd(5)} ${about}`);
    return 0;
  }
  if (values.figures) return await figures(values.json);
  if (values.exhaustive) return await exhaust(values.json);
  if (values.scenario !== undefined) return await runScenarios(values);
  if (values.config !== undefined) {
    const parsed = readConfig(readFileSync(values.config, 'utf8'));
    return await runOneConfig(parsed, values, `npm run sim -- --config ${values.config} --trace`);
  }
  if (values.seed !== undefined) {
    const seed = integer(values.seed, 'seed');
    return await runOneConfig(draw(seed), values, `npm run sim -- --seed ${seed} --trace`);
  }
  return await runMany(values);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
