import { type KeyValueStore, type Operation } from '../../src/index.ts';

const keysPerBatch = 50;

function numberBytes(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(number);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function keyOf(number: number, index: number): Uint8Array {
  const key = new Uint8Array(9);
  const view = new DataView(key.buffer);
  key[0] = 2;
  view.setUint32(1, Math.imul(number * keysPerBatch + index, 2654435761) >>> 0);
  view.setUint32(5, number);
  return key;
}

export function batchOf(number: number, valueBytes: number): Operation[] {
  const operations: Operation[] = [
    { type: 'put', key: Uint8Array.of(1), value: numberBytes(number, 4) },
  ];
  for (let index = 0; index < keysPerBatch; index += 1) {
    operations.push({
      type: 'put',
      key: keyOf(number, index),
      value: numberBytes(number, valueBytes),
    });
    if (number > 3) operations.push({ type: 'del', key: keyOf(number - 3, index) });
  }
  return operations;
}

/** What must be in the store after batch `last`: exactly the batches last-2..last, each whole. */
export async function checkWhole(store: KeyValueStore): Promise<number> {
  const stored = store.getSync(Uint8Array.of(1));
  const last = stored === undefined ? 0 : new DataView(stored.buffer).getUint32(0);
  const counts = new Map<number, number>();
  for await (const [key, value] of store.range({ gte: Uint8Array.of(2) })) {
    const number = new DataView(key.buffer, key.byteOffset).getUint32(5);
    const inValue = new DataView(value.buffer, value.byteOffset).getUint32(0);
    if (inValue !== number) throw new Error(`value of ${inValue} under a key of ${number}`);
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  const expected = new Map<number, number>();
  for (let number = Math.max(1, last - 2); number <= last; number += 1)
    expected.set(number, keysPerBatch);
  const found = JSON.stringify([...counts].sort(([a], [b]) => a - b));
  const wanted = JSON.stringify([...expected]);
  if (found !== wanted) throw new Error(`after batch ${last}: found ${found}, wanted ${wanted}`);
  return last;
}
