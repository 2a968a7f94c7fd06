/** The steps of `npm test`, in the order they run: the quick ones first. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkCoverage } from './coverage.ts';
import { failuresOf, type VitestReport } from './failures.ts';
import { node, pnpm, run, tool } from './process.ts';
import { find, has, readJson, root } from './sources.ts';

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Shown when something failed, and always where `note` is set. */
  readonly output: string;
  /** A few words beside the step's result. */
  readonly note?: string;
  /** What failed, told again at the very end: one text for each failure that has a name. */
  readonly failures?: readonly string[];
}

export interface Step {
  readonly name: string;
  readonly about: string;
  /** Why the step has nothing to do here, or undefined. Counted as skipped. */
  readonly absent?: () => string | undefined;
  readonly run: () => Promise<Outcome>;
}

const cache = join(root, 'node_modules', '.cache', 'mxd-check');

/** A step of one or more commands, all of which must succeed; it counts as one test. */
function commands(...list: readonly (readonly string[])[]): () => Promise<Outcome> {
  return async () => {
    let output = '';
    for (const command of list) {
      const finished = await run(command);
      output += finished.output;
      if (!finished.ok) return { passed: 0, failed: 1, skipped: 0, output };
    }
    const note = output.trim().split('\n').at(-1) ?? '';
    return { passed: 1, failed: 0, skipped: 0, output, note: note.length > 90 ? '' : note };
  };
}

/** Sums a report. A run that failed without a failed test (a file that does not load, a floor) is one. */
export function countVitest(
  report: VitestReport | undefined,
  ok: boolean,
): Omit<Outcome, 'output'> {
  const passed = report?.numPassedTests ?? 0;
  const failed = report?.numFailedTests ?? 0;
  return {
    passed,
    failed: failed === 0 && (!ok || passed === 0) ? 1 : failed,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  };
}

function vitest(...args: readonly string[]): () => Promise<Outcome> {
  return async () => {
    mkdirSync(cache, { recursive: true });
    const file = join(cache, 'vitest.json');
    rmSync(file, { force: true });
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const command = [...tool('vitest'), 'run', ...reporters, ...args];
    const { ok } = await run(command, { stream: true, env: { CI: '1' } }); // no snapshot is written
    let report: VitestReport | undefined;
    try {
      report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
    } catch {
      // No report: vitest did not come so far, which countVitest counts as a failure.
    }
    return { ...countVitest(report, ok), failures: failuresOf(report), output: '' };
  };
}

const source = (file: string, ...args: readonly string[]): readonly string[] => [
  ...node,
  join(root, file),
  ...args,
];

/** Tools and apps that bring a check of their own (the simulator, the model) name it `check`. */
function ownChecks(): readonly Step[] {
  return find('{packages,apps,tooling}/*/package.json')
    .map((path) => ({ path, scripts: readJson<{ scripts?: { check?: string } }>(path).scripts }))
    .filter(({ scripts }) => scripts?.check !== undefined)
    .map(({ path }) => {
      const dir = path.slice(0, -'/package.json'.length);
      return {
        name: dir,
        about: `the check that ${dir} brings itself`,
        run: async () => {
          const finished = await run([...pnpm(), '--dir', dir, 'run', 'check'], { stream: true });
          return { passed: +finished.ok, failed: +!finished.ok, skipped: 0, output: '' };
        },
      };
    });
}

const noneOf = (pattern: string, text: string) => (): string | undefined =>
  find(pattern).length === 0 ? text : undefined;

export const steps: readonly Step[] = [
  {
    name: 'format',
    about: 'every file is as oxfmt writes it (npm run format)',
    run: commands([...tool('oxfmt'), '--check']),
  },
  {
    name: 'types',
    about: 'packages and tools compile; their tests and benchmarks type-check',
    run: commands(
      [...tool('typescript', 'tsc'), '-b'],
      [...tool('typescript', 'tsc'), '-p', 'tsconfig.tests.json'],
    ),
  },
  {
    name: 'lint',
    about: 'type-aware lint; after the build, which its types come from',
    run: commands([...tool('oxlint'), '--type-aware', '--quiet']),
  },
  {
    name: 'layers',
    about: 'imports go down the layers of tooling/layers.json',
    run: commands(source('tooling/check/src/check-layers.ts')),
  },
  {
    name: 'tidy',
    about: 'banned calls, names, markers, manifests, documents that name code',
    run: commands(source('tooling/check/src/check-tidy.ts')),
  },
  {
    name: 'dead code',
    about: 'unused files, exports and dependencies',
    run: commands([...tool('knip'), '--no-config-hints']),
  },
  {
    name: 'docs',
    about: 'generated documents are as the code says; what the READMEs show runs',
    run: commands(
      source('tooling/docs/src/generate.ts', '--check'),
      source('tooling/docs/src/run-snippets.ts'),
    ),
  },
  {
    name: 'packages',
    about: 'tarballs are well formed and every entry loads in an empty project',
    run: commands(
      [...tool('typescript', 'tsc'), '-b'],
      source('tooling/check/src/check-packages.ts'),
    ),
  },
  { name: 'tests', about: 'unit, property and integration tests', run: vitest('--coverage') },
  { name: 'coverage', about: 'line coverage is above its floor', run: checkCoverage },
  {
    name: 'end to end',
    about: 'the real programs, as a user starts them',
    absent: noneOf('{packages,apps,tooling}/*/test/e2e/**/*.test.ts', 'no such tests'),
    run: vitest('--mode', 'e2e'),
  },
  ...ownChecks(),
  {
    name: 'benchmarks',
    about: 'every benchmark runs (once, on tiny input)',
    absent: () => (has('tooling/bench') ? undefined : 'no benchmarks'),
    run: commands(source('tooling/bench/src/run.ts', '--smoke')),
  },
];
