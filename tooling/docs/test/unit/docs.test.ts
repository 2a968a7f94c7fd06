import { describe, expect, it } from 'vitest';
import { errorCodes, limitsOf } from '../../src/exported.ts';
import { replaceBlock, table } from '../../src/markdown.ts';
import { capabilities } from '../../src/matrix/capabilities.ts';
import { checkMatrix } from '../../src/matrix/check.ts';
import { lessons } from '../../src/matrix/lessons.ts';
import { done, lesson, partial, planned, type Row, shown } from '../../src/matrix/row.ts';
import { snippetsOf } from '../../src/snippets.ts';

const files: Readonly<Record<string, string>> = {
  'packages/a/src/a.ts': '',
  'packages/a/test/unit/a.test.ts': `it('refuses what is malformed', f);`,
};
const tree = {
  has: (path: string) => path in files,
  read: (path: string) => files[path] ?? '',
};
const problems = (row: Row) => checkMatrix([{ title: 't', rows: [row] }], [], tree);
const source = 'packages/a/src/a.ts';
const test = 'packages/a/test/unit/a.test.ts';

describe('checkMatrix', () => {
  it('accepts rows whose files and titles exist', () => {
    expect(problems(planned('x'))).toEqual([]);
    expect(problems(done('x', source, [test, `${test} > refuses what`]))).toEqual([]);
    expect(problems(partial('x', source, [], 'the other half'))).toEqual([]);
  });

  it.each([
    ['code that is gone', done('x', 'packages/a/src/gone.ts', test)],
    ['a test that is gone', done('x', source, 'packages/a/test/unit/gone.test.ts')],
    ['a title that is gone', done('x', source, `${test} > accepts everything`)],
    ['a test that is no test', done('x', source, source)],
    ['done without a test', done('x', source, [])],
    ['done without code', done('x', [], test)],
    ['partial without a word', partial('x', source, test, '')],
    ['planned with files', { ...planned('x'), code: [source] }],
  ])('refuses %s', (_name, row) => {
    expect(problems(row)).toHaveLength(1);
  });

  it('refuses a row that occurs twice, and a lesson whose test is gone', () => {
    expect(
      checkMatrix([{ title: 't', rows: [planned('x'), planned('x')] }], [], tree),
    ).toHaveLength(1);
    const gone = lesson('S1', 'bug', 'scenario', shown(`${test} > gone`));
    expect(checkMatrix([], [gone], tree)).toHaveLength(1);
    const there = lesson('S1', 'bug', 'scenario', shown(`${test} > refuses`));
    expect(checkMatrix([], [there], tree)).toEqual([]);
  });

  it('lists every class of bugs once', () => {
    const ids = lessons.map((item) => item.id);
    const range = (letter: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
    expect(ids).toEqual([...range('S', 12), ...range('F', 12), ...range('A', 15)]);
    expect(capabilities.length).toBeGreaterThan(20);
  });
});

describe('errorCodes', () => {
  it('takes catalogues and nothing else', () => {
    const module = {
      aErrors: { A_ONE: 'First.', A_TWO: 'Second.' },
      limits: { size: 3 },
      AError: class {},
      empty: {},
      text: 'A_THREE',
    };
    expect(errorCodes(module)).toEqual([
      { code: 'A_ONE', text: 'First.' },
      { code: 'A_TWO', text: 'Second.' },
    ]);
  });
});

describe('limitsOf', () => {
  it('shows numbers grouped and names groups with dots', () => {
    const limits = {
      size: { value: 65_536, unit: 'bytes', why: 'one page' },
      queue: { items: { value: 10n, unit: 'items', why: 'enough' } },
    };
    expect(limitsOf(limits)).toEqual([
      { name: 'size', value: '65,536', unit: 'bytes', why: 'one page' },
      { name: 'queue.items', value: '10', unit: 'items', why: 'enough' },
    ]);
  });

  it('refuses a limit that does not say why', () => {
    expect(() => limitsOf({ size: { value: 1, unit: 'bytes' } })).toThrow('size');
  });
});

describe('markdown', () => {
  it('escapes cells', () => {
    expect(table(['a'], [['x|y\nz']])).toBe('| a |\n| --- |\n| x\\|y z |');
  });

  it('replaces blocks and refuses documents without them', () => {
    const document = 'a\n<!-- generated:x -->\nold\n<!-- /generated:x -->\nb';
    const once = replaceBlock(document, 'x', 'new');
    expect(once).toContain('\n\nnew\n\n');
    expect(once).not.toContain('old');
    expect(replaceBlock(once, 'x', 'new')).toBe(once);
    expect(() => replaceBlock(document, 'y', '')).toThrow(RangeError);
  });
});

describe('snippetsOf', () => {
  it('takes blocks marked exactly ts, with their lines', () => {
    const document = [
      '# a',
      '```ts',
      'one();',
      '```',
      '```ts no-run',
      'two();',
      '```',
      '```sh',
      'x',
      '```',
    ];
    expect(snippetsOf(document.join('\n'))).toEqual([{ line: 2, text: 'one();' }]);
  });
});
