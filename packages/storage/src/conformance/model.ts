import assert from 'node:assert/strict';
import { compareBytes, toHex } from '@mxd/codec';
import {
  type Entry,
  type KeyValueStore,
  type Operation,
  type RangeOptions,
  type Snapshot,
} from '../contract.ts';
import { withStore } from './cases.ts';
import { type ConformanceCase } from './driver.ts';

/** The simplest store there can be: what drivers are compared with. */
class Model {
  #entries: readonly Entry[] = [];

  apply(operations: readonly Operation[]): void {
    const entries = new Map(this.#entries.map((entry) => [toHex(entry[0]), entry]));
    for (const operation of operations) {
      const name = toHex(operation.key);
      if (operation.type === 'put') entries.set(name, [operation.key, operation.value]);
      else entries.delete(name);
    }
    this.#entries = [...entries.values()].sort((left, right) => compareBytes(left[0], right[0]));
  }

  copy(): Model {
    const model = new Model();
    model.#entries = this.#entries;
    return model;
  }

  range(options: RangeOptions): readonly Entry[] {
    const { gte, gt, lt, lte, limit, reverse } = options;
    const inside = this.#entries.filter(
      ([key]) =>
        (gte === undefined || compareBytes(key, gte) >= 0) &&
        (gt === undefined || compareBytes(key, gt) > 0) &&
        (lte === undefined || compareBytes(key, lte) <= 0) &&
        (lt === undefined || compareBytes(key, lt) < 0),
    );
    return (reverse === true ? inside.toReversed() : inside).slice(0, limit);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#entries.find((entry) => compareBytes(entry[0], key) === 0)?.[1];
  }
}

/** Marsaglia's xorshift32: the same sequence for the same seed, on any machine. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Random = (below: number) => number;

function randomKey(random: Random): Uint8Array {
  // Few different bytes, so that keys meet and share prefixes.
  const bytes = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
  return Uint8Array.from({ length: 1 + random(4) }, () => bytes[random(bytes.length)] ?? 0);
}

function randomBatch(random: Random): Operation[] {
  return Array.from({ length: random(40) }, () => {
    const key = randomKey(random);
    if (random(3) === 0) return { type: 'del', key };
    return { type: 'put', key, value: new Uint8Array(random(50)).fill(random(256)) };
  });
}

function randomRange(random: Random): RangeOptions {
  const low = [{}, { gte: randomKey(random) }, { gt: randomKey(random) }][random(3)];
  const high = [{}, { lte: randomKey(random) }, { lt: randomKey(random) }][random(3)];
  const limit = random(3) === 0 ? { limit: random(20) } : {};
  return { ...low, ...high, ...limit, reverse: random(2) === 0 };
}

async function compare(
  reader: KeyValueStore | Snapshot,
  model: Model,
  random: Random,
): Promise<void> {
  const options = randomRange(random);
  const found: Entry[] = [];
  for await (const entry of reader.range(options)) found.push(entry);
  assert.deepEqual(found, model.range(options));
  const keys = Array.from({ length: 10 }, () => randomKey(random));
  const expected = keys.map((key) => model.get(key));
  assert.deepEqual(await reader.getMany(keys), expected);
  assert.deepEqual(
    keys.map((key) => reader.getSync(key)),
    expected,
  );
}

async function runModel(
  first: KeyValueStore,
  seed: number,
  reopen: ((store: KeyValueStore) => Promise<KeyValueStore>) | undefined,
): Promise<void> {
  const random = randomNumbers(seed);
  const model = new Model();
  let store = first;
  let snapshots: { readonly snapshot: Snapshot; readonly model: Model }[] = [];
  for (let round = 0; round < 150; round += 1) {
    const operations = randomBatch(random);
    model.apply(operations);
    await store.batch(operations, { sync: random(10) === 0 });
    await compare(store, model, random);
    if (random(8) === 0) snapshots.push({ snapshot: store.snapshot(), model: model.copy() });
    for (const old of snapshots) await compare(old.snapshot, old.model, random);
    if (snapshots.length > 3) await snapshots.shift()?.snapshot.close();
    if (reopen === undefined || random(30) !== 0) continue;
    for (const { snapshot } of snapshots) await snapshot.close();
    snapshots = [];
    await store.close();
    store = await reopen(store);
  }
  await store.close();
}

export const modelCases: readonly ConformanceCase[] = [1, 20_090_103, 0x5eed].map((seed) =>
  withStore(`behaves like a sorted map under random use (seed ${seed})`, async (store, driver) => {
    const reopen = driver.reopen?.bind(driver);
    await runModel(store, seed, reopen);
  }),
);
