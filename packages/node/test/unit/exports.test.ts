import { expect, test } from 'vitest';

import * as entry from '../../src/index.ts';

test('the main entry shows these names', () => {
  expect(Object.keys(entry).toSorted()).toEqual([
    'MxdNode',
    'NodeError',
    'createConsensusKey',
    'createNode',
    'openConsensusKey',
    'readGenesis',
  ]);
});
