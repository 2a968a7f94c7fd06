import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import * as validators from '../../../src/validators/index.ts';
import { validatorErrors } from '../../../src/validators/index.ts';

test('the names of the entry point', () => {
  expect(Object.keys(validators).toSorted()).toStrictEqual([
    'ValidatorStateError',
    'accrualTotal',
    'accruedTo',
    'activeParameters',
    'afterTransactions',
    'applicationRoot',
    'applyBondDeltas',
    'applyMetrics',
    'applySystemRecords',
    'applyTips',
    'beforeTransactions',
    'bondedOf',
    'bondedTotal',
    'boundaryHeight',
    'chainConstants',
    'changedSections',
    'checkHeader',
    'checkHeaderBoundary',
    'checkKnownVersion',
    'checkSystemRecord',
    'currentTable',
    'endEpoch',
    'epochOf',
    'exportSection',
    'exportSections',
    'genesisOutputs',
    'genesisValidatorState',
    'governance',
    'isBlacklisted',
    'isBoundary',
    'isMember',
    'latencyWindow',
    'nextTable',
    'payoutTxid',
    'protocolVersion',
    'recordSignatures',
    'registryEntry',
    'scheduledUpgrade',
    'sectionBytes',
    'sectionIds',
    'selectSystemRecords',
    'slashedAmount',
    'stateFromSections',
    'validatorErrors',
    'validatorSetOf',
    'validatorSets',
  ]);
});

describe('error codes', () => {
  const root = join(import.meta.dirname, '..');
  const read = (folder: string, pattern: string) =>
    globSync(pattern, { cwd: folder })
      .filter((file) => !file.endsWith('exports.test.ts') && !file.endsWith('errors.ts'))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n');
  const tests = read(root, '**/*.test.ts');
  const sources = read(join(root, '../../src/validators'), '*.ts');
  const codes = Object.keys(validatorErrors);

  test.each(codes)('%s is reported somewhere, and a test provokes it', (code) => {
    expect(sources).toContain(`'${code}'`);
    expect(tests).toContain(`'${code}'`);
  });

  test('each has a sentence', () => {
    for (const text of Object.values(validatorErrors)) expect(text).toMatch(/^[A-Z].*\.$/);
  });
});
