/** The matrix must be true: files it names exist, titles it names occur in them. */
import type { Lesson, Row, Section } from './row.ts';

export interface Tree {
  readonly has: (path: string) => boolean;
  readonly read: (path: string) => string;
}

type Claim = Pick<Row, 'status' | 'code' | 'tests' | 'missing'>;

function problemsOf(claim: Claim, tree: Tree, needsCode: boolean): readonly string[] {
  const problems: string[] = [];
  const { status, code, tests, missing } = claim;
  if (status === 'planned') {
    if (code.length + tests.length > 0) problems.push('is planned but names files');
    return problems;
  }
  if (needsCode && code.length === 0) problems.push(`is ${status} but names no code`);
  if (status === 'done' && tests.length === 0) problems.push('is done but names no test');
  if (status === 'partial' && missing === '') problems.push('is partial without saying why');
  for (const path of code) if (!tree.has(path)) problems.push(`names ${path}, which is not there`);
  for (const test of tests) {
    const [path = '', title] = test.split(' > ');
    if (!tree.has(path)) problems.push(`names ${path}, which is not there`);
    else if (!/(^|\/)test\//.test(path)) problems.push(`names ${path}, which is no test`);
    else if (title !== undefined && !tree.read(path).includes(title)) {
      problems.push(`names the test '${title}', which ${path} does not have`);
    }
  }
  return problems;
}

/** Everything in the matrix that is not so. */
export function checkMatrix(
  sections: readonly Section[],
  lessons: readonly Lesson[],
  tree: Tree,
): readonly string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  const unique = (name: string): void => {
    if (names.has(name)) problems.push(`'${name}' occurs twice`);
    names.add(name);
  };
  for (const { title, rows } of sections) {
    if (rows.length === 0) problems.push(`'${title}' has no rows`);
    for (const row of rows) {
      unique(row.what);
      problems.push(...problemsOf(row, tree, true).map((text) => `'${row.what}' ${text}`));
    }
  }
  for (const item of lessons) {
    unique(item.id);
    problems.push(...problemsOf(item, tree, false).map((text) => `${item.id} ${text}`));
  }
  return problems;
}
