/** Runs Quint's simulator, with the evaluator that needs nothing but Node. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { ModelError } from './errors.ts';

export interface QuintRun {
  readonly samples: number;
  readonly steps: number;
  readonly seed: string;
  readonly init?: string;
  readonly invariant?: string;
  readonly witnesses?: readonly string[];
  /** File name with `{seq}`, and how many traces at most. */
  readonly traces?: { readonly file: string; readonly count: number };
}

export interface QuintResult {
  readonly isViolated: boolean;
  /** Traces in which each witness was true. */
  readonly witnessed: ReadonlyMap<string, number>;
  readonly output: string;
}

const model = join(import.meta.dirname, '..', 'rsc.qnt');

function program(): string {
  const manifest = createRequire(import.meta.url).resolve('@informalsystems/quint/package.json');
  return join(dirname(manifest), 'dist', 'src', 'cli.js');
}

function argumentsOf(run: QuintRun): string[] {
  const args = ['run', model, '--backend=typescript', '--verbosity=1', `--seed=${run.seed}`];
  args.push(`--max-samples=${run.samples}`, `--max-steps=${run.steps}`);
  if (run.init !== undefined) args.push(`--init=${run.init}`);
  if (run.invariant !== undefined) args.push(`--invariant=${run.invariant}`);
  if (run.traces !== undefined) {
    args.push(`--out-itf=${run.traces.file}`, `--n-traces=${run.traces.count}`);
  }
  if (run.witnesses !== undefined) args.push('--witnesses', ...run.witnesses);
  return args;
}

/** The command that repeats a run by hand, in tooling/model. */
export function commandOf(run: QuintRun): string {
  return ['quint', ...argumentsOf(run)].join(' ').replace(model, 'rsc.qnt');
}

async function outputOf(args: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [program(), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  return { code, output };
}

/** Throws MODEL_TOOL if quint fails for another reason than a violation. */
export async function quint(run: QuintRun): Promise<QuintResult> {
  const { code, output } = await outputOf(argumentsOf(run));
  const isViolated = output.includes('[violation]');
  if (code !== 0 && !isViolated) throw new ModelError('MODEL_TOOL', output.slice(-4_000));
  const witnessed = new Map<string, number>();
  for (const [, name, count] of output.matchAll(/(\w+) was witnessed in (\d+) trace/g)) {
    if (name !== undefined) witnessed.set(name, Number(count));
  }
  return { isViolated, witnessed, output };
}
