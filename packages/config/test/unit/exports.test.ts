import { expect, test } from 'vitest';

import * as entry from '../../src/index.ts';

test('the main entry shows these names', () => {
  expect(Object.keys(entry).toSorted()).toEqual([
    'ConfigError',
    'changedSettings',
    'configReference',
    'configVersion',
    'decryptValue',
    'encryptValue',
    'environmentName',
    'flagName',
    'isEncrypted',
    'loadConfig',
    'migrateFile',
    'migrateText',
    'settings',
    'valueAt',
  ]);
});
