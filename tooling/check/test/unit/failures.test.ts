import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failuresOf, shortened } from '../../src/failures.ts';
import { root } from '../../src/sources.ts';

const counts = { numPassedTests: 1, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0 };
const passed = { status: 'passed', fullName: 'well', failureMessages: [] };

describe('failuresOf', () => {
  it('names the file, the test and its message, without the stack', () => {
    const failed = {
      status: 'failed',
      fullName: 'a page works',
      failureMessages: ['Error: it broke\n    at somewhere (x.ts:1:2)\n    at (y.ts:3:4)'],
    };
    const name = join(root, 'packages/a/test/one.test.ts');
    const file = { name, status: 'failed', assertionResults: [passed, failed] };
    expect(failuresOf({ ...counts, testResults: [file] })).toEqual([
      'packages/a/test/one.test.ts: a page works\nError: it broke\n',
    ]);
  });

  it('names a file that did not load, and one whose hook failed after its tests', () => {
    const name = join(root, 'b.test.ts');
    const file = { name, status: 'failed', message: 'no such module', assertionResults: [] };
    const hook = { ...file, message: 'afterAll', assertionResults: [passed] };
    expect(failuresOf({ ...counts, testResults: [file, hook] })).toEqual([
      'b.test.ts\nno such module',
      'b.test.ts\nafterAll',
    ]);
  });

  it('is empty without a report', () => {
    expect(failuresOf(undefined)).toEqual([]);
  });
});

describe('shortened', () => {
  it('keeps the beginning and the end', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
    const short = shortened(lines.join('\n')).split('\n');
    expect(short).toHaveLength(26);
    expect(short.slice(0, 6)).toEqual([...lines.slice(0, 5), '[75 lines]']);
    expect(short.at(-1)).toBe('line 99');
    expect(shortened('one\ntwo\n')).toBe('one\ntwo');
  });
});
