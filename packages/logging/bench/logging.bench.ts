import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { installNative } from '@mxd/crypto/native';
import { suiteOf } from '@mxd/crypto/suites';
import { pino } from 'pino';

import type { BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import { AuditLog } from '../src/audit.ts';
import {
  createLogger,
  nullDestination,
  Sanitiser,
  SecretRegistry,
  type LogFormat,
} from '../src/index.ts';

/** A message and eight fields, two of them objects. */
const fieldsOf = (i: number): Record<string, unknown> => ({
  height: i,
  hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  peer: '12D3KooWGatU9DWdJ6wtxUr4tiPvQJzYJ4hmC3',
  ip: '192.168.10.4',
  durationMs: 12.5,
  ok: true,
  transactions: { count: 17, sizeBytes: 4096 },
  view: { number: i, leader: 'validator-3' },
});
const messageOf = (i: number): string => `block ${i} committed with 17 transactions in view 4`;

function registryOf(count: number): SecretRegistry {
  const registry = new SecretRegistry();
  for (let i = 0; i < count; i++) registry.register(randomBytes(32));
  return registry;
}

function lines(format: LogFormat): () => void {
  const registry = registryOf(32);
  const outputs = [{ destination: nullDestination(), format, colour: false }];
  const log = createLogger({ outputs, registry }).child('consensus');
  let i = 0;
  return () => {
    i++;
    log.info(messageOf(i), fieldsOf(i));
  };
}

function barePino(): () => void {
  const log = pino({ base: null }, { write: () => {} }).child({ component: 'consensus' });
  let i = 0;
  return () => {
    i++;
    log.info(fieldsOf(i), messageOf(i));
  };
}

const suite: BenchmarkSuite = {
  name: 'logging',
  benchmarks: [
    {
      name: 'json-lines-32-secrets',
      target: { atLeast: 100_000 },
      prepare: () => lines('json'),
    },
    { name: 'ecs-lines-32-secrets', target: { atLeast: 100_000 }, prepare: () => lines('ecs') },
    { name: 'text-lines-32-secrets', prepare: () => lines('text') },
    {
      name: 'against-bare-pino',
      compare: [
        { name: 'sanitised', prepare: () => lines('json') },
        { name: 'bare', prepare: barePino },
      ],
    },
    {
      name: 'search-1-kib-32-secrets',
      prepare: () => {
        const registry = registryOf(32);
        const text = randomBytes(512).toString('hex');
        return () => registry.find(text);
      },
    },
    {
      name: 'error-with-stack',
      prepare: () => {
        const sanitiser = new Sanitiser(registryOf(32));
        const error = new Error('connection refused', { cause: new TypeError('bad host') });
        return () => sanitiser.fields({ error });
      },
    },
    {
      name: 'audit-appends-of-64',
      operations: 64,
      samples: 10,
      prepare: async ({ onEnd }) => {
        installNative();
        const directory = mkdtempSync(join(tmpdir(), 'mxd-audit-bench-'));
        const signer = suiteOf(1).signer(new Uint8Array(32).fill(1));
        const log = await AuditLog.open({ directory, signer, chainTag: new Uint8Array(32) });
        onEnd(() => rmSync(directory, { recursive: true, force: true }));
        onEnd(() => log.close());
        return () =>
          Promise.all(
            Array.from({ length: 64 }, (_, i) => log.append('node.started', { version: `${i}` })),
          );
      },
    },
  ],
};

export default suite;
