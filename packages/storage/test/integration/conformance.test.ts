import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { conformanceCases, type DriverUnderTest } from '../../src/conformance/index.ts';
import { openLevelStore, openMemoryStore, StorageError } from '../../src/index.ts';
import { faultyStore } from '../../src/testing/index.ts';

const level: DriverUnderTest = {
  open: async () => openLevelStore(await mkdtemp(join(tmpdir(), 'mxd-storage-'))),
  reopen: (store) => openLevelStore(store.location ?? '', { createIfMissing: false }),
  remove: (store) => rm(store.location ?? '', { recursive: true }),
};
const memory: DriverUnderTest = { open: async () => openMemoryStore() };
const wrapped: DriverUnderTest = {
  open: async () => faultyStore(openMemoryStore(), () => undefined),
};

describe.each([
  ['level', level],
  ['memory', memory],
  ['memory behind the fault injector', wrapped],
])('%s', (_name, driver) => {
  test.each(conformanceCases)('$name', async (conformanceCase) => {
    await conformanceCase.run(driver);
  });
});

describe('the suite itself', () => {
  // A driver with a defect must not pass: one defect per case that is there to find it.
  const defects: readonly (readonly [string, DriverUnderTest])[] = [
    [
      'loses deletes',
      {
        open: async () => {
          const store = openMemoryStore();
          const batch = store.batch.bind(store);
          store.batch = (operations, options) =>
            batch(
              operations.filter(({ type }) => type !== 'del'),
              options,
            );
          return store;
        },
      },
    ],
    [
      'scans without freezing',
      {
        open: async () => {
          const store = openMemoryStore();
          store.snapshot = () =>
            Object.assign(Object.create(store), { close: async () => undefined });
          return store;
        },
      },
    ],
    [
      'throws uncoded errors',
      {
        open: async () => {
          const store = openMemoryStore();
          store.getSync = () => {
            throw new RangeError('uncoded');
          };
          return store;
        },
      },
    ],
  ];

  test.each(defects)('fails a driver that %s', async (_name, driver) => {
    const failures: string[] = [];
    for (const conformanceCase of conformanceCases) {
      try {
        await conformanceCase.run(driver);
      } catch (error) {
        expect(error).not.toBeInstanceOf(StorageError);
        failures.push(conformanceCase.name);
      }
    }
    expect(failures.length).toBeGreaterThan(0);
  });
});
