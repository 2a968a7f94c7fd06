/**
 * The check of the model: the lemmas hold in random runs with a fresh seed, every broken rule is caught by the
 * lemma that it is for, and what the model does real cores do too.
 *
 *   node --conditions=@mxd/source src/main.ts [--seed N] [--samples N] [--mutant-samples N] [--keep DIR]
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ModelError } from './errors.ts';
import { commandOf, quint, type QuintRun } from './quint.ts';
import { readTrace, type ModelState } from './itf.ts';
import { noCounts, replay, type ReplayCounts } from './replay.ts';

const witnesses = [
  'someFinal',
  'someNullified',
  'someNotarizedAndNullified',
  'someSkipFinal',
  'someReproposalFinal',
  'someSplitVote',
  'someEnded',
];

const mutants = [
  'quorumCaught',
  'secondNotarizeCaught',
  'finalizeAfterNullifyCaught',
  'noGapCheckCaught',
  'reproposeGapCaught',
  'reproposeUncertifiedCaught',
];

/** Rounds of samples before a witness never seen or a mutant never caught is a failure. */
const maxRounds = 10;

interface Options {
  readonly seed: number;
  readonly samples: number;
  readonly mutantSamples: number;
  readonly keep: string | undefined;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      samples: { type: 'string', default: '120' },
      'mutant-samples': { type: 'string', default: '180' },
      keep: { type: 'string' },
    },
  });
  return {
    seed: Number(values.seed ?? Date.now() % 2 ** 31),
    samples: Number(values.samples),
    mutantSamples: Number(values['mutant-samples']),
    keep: values.keep,
  };
}

let failures = 0;

function report(isRight: boolean, text: string): void {
  if (!isRight) failures++;
  console.log(`${isRight ? 'ok  ' : 'FAIL'} ${text}`);
}

/** One run; adds how often each witness was seen. */
async function runProtocol(run: QuintRun, seen: Map<string, number>): Promise<void> {
  const { isViolated, witnessed, output } = await quint({ ...run, invariant: 'safety', witnesses });
  if (isViolated) console.log(output);
  report(!isViolated, `L1-L4, agreement, unique anchor, validity: ${run.samples} runs`);
  console.log(`     ${commandOf({ ...run, invariant: 'safety', witnesses })}`);
  for (const name of witnesses) seen.set(name, (seen.get(name) ?? 0) + (witnessed.get(name) ?? 0));
}

async function checkProtocol({ seed, samples }: Options, dir: string): Promise<void> {
  const seen = new Map(witnesses.map((name) => [name, 0]));
  const traces = { file: join(dir, 't_{seq}.itf.json'), count: samples };
  let rounds = 0;
  while (rounds < maxRounds && [...seen.values()].includes(0)) {
    const run = { samples, steps: 44, seed: String(seed + rounds++) };
    await runProtocol(rounds === 1 ? { ...run, traces } : run, seen);
  }
  for (const [name, count] of seen) report(count > 0, `${name} in ${count} runs`);
}

/** Traces of a folder that start where cores do; quint writes one that ends early twice. */
function tracesIn(dir: string): Map<string, readonly ModelState[]> {
  const traces = new Map<string, readonly ModelState[]>();
  const seen = new Set<string>();
  for (const file of readdirSync(dir).filter((name) => name.endsWith('.itf.json'))) {
    const states = readTrace(join(dir, file));
    const signature = JSON.stringify(states.map((state) => state.event));
    const isFresh = states[0]?.blocks.size === 1;
    if (isFresh && !seen.has(signature)) traces.set(file, states);
    seen.add(signature);
  }
  return traces;
}

function checkReplay(dir: string): void {
  const counts = noCounts();
  const traces = tracesIn(dir);
  for (const [file, states] of traces) {
    try {
      const result = replay(states);
      for (const name of Object.keys(counts) as (keyof ReplayCounts)[]) {
        counts[name] += result[name];
      }
    } catch (error) {
      report(false, `${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  report(traces.size > 0, `${traces.size} traces replayed against real cores`);
  for (const [name, count] of Object.entries(counts)) report(count > 0, `replay ${name}: ${count}`);
}

/** Adds how often each lemma caught its mutant in one round. */
async function runMutants(run: QuintRun, caught: Map<string, number>): Promise<void> {
  const { witnessed } = await quint({ ...run, init: 'initMutants', witnesses: mutants });
  for (const name of mutants)
    caught.set(name, (caught.get(name) ?? 0) + (witnessed.get(name) ?? 0));
}

async function checkMutants({ seed, mutantSamples: samples }: Options, dir: string): Promise<void> {
  const caught = new Map(mutants.map((name) => [name, 0]));
  const traces = { file: join(dir, 'm_{seq}.itf.json'), count: Math.min(60, samples) };
  let rounds = 0;
  while (rounds < maxRounds && [...caught.values()].includes(0)) {
    const run = { samples, steps: 36, seed: String(seed + ++rounds) };
    await runMutants(rounds === 1 ? { ...run, traces } : run, caught);
  }
  for (const [name, count] of caught) {
    report(count > 0, `${name} in ${count} of about ${Math.round((rounds * samples) / 6)} runs`);
  }
}

/** A core keeps the rules that a mutant breaks: the replay has to see it. */
function checkReplaySees(dir: string): void {
  const differing = new Map<string, number>();
  const traces = tracesIn(dir);
  for (const states of traces.values()) {
    const name = states[0]?.mutant ?? '';
    try {
      replay(states);
    } catch (error) {
      if (!(error instanceof ModelError) || error.code !== 'MODEL_DIFFERS') throw error;
      differing.set(name, (differing.get(name) ?? 0) + 1);
    }
  }
  const text = [...differing].map(([name, count]) => `${name} ${count}`).join(', ');
  report(differing.size > 0, `of ${traces.size} mutant traces cores refuse ${text}`);
}

function folder(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path, { recursive: true });
  return path;
}

const chosen = options();
console.log(`seed ${chosen.seed}`);
const dir = chosen.keep ?? mkdtempSync(join(tmpdir(), 'mxd-model-'));
try {
  await checkProtocol(chosen, folder(dir, 'protocol'));
  checkReplay(folder(dir, 'protocol'));
  await checkMutants(chosen, folder(dir, 'mutants'));
  checkReplaySees(folder(dir, 'mutants'));
} finally {
  if (chosen.keep === undefined) rmSync(dir, { recursive: true, force: true });
}
process.exitCode = failures > 0 ? 1 : 0;
