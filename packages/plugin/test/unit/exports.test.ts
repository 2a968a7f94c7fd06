import { expect, test } from 'vitest';

import * as main from '../../src/index.ts';
import * as errors from '../../src/errors.ts';
import * as host from '../../src/host/index.ts';
import * as limits from '../../src/limits.ts';
import * as testing from '../../src/testing/index.ts';

const names = (entry: object): readonly string[] => Object.keys(entry).toSorted();

test('entry points show exactly these names', () => {
  expect(names(main)).toEqual([
    'PluginError',
    'capability',
    'contractVersion',
    'definePlugin',
    'notFound',
  ]);
  expect(names(errors)).toEqual(['PluginError', 'notFound', 'pluginErrors']);
  expect(names(host)).toEqual([
    'PluginRuntime',
    'checkOperations',
    'checkRange',
    'errorOf',
    'failureOf',
    'gates',
    'hookNames',
    'isServiceMethod',
    'keyBytes',
    'matchRoute',
    'pluginOf',
  ]);
  expect(names(limits)).toEqual(['limits']);
  expect(names(testing)).toEqual(['TestHost', 'sampleBlock', 'sampleTransaction']);
});
