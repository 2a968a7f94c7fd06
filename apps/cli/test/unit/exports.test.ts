import { expect, test } from 'vitest';

import * as devnet from '../../src/devnet/index.ts';
import * as errors from '../../src/errors.ts';
import * as reference from '../../src/reference.ts';

test('what the package exports', () => {
  expect(Object.keys(devnet).sort()).toEqual([
    'NodeRefusal',
    'Payer',
    'accountAt',
    'chainOfFile',
    'createDevnet',
    'endNetwork',
    'endProcesses',
    'endpoints',
    'freeBasePort',
    'isAlive',
    'openMaster',
    'pathsOf',
    'readSpec',
    'runDetached',
    'runForeground',
    'runningPid',
    'screen',
    'startNode',
    'statusOf',
    'waitFinal',
    'waitReady',
  ]);
  expect(Object.keys(errors).sort()).toEqual(['CliError', 'cliErrors']);
  expect(Object.keys(reference)).toEqual(['cliReference']);
});
