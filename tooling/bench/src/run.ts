// `npm run -s bench -- [filter] [--json] [--long] [--smoke]`: finds the benchmark files of the workspace and
// runs each in a process of its own. The filter is a part of a file's path or of a benchmark's id.
import { fork } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineLine, readMachine } from './machine.ts';
import type { BenchmarkResult, Skipped } from './measure.ts';
import { describe } from './report.ts';

/** What a suite's process tells. */
export type FromSuite =
  | { readonly result: BenchmarkResult | Skipped }
  | { readonly failed: string; readonly error: string };

const usage = `npm run -s bench -- [filter] [--json] [--long] [--smoke]

  filter    only files or benchmarks whose path or id contains this
  --json    one JSON object for each benchmark, one a line, on standard output
  --long    those that take minutes too; else only a filter with their id runs them
  --smoke   every benchmark once on tiny input; fails on errors only

Examples: npm run -s bench -- codec      npm run -s bench -- --json crypto > figures.jsonl`;

const root = fileURLToPath(new URL('../../..', import.meta.url));
const suiteProcess = fileURLToPath(new URL('./suite-process.ts', import.meta.url));

interface Totals {
  done: number;
  skipped: number;
  failed: number;
}

/** Runs one file to its end; a crash of its process counts as one failure. */
function runFile(file: string, options: Options, totals: Totals): Promise<void> {
  const args = [file, options.filter, options.smoke ? 'smoke' : options.long ? 'long' : 'full'];
  const child = fork(suiteProcess, args, {
    cwd: root,
    execArgv: ['--conditions=@mxd/source', '--expose-gc', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 2, 2, 'ipc'], // standard output carries the figures alone
  });
  child.on('message', (message: FromSuite) => {
    if ('failed' in message) {
      totals.failed += 1;
      console.error(`FAILED ${message.failed}\n${message.error}`);
    } else if ('skipped' in message.result) {
      totals.skipped += 1;
      console.error(`skipped ${message.result.id}: ${message.result.skipped}`);
    } else {
      totals.done += 1;
      if (options.json) console.log(JSON.stringify(message.result));
      else if (!options.smoke) console.log(describe(message.result));
    }
  });
  return new Promise((resolve) => {
    child.on('error', (error) => {
      totals.failed += 1;
      console.error(`FAILED ${file}: ${error.message}`);
      resolve();
    });
    child.on('close', (code, signal) => {
      if (code !== 0) {
        totals.failed += 1;
        console.error(`FAILED ${file}: its process ended with ${signal ?? code}`);
      }
      resolve();
    });
  });
}

interface Options {
  readonly filter: string;
  readonly json: boolean;
  readonly long: boolean;
  readonly smoke: boolean;
}

/** Only files that may hold a match: a filter that names a package need not load the others. */
function filesFor(filter: string): readonly string[] {
  const files = globSync('{packages,apps,tooling}/*/bench/*.bench.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
  const named = files.filter((file) => file.includes(filter));
  return named.length > 0 ? named : files;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const { json, long, smoke } = values;
  const options = { filter: positionals[0] ?? '', json, long, smoke };
  if (!options.json) console.log(machineLine(readMachine()));
  const totals: Totals = { done: 0, skipped: 0, failed: 0 };
  for (const file of filesFor(options.filter)) {
    // Where the figures go to a file, this is all that shows that it goes on.
    if (options.json) console.error(`bench: ${file}`);
    await runFile(file, options, totals);
  }
  const line = `${totals.done} benchmarks run, ${totals.skipped} skipped, ${totals.failed} failed`;
  if (options.json) console.error(line);
  else console.log(line);
  if (totals.done === 0) console.error(`bench: nothing matches '${options.filter}'`);
  return totals.failed > 0 || totals.done === 0 ? 1 : 0;
}

process.exitCode = await main();
