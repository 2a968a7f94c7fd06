import { expect, it } from 'vitest';
import * as contract from '../../src/contract.ts';
import * as errors from '../../src/errors.ts';
import * as main from '../../src/index.ts';
import * as limits from '../../src/limits.ts';
import * as memory from '../../src/memory/index.ts';
import * as sync from '../../src/sync/index.ts';

it('exports what it did before', () => {
  const names = (module: object): string[] => Object.keys(module).toSorted();
  expect(names(main)).toEqual(['createNetwork', 'filePeerStore', 'nodeKeyOf', 'peerIdOfSeed']);
  expect(names(contract)).toEqual([]);
  expect(names(errors)).toEqual(['NetworkError', 'closeReasonOf', 'closeReasons', 'networkErrors']);
  expect(names(limits)).toEqual(['laneLimits', 'limits', 'offencePoints', 'requestLimits']);
  expect(names(memory)).toEqual(['createMemoryHub', 'realWorld']);
  expect(names(sync)).toEqual([
    'chunkCodec',
    'hashesCodec',
    'rangeCodec',
    'syncPortOf',
    'synchronise',
  ]);
});

it('gives each close reason a number of its own', () => {
  const numbers = Object.values(errors.closeReasons);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const [name, number] of Object.entries(errors.closeReasons)) {
    expect(errors.closeReasonOf(number)).toBe(name);
  }
  expect(errors.closeReasonOf(0)).toBeUndefined();
});
