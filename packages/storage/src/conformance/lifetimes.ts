import assert from 'node:assert/strict';
import { type RangeScan, type Snapshot } from '../contract.ts';
import { limits } from '../limits.ts';
import { assertCode, b, del, put, text, texts, withStore } from './cases.ts';
import { type ConformanceCase } from './driver.ts';

const start = Uint8Array.of(0);
const end = Uint8Array.of(0xff);

export const lifetimeCases: readonly ConformanceCase[] = [
  withStore('closes a scan however its loop ends', async (store) => {
    await store.batch(['a', 'b', 'c'].map((key) => put(key, key)));
    for await (const entry of store.range()) assert.ok(entry);
    assert.equal(store.counters.openScans, 0);
    // oxlint-disable-next-line no-unreachable-loop
    for await (const entry of store.range()) {
      assert.equal(store.counters.openScans, 1);
      assert.ok(entry);
      break;
    }
    assert.equal(store.counters.openScans, 0);
    const interrupted = async (): Promise<void> => {
      for await (const entry of store.range()) assert.equal(text(entry[0]), 'never');
    };
    await assert.rejects(interrupted, assert.AssertionError);
    assert.equal(store.counters.openScans, 0);
  }),
  withStore('ends a scan by its signal', async (store) => {
    await store.batch(['a', 'b', 'c'].map((key) => put(key, key)));
    const controller = new AbortController();
    const scan = store.range({ signal: controller.signal });
    await scan.next();
    const reason = new RangeError('enough');
    controller.abort(reason);
    await assert.rejects(scan.next(), reason);
    assert.equal(store.counters.openScans, 0);
  }),
  withStore('refuses a closed scan, and closing twice is no error', async (store) => {
    await store.batch([put('a', '1'), put('b', '2')]);
    const scan = store.range();
    await scan.next();
    await scan.close();
    await scan.close();
    await assertCode('STORAGE_CLOSED', () => scan.next());
    await assertCode('STORAGE_CLOSED', () => scan.page(1));
    assert.equal(store.counters.openScans, 0);
  }),
  withStore('bounds the scans that are open', async (store) => {
    const scans: RangeScan[] = [];
    for (let index = 0; index < limits.openScans.value; index += 1) scans.push(store.range());
    await assertCode('STORAGE_LIMIT', () => store.range());
    await Promise.all(scans.map((scan) => scan.close()));
    await store.range().close();
  }),
  withStore('bounds the snapshots that are open', async (store) => {
    const snapshots: Snapshot[] = [];
    for (let index = 0; index < limits.openSnapshots.value; index += 1) {
      snapshots.push(store.snapshot());
    }
    await assertCode('STORAGE_LIMIT', () => store.snapshot());
    await Promise.all(snapshots.map((snapshot) => snapshot.close()));
    await store.snapshot().close();
  }),
  withStore('keeps a snapshot as it was', async (store) => {
    await store.batch([put('a', '1'), put('b', '2')]);
    await using snapshot = store.snapshot();
    await store.batch([put('a', '9'), del('b'), put('c', '3')]);
    await using later = store.snapshot();
    await store.batch([del('a')]);
    assert.equal(text(snapshot.getSync(b('a'))), '1');
    assert.equal(text(await snapshot.get(b('b'))), '2');
    assert.deepEqual((await snapshot.getMany([b('c'), b('a')])).map(text), [undefined, '1']);
    assert.deepEqual(texts(await snapshot.range().page(10)), ['a=1', 'b=2']);
    assert.deepEqual(texts(await snapshot.range({ reverse: true }).page(1)), ['b=2']);
    assert.deepEqual(texts(await later.range().page(10)), ['a=9', 'c=3']);
    assert.deepEqual(texts(await store.range().page(10)), ['c=3']);
  }),
  withStore('refuses a closed snapshot, and closing twice is no error', async (store) => {
    const snapshot = store.snapshot();
    assert.equal(store.counters.openSnapshots, 1);
    await snapshot.close();
    await snapshot.close();
    assert.equal(store.counters.openSnapshots, 0);
    await assertCode('STORAGE_CLOSED', () => snapshot.getSync(b('a')));
    await assertCode('STORAGE_CLOSED', () => snapshot.get(b('a')));
    await assertCode('STORAGE_CLOSED', () => snapshot.range());
  }),
  withStore('ends the scans of a snapshot with it', async (store) => {
    await store.batch([put('a', '1'), put('b', '2')]);
    const snapshot = store.snapshot();
    const scan = snapshot.range();
    await snapshot.close();
    await assertCode('STORAGE_CLOSED', () => scan.page(10));
    assert.equal(store.counters.openScans, 0);
    assert.deepEqual(texts(await store.range().page(10)), ['a=1', 'b=2']);
  }),
  withStore('refuses everything once closed', async (store) => {
    await store.batch([put('a', '1')]);
    const scan = store.range();
    const snapshot = store.snapshot();
    const pending = store.batch([put('b', '2')]);
    await store.close();
    await pending;
    await store.close();
    assert.equal(store.status, 'closed');
    await assertCode('STORAGE_CLOSED', () => store.getSync(b('a')));
    await assertCode('STORAGE_CLOSED', () => store.get(b('a')));
    await assertCode('STORAGE_CLOSED', () => store.getMany([b('a')]));
    await assertCode('STORAGE_CLOSED', () => store.batch([put('a', '1')]));
    await assertCode('STORAGE_CLOSED', () => store.range());
    await assertCode('STORAGE_CLOSED', () => store.snapshot());
    await assertCode('STORAGE_CLOSED', () => store.approximateSize(start, end));
    await assertCode('STORAGE_CLOSED', () => store.compact(start, end));
    await assertCode('STORAGE_CLOSED', () => scan.next());
    await assertCode('STORAGE_CLOSED', () => snapshot.getSync(b('a')));
    await scan.close();
    await snapshot.close();
    assert.deepEqual([store.counters.openScans, store.counters.openSnapshots], [0, 0]);
  }),
  withStore('estimates sizes and compacts', async (store) => {
    const value = new Uint8Array(1000).map((_, index) => (index * 31) % 251);
    const keys = Array.from({ length: 1000 }, (_, index) => b(`k${index}`));
    await store.batch(keys.map((key) => ({ type: 'put', key, value })));
    await store.compact(start, end);
    const size = await store.approximateSize(start, end);
    assert.ok(size > 500_000 && size < 5_000_000, `${size} bytes`);
    assert.equal(await store.approximateSize(b('x'), b('y')), 0);
    assert.deepEqual(store.getSync(b('k7')), value);
  }),
];
