import assert from 'node:assert/strict';
import { limits } from '../limits.ts';
import { assertCode, b, put, text, withStore } from './cases.ts';
import { type ConformanceCase } from './driver.ts';

export const readCases: readonly ConformanceCase[] = [
  withStore('reads what was written, by all three ways', async (store) => {
    await store.batch([put('a', '1'), put('b', '2')]);
    assert.equal(text(store.getSync(b('a'))), '1');
    assert.equal(text(await store.get(b('b'))), '2');
    assert.deepEqual((await store.getMany([b('b'), b('x'), b('a')])).map(text), [
      '2',
      undefined,
      '1',
    ]);
    assert.deepEqual(await store.getMany([]), []);
  }),
  withStore('has nothing under an absent key', async (store) => {
    assert.equal(store.getSync(b('a')), undefined);
    assert.equal(await store.get(b('a')), undefined);
  }),
  withStore('tells an empty value from an absent one', async (store) => {
    await store.batch([put('a', '')]);
    assert.equal(store.getSync(b('a'))?.length, 0);
    assert.equal((await store.getMany([b('a')]))[0]?.length, 0);
  }),
  withStore('hands out plain Uint8Arrays that the caller may change', async (store) => {
    await store.batch([put('a', 'value')]);
    const [page] = await store.range().page(1);
    const values = [
      store.getSync(b('a')),
      await store.get(b('a')),
      (await store.getMany([b('a')]))[0],
      page?.[1],
    ];
    for (const value of values) {
      assert.ok(value !== undefined);
      assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype);
      value.fill(0);
      page?.[0].fill(0);
      assert.equal(text(store.getSync(b('a'))), 'value');
    }
  }),
  withStore('takes keys and values of all bytes, up to the limits', async (store) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const long = new Uint8Array(limits.keySize.value).fill(0xff);
    const value = new Uint8Array(3_000_000).fill(7);
    await store.batch([
      { type: 'put', key: bytes, value: bytes },
      { type: 'put', key: long, value },
      { type: 'put', key: Uint8Array.of(0), value: bytes },
    ]);
    assert.deepEqual(store.getSync(bytes), bytes);
    assert.deepEqual(await store.get(long), value);
    assert.deepEqual(store.getSync(Uint8Array.of(0)), bytes);
  }),
  withStore('refuses empty and over-long keys', async (store) => {
    const long = new Uint8Array(limits.keySize.value + 1);
    for (const key of [new Uint8Array(0), long]) {
      await assertCode('STORAGE_LIMIT', () => store.getSync(key));
      await assertCode('STORAGE_LIMIT', () => store.get(key));
      await assertCode('STORAGE_LIMIT', () => store.getMany([b('a'), key]));
      await assertCode('STORAGE_LIMIT', () => store.batch([{ type: 'put', key, value: b('') }]));
    }
  }),
  withStore('refuses what is no bytes', async (store) => {
    const key = 'text' as unknown as Uint8Array;
    await assertCode('STORAGE_ARGUMENT', () => store.getSync(key));
    await assertCode('STORAGE_ARGUMENT', () => store.batch([{ type: 'del', key }]));
    await assertCode('STORAGE_ARGUMENT', () =>
      store.batch([{ type: 'put', key: b('a'), value: key }]),
    );
  }),
  withStore('reads views of larger buffers as what they show', async (store) => {
    const buffer = b('..key..value..');
    await store.batch([{ type: 'put', key: buffer.subarray(2, 5), value: buffer.subarray(7, 12) }]);
    assert.equal(text(store.getSync(buffer.subarray(2, 5))), 'value');
    assert.equal(text(store.getSync(b('key'))), 'value');
  }),
];
