/** Line coverage against tooling/coverage-floor.json, whose figures only rise. */
import { run } from './process.ts';
import { has, members, readJson } from './sources.ts';
import type { Outcome } from './steps.ts';

export interface Floors {
  /** Percent of all lines of packages. */
  readonly total: number;
  /** Percent for packages that promise more. */
  readonly packages: Readonly<Record<string, number>>;
}

interface Lines {
  readonly total: number;
  readonly covered: number;
}

/** Covered share in percent, rounded down to two digits, so that 99.999 is not 100. */
function percent({ total, covered }: Lines): number {
  return total === 0 ? 100 : Math.floor((covered / total) * 10_000) / 100;
}

/** What lies below its floor or was not seen at all, and the lines that tell the figures. */
export function judgeCoverage(
  floors: Floors,
  files: Readonly<Record<string, Lines>>,
  expected: readonly string[] = [],
): { readonly problems: readonly string[]; readonly line: string } {
  const sums = new Map<string, Lines>();
  for (const [path, lines] of Object.entries(files)) {
    const dir = /packages\/[^/]+(?=\/src\/)/.exec(path.replaceAll('\\', '/'))?.[0];
    if (dir === undefined) continue;
    for (const key of [dir, 'total']) {
      const sum = sums.get(key) ?? { total: 0, covered: 0 };
      sums.set(key, { total: sum.total + lines.total, covered: sum.covered + lines.covered });
    }
  }
  const total = sums.get('total');
  if (total === undefined) return { problems: ['no line of any package was seen'], line: '' };
  const problems = expected
    .filter((dir) => !sums.has(dir))
    .map((dir) => `${dir}: no line was seen; has it tests?`);
  if (percent(total) < floors.total) {
    problems.push(`all packages: ${percent(total)} % of lines, floor ${floors.total} %`);
  }
  for (const [dir, floor] of Object.entries(floors.packages)) {
    const sum = sums.get(dir);
    if (sum === undefined) continue;
    if (percent(sum) < floor) problems.push(`${dir}: ${percent(sum)} % of lines, floor ${floor} %`);
  }
  const each = [...sums].map(([key, sum]) => `${key} ${percent(sum)} %`).sort();
  return { problems, line: each.join('\n') };
}

/** Floors of `now` that are lower than in `before`. */
export function loweredFloors(before: Floors, now: Floors): readonly string[] {
  const lowered = Object.entries({ ...before.packages, total: before.total }).filter(
    ([key, floor]) => (key === 'total' ? now.total : (now.packages[key] ?? 0)) < floor,
  );
  return lowered.map(([key, floor]) => `${key}: the floor was ${floor} % and only rises`);
}

const floorFile = 'tooling/coverage-floor.json';
const summaryFile = 'coverage/coverage-summary.json';

export async function checkCoverage(): Promise<Outcome> {
  if (!has(summaryFile)) {
    return { passed: 0, failed: 1, skipped: 0, output: `${summaryFile} is missing: run the tests` };
  }
  const summary = readJson<Record<string, { lines: Lines }>>(summaryFile);
  const floors = readJson<Floors>(floorFile);
  const files = Object.entries(summary).map(([path, { lines }]) => [path, lines] as const);
  const packages = members().filter(({ dir }) => dir.startsWith('packages/'));
  const { problems, line } = judgeCoverage(
    floors,
    Object.fromEntries(files),
    packages.map(({ dir }) => dir),
  );
  const lowered: string[] = [];
  const committed = await run(['git', 'show', `HEAD:${floorFile}`]);
  if (committed.ok) lowered.push(...loweredFloors(JSON.parse(committed.output) as Floors, floors));
  const all = [...problems, ...lowered];
  const note = line.split('\n').find((text) => text.startsWith('total')) ?? '';
  return {
    passed: all.length === 0 ? 1 : 0,
    failed: all.length === 0 ? 0 : 1,
    skipped: 0,
    output: [...all, line].join('\n'),
    note,
  };
}
