import { describe, expect, it } from 'vitest';
import { judgeCoverage, loweredFloors } from '../../src/coverage.ts';
import { countVitest, steps } from '../../src/steps.ts';

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 };

describe('countVitest', () => {
  it('counts tests', () => {
    expect(countVitest(report, true)).toEqual({ passed: 3, failed: 0, skipped: 2 });
    expect(countVitest({ ...report, numFailedTests: 2 }, false).failed).toBe(2);
  });

  it('counts a run that ended badly as one failure, whatever its report says', () => {
    expect(countVitest(report, false).failed).toBe(1);
    expect(countVitest(undefined, false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('counts a run that saw no test as one failure', () => {
    expect(countVitest({ ...report, numPassedTests: 0 }, true).failed).toBe(1);
  });
});

describe('judgeCoverage', () => {
  const files = {
    '/x/packages/a/src/one.ts': { total: 100, covered: 100 },
    '/x/packages/b/src/one.ts': { total: 100, covered: 85 },
    total: { total: 1, covered: 0 },
  };

  it('holds the whole and each named package to its floor', () => {
    expect(judgeCoverage({ total: 92, packages: { 'packages/a': 100 } }, files).problems).toEqual(
      [],
    );
    expect(judgeCoverage({ total: 93, packages: {} }, files).problems).toHaveLength(1);
    expect(judgeCoverage({ total: 0, packages: { 'packages/b': 90 } }, files).problems).toEqual([
      'packages/b: 85 % of lines, floor 90 %',
    ]);
  });

  it('does not round up to a floor', () => {
    const nearly = { '/x/packages/a/src/one.ts': { total: 100_000, covered: 99_999 } };
    const floors = { total: 0, packages: { 'packages/a': 100 } };
    expect(judgeCoverage(floors, nearly).problems).toHaveLength(1);
  });

  it('fails for a package that was not seen', () => {
    const floors = { total: 0, packages: {} };
    expect(judgeCoverage(floors, files, ['packages/a', 'packages/c']).problems).toEqual([
      'packages/c: no line was seen; has it tests?',
    ]);
  });

  it('fails when it saw nothing', () => {
    expect(judgeCoverage({ total: 0, packages: {} }, {}).problems).toHaveLength(1);
  });
});

describe('loweredFloors', () => {
  const before = { total: 90, packages: { 'packages/a': 95 } };

  it('accepts floors that rise or stay', () => {
    expect(loweredFloors(before, { total: 91, packages: { 'packages/a': 95 } })).toEqual([]);
  });

  it('finds floors that fall or vanish', () => {
    expect(loweredFloors(before, { total: 89, packages: {} })).toHaveLength(2);
  });
});

describe('steps', () => {
  it('have names of their own', () => {
    expect(new Set(steps.map((step) => step.name)).size).toBe(steps.length);
  });
});
