/**
 * Rows of docs/implementation-matrix.md. To record that something is there, turn `planned('X')` into
 *
 *     done('X', 'packages/crypto/src/hash.ts', 'packages/crypto/test/unit/hash.test.ts > SHA-512')
 *
 * or `partial('X', code, tests, 'what is missing')`, and run `npm run docs`. Several files go into an
 * array. What stands after ` > ` is a part of a test's title; it must occur in that file.
 */
export type Status = 'done' | 'partial' | 'planned';

export interface Row {
  readonly what: string;
  readonly status: Status;
  readonly code: readonly string[];
  readonly tests: readonly string[];
  /** What a partial row still misses. */
  readonly missing: string;
}

type Names = string | readonly string[];

function list(names: Names): readonly string[] {
  return typeof names === 'string' ? [names] : names;
}

export function planned(what: string): Row {
  return { what, status: 'planned', code: [], tests: [], missing: '' };
}

export function partial(what: string, code: Names, tests: Names, missing: string): Row {
  return { what, status: 'partial', code: list(code), tests: list(tests), missing };
}

export function done(what: string, code: Names, tests: Names): Row {
  return { what, status: 'done', code: list(code), tests: list(tests), missing: '' };
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** A class of bugs that other chains paid for, the scenario that would show it, and its tests. */
export interface Lesson extends Omit<Row, 'what'> {
  readonly id: string;
  readonly bug: string;
  readonly scenario: string;
}

export function lesson(id: string, bug: string, scenario: string, row: Row = planned('')): Lesson {
  return { id, bug, scenario, ...row };
}

/** `done` and `partial` for lessons: `lesson('S1', '...', '...', shown('path > title'))`. */
export function shown(tests: Names, missing = ''): Row {
  const status = missing === '' ? 'done' : 'partial';
  return { what: '', status, code: [], tests: list(tests), missing };
}
