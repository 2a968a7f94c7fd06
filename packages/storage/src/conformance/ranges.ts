import assert from 'node:assert/strict';
import { type KeyValueStore, type Operation, type RangeOptions } from '../contract.ts';
import { assertCode, b, put, text, texts, withStore } from './cases.ts';
import { type ConformanceCase } from './driver.ts';

const letters = ['a', 'b', 'c', 'd', 'e'];

async function keysOf(store: KeyValueStore, options: RangeOptions): Promise<string> {
  const keys: (string | undefined)[] = [];
  for await (const [key] of store.range(options)) keys.push(text(key));
  return keys.join('');
}

async function fill(store: KeyValueStore): Promise<void> {
  await store.batch(letters.map((letter) => put(letter, letter)));
}

function numbered(count: number): Operation[] {
  return Array.from({ length: count }, (_, index) => put(String(index).padStart(6, '0'), 'v'));
}

export const rangeCases: readonly ConformanceCase[] = [
  withStore('scans every kind of bounds, both ways', async (store) => {
    await fill(store);
    const cases: readonly (readonly [RangeOptions, string])[] = [
      [{}, 'abcde'],
      [{ gte: b('b') }, 'bcde'],
      [{ gt: b('b') }, 'cde'],
      [{ lt: b('d') }, 'abc'],
      [{ lte: b('d') }, 'abcd'],
      [{ gte: b('b'), lt: b('d') }, 'bc'],
      [{ gt: b('b'), lte: b('d') }, 'cd'],
      [{ gte: b('bb'), lte: b('dd') }, 'cd'],
      [{ gt: b('a'), lt: b('b') }, ''],
      [{ gte: b('d'), lt: b('b') }, ''],
      [{ gte: b('c'), lte: b('c') }, 'c'],
      [{ gt: b('c'), lt: b('c') }, ''],
      [{ gte: b('x') }, ''],
      [{ lt: b('a') }, ''],
      [{ limit: 2 }, 'ab'],
      [{ limit: 0 }, ''],
      [{ gte: b('b'), limit: 100 }, 'bcde'],
    ];
    for (const [options, expected] of cases) {
      assert.equal(await keysOf(store, options), expected, JSON.stringify(options));
      if (options.limit !== undefined) continue;
      const backwards = expected.split('').toReversed().join('');
      assert.equal(await keysOf(store, { ...options, reverse: true }), backwards);
    }
    assert.equal(await keysOf(store, { reverse: true, limit: 2 }), 'ed');
    assert.equal(await keysOf(store, { reverse: true, limit: 1, lt: b('c') }), 'b');
  }),
  withStore('orders keys bytewise, unsigned, shorter first', async (store) => {
    const keys = [[0], [0, 0], [0, 1], [1], [0x7f], [0x80], [0xff], [0xff, 0], [0xff, 0xff]];
    await store.batch(
      keys.toReversed().map((key) => ({ type: 'put', key: Uint8Array.from(key), value: b('') })),
    );
    const found = (await store.range().page(100)).map(([key]) => [...key]);
    assert.deepEqual(found, keys);
  }),
  withStore('pages through many entries, none twice or left out', async (store) => {
    await store.batch(numbered(5000));
    const keys: string[] = [];
    await using scan = store.range();
    for (;;) {
      const page = await scan.page(700);
      if (page.length === 0) break;
      assert.ok(page.length <= 700);
      keys.push(...page.map(([key]) => text(key) ?? ''));
    }
    assert.equal(keys.length, 5000);
    assert.deepEqual(keys, keys.toSorted());
    assert.equal(new Set(keys).size, 5000);
    assert.deepEqual(await scan.page(10), []);
  }),
  withStore('mixes next and page', async (store) => {
    await fill(store);
    await using scan = store.range();
    assert.equal(text((await scan.next()).value?.[0]), 'a');
    assert.deepEqual(texts(await scan.page(1)), ['b=b']);
    assert.equal(text((await scan.next()).value?.[0]), 'c');
    const rest = [...(await scan.page(10)), ...(await scan.page(10))];
    assert.deepEqual(texts(rest), ['d=d', 'e=e']);
    assert.equal((await scan.next()).done, true);
    assert.equal((await scan.next()).done, true);
  }),
  withStore('answers concurrent calls of one scan in order', async (store) => {
    await store.batch(numbered(100));
    await using scan = store.range();
    const results = await Promise.all(Array.from({ length: 101 }, () => scan.next()));
    const keys = results.slice(0, 100).map((result) => text(result.value?.[0]) ?? '');
    assert.deepEqual(keys, keys.toSorted());
    assert.equal(new Set(keys).size, 100);
    assert.equal(results[100]?.done, true);
  }),
  withStore('scans the store as it was when the scan began', async (store) => {
    await store.batch(numbered(3000));
    await using scan = store.range();
    await store.batch([put('000000a', 'late'), put('zzz', 'late')]);
    await store.batch(numbered(3000).map(({ key }) => ({ type: 'del', key })));
    let count = 0;
    for await (const [, value] of scan) {
      count += 1;
      assert.equal(text(value), 'v');
    }
    assert.equal(count, 3000);
  }),
  withStore('refuses bounds that contradict', async (store) => {
    await assertCode('STORAGE_ARGUMENT', () => store.range({ gte: b('a'), gt: b('a') }));
    await assertCode('STORAGE_ARGUMENT', () => store.range({ lte: b('a'), lt: b('a') }));
    await assertCode('STORAGE_ARGUMENT', () => store.range({ limit: -1 }));
    await assertCode('STORAGE_ARGUMENT', () => store.range({ limit: 0.5 }));
    await assertCode('STORAGE_ARGUMENT', () => store.range({ gte: 'a' as unknown as Uint8Array }));
    assert.equal(store.counters.openScans, 0);
    await using scan = store.range();
    await assertCode('STORAGE_ARGUMENT', () => scan.page(0));
  }),
];
