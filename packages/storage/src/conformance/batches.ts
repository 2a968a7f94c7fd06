import assert from 'node:assert/strict';
import { type Operation } from '../contract.ts';
import { assertCode, b, del, put, text, texts, withStore } from './cases.ts';
import { type ConformanceCase } from './driver.ts';

export const batchCases: readonly ConformanceCase[] = [
  withStore('applies operations in order', async (store) => {
    await store.batch([
      put('a', '1'),
      put('a', '2'),
      del('b'),
      put('b', '3'),
      put('c', '4'),
      del('c'),
    ]);
    assert.deepEqual(texts(await store.range().page(10)), ['a=2', 'b=3']);
  }),
  withStore('removes, and does not mind an absent key', async (store) => {
    await store.batch([put('a', '1')]);
    await store.batch([del('a'), del('x')], { sync: true });
    assert.equal(store.getSync(b('a')), undefined);
  }),
  withStore('accepts an empty batch', async (store) => {
    await store.batch([]);
    await store.batch([], { sync: true });
    assert.equal(store.status, 'open');
  }),
  withStore('applies nothing of a batch with one bad operation', async (store) => {
    const bad: Operation = { type: 'put', key: new Uint8Array(0), value: b('1') };
    await assertCode('STORAGE_LIMIT', () => store.batch([put('a', '1'), bad]));
    const unknown = { type: 'merge', key: b('b'), value: b('1') } as unknown as Operation;
    await assertCode('STORAGE_ARGUMENT', () => store.batch([put('a', '1'), unknown]));
    assert.equal(store.getSync(b('a')), undefined);
    await store.batch([put('a', '2')]);
    assert.equal(text(store.getSync(b('a'))), '2');
  }),
  withStore('applies a batch that is as large as a full block makes it', async (store) => {
    const operations = Array.from({ length: 35_000 }, (_, index) => put(`k${index}`, 'value'));
    const large = store.batch([...operations, del('k0')], { sync: true });
    const small = store.batch([put('k1', 'later')]);
    await Promise.all([large, small]);
    assert.equal(store.getSync(b('k0')), undefined);
    assert.equal(text(store.getSync(b('k1'))), 'later');
    assert.equal(text(store.getSync(b('k34999'))), 'value');
  }),
  withStore('applies batches in the order of the calls', async (store) => {
    const writes: Promise<void>[] = [];
    for (let round = 0; round < 200; round += 1) {
      writes.push(
        store.batch([put('a', String(round)), put(`b${round}`, '')], { sync: round % 7 === 0 }),
      );
    }
    await Promise.all(writes);
    assert.equal(text(store.getSync(b('a'))), '199');
    assert.equal((await store.range({ gte: b('b') }).page(300)).length, 200);
  }),
  withStore('shows all of a batch or nothing', async (store) => {
    const keys = Array.from({ length: 100 }, (_, index) => `k${String(index).padStart(3, '0')}`);
    const writes = Array.from({ length: 30 }, (_, round) =>
      store.batch(keys.map((key) => put(key, String(round)))),
    );
    for (let round = 0; round < 60; round += 1) {
      const page = await store.range().page(200);
      const rounds = new Set(page.map(([, value]) => text(value)));
      assert.ok(page.length === 0 || (page.length === 100 && rounds.size === 1));
    }
    await Promise.all(writes);
  }),
  withStore('counts what it does', async (store) => {
    await store.batch([put('a', '12'), del('b')]);
    await store.batch([put('c', '3')], { sync: true });
    store.getSync(b('a'));
    await store.getMany([b('a'), b('b')]);
    const { batches, syncedBatches, operations, writtenBytes, reads } = store.counters;
    assert.deepEqual(
      { batches, syncedBatches, operations, writtenBytes, reads },
      { batches: 2, syncedBatches: 1, operations: 3, writtenBytes: 6, reads: 3 },
    );
  }),
  withStore('keeps what was written when it is opened again', async (store, driver) => {
    if (driver.reopen === undefined) return;
    await store.batch([put('a', '1'), put('b', '2')]);
    await store.batch([del('a'), put('c', '3')], { sync: true });
    await store.close();
    const again = await driver.reopen(store);
    assert.deepEqual(texts(await again.range().page(10)), ['b=2', 'c=3']);
    await again.close();
  }),
];
