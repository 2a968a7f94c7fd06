import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, test } from 'vitest';
import { type KeyValueStore, openLevelStore, openMemoryStore } from '../../src/index.ts';
import { temporaryPath } from '../support/directories.ts';

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

async function dropped(store: KeyValueStore, kind: 'scan' | 'snapshot'): Promise<void> {
  if (kind === 'snapshot') store.snapshot().getSync(Uint8Array.of(1));
  else await store.range().next();
}

test.each(['level', 'memory'] as const)(
  '%s: what is dropped is closed and counted',
  async (driver) => {
    const store =
      driver === 'level' ? await openLevelStore(await temporaryPath()) : openMemoryStore();
    await store.batch([
      { type: 'put', key: Uint8Array.of(1), value: Uint8Array.of(1) },
      { type: 'put', key: Uint8Array.of(2), value: Uint8Array.of(2) },
    ]);
    for (const kind of ['scan', 'snapshot'] as const) await dropped(store, kind);
    expect(store.counters).toMatchObject({ openScans: 1, openSnapshots: 1, leaked: 0 });
    for (let round = 0; round < 200 && store.counters.leaked < 2; round += 1) {
      collectGarbage();
      await sleep(5);
    }
    expect(store.counters).toMatchObject({ openScans: 0, openSnapshots: 0, leaked: 2 });
    await store.close();
  },
);

test.each(['level', 'memory'] as const)('%s: a scan keeps its snapshot', async (driver) => {
  const store =
    driver === 'level' ? await openLevelStore(await temporaryPath()) : openMemoryStore();
  await store.batch([{ type: 'put', key: Uint8Array.of(1), value: Uint8Array.of(1) }]);
  const scan = store.snapshot().range();
  for (let round = 0; round < 10; round += 1) {
    collectGarbage();
    await sleep(2);
  }
  expect(await scan.page(5)).toHaveLength(1);
  await scan.close();
  await store.close();
});
