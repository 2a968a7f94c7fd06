import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import * as audit from '../../src/audit.ts';
import * as errors from '../../src/errors.ts';
import * as events from '../../src/events.ts';
import * as main from '../../src/index.ts';
import * as limits from '../../src/limits.ts';

it('shows these names and no others', () => {
  const names = (module: object): readonly string[] => Object.keys(module).sort();
  expect({
    main: names(main),
    audit: names(audit),
    errors: names(errors),
    events: names(events),
    limits: names(limits),
  }).toEqual({
    main: [
      'FileDestination',
      'LoggingError',
      'Sanitiser',
      'SecretRegistry',
      'consoleDestination',
      'createLogger',
      'formatText',
      'isLogLevel',
      'logLevels',
      'nullDestination',
      'securityEvents',
      'wantsColour',
    ],
    audit: [
      'AuditLog',
      'canonicalJson',
      'checkpointMessage',
      'isFork',
      'parseCanonicalJson',
      'parseCheckpoint',
      'parseRecord',
      'verifyAudit',
      'verifyCheckpoint',
      'verifyOpening',
    ],
    errors: ['LoggingError', 'loggingErrors'],
    events: ['checkEventFields', 'securityEvent', 'securityEvents'],
    limits: ['limits'],
  });
});

it('throws and reports every code of its catalogue, and no other', () => {
  const sources = [
    'logger',
    'audit/log',
    'audit/lock',
    'audit/store',
    'audit/verify',
    'audit/scan',
    'audit/canonical-json',
    'secrets/registry',
    'output/file',
  ]
    .map((name) => readFileSync(new URL(`../../src/${name}.ts`, import.meta.url), 'utf8'))
    .join('\n')
    .replaceAll(/^\s*(\/?\*|\/\/).*$/gm, '');
  const used = new Set(
    [...sources.matchAll(/'((?:LOGGING|JSON|AUDIT)_[A-Z_]+)'/g)].map((match) => match[1]),
  );
  expect([...used].sort()).toEqual(Object.keys(errors.loggingErrors).sort());
});
