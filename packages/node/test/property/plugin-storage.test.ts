import { compareBytes, fromHex, toHex } from '@mxd/codec';
import { checkOperations, checkRange } from '@mxd/plugin/host';
import { openMemoryStore } from '@mxd/storage';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { PluginBucket } from '../../src/plugins/store.ts';

// Few and awkward bytes, so that keys share prefixes and touch the ends of ranges.
const byte = fc.constantFrom(0, 1, 0x7f, 0xfe, 0xff);
const bytes = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.array(byte, { minLength: min, maxLength: max }).map((list) => Uint8Array.from(list));
const key = bytes(1, 4);
const operation = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key, value: bytes(0, 3) }),
  fc.record({ type: fc.constant('del' as const), key }),
);
const range = fc.record(
  {
    prefix: bytes(0, 2),
    after: key,
    limit: fc.integer({ min: 1, max: 6 }),
    reverse: fc.boolean(),
  },
  { requiredKeys: [] },
);

const startsWith = (one: Uint8Array, prefix: Uint8Array): boolean =>
  prefix.every((item, i) => one[i] === item);

test('the private storage behaves like a sorted map, and no plugin sees another', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(operation, { maxLength: 8 }), { maxLength: 5 }),
      fc.array(range, { minLength: 1, maxLength: 8 }),
      async (batches, ranges) => {
        const store = openMemoryStore();
        const bucket = new PluginBucket(store, 'mid');
        const neighbours = [new PluginBucket(store, 'mia'), new PluginBucket(store, 'midway')];
        for (const other of neighbours) {
          await other.write(
            [{ type: 'put', key: Uint8Array.of(0x7f), value: new Uint8Array(1) }],
            9,
          );
        }
        const model = new Map<string, Uint8Array>();
        for (const [height, batch] of batches.entries()) {
          await bucket.write(checkOperations(batch), height);
          for (const one of batch) {
            if (one.type === 'put') model.set(toHex(one.key), one.value);
            else model.delete(toHex(one.key));
          }
        }
        expect(bucket.cursor()).toBe(batches.length === 0 ? undefined : batches.length - 1);
        const size = [...model].reduce((sum, [at, value]) => sum + at.length / 2 + value.length, 0);
        expect(bucket.sizeBytes).toBe(size);
        for (const one of ranges) {
          const { prefix, after, limit, reverse } = checkRange(one);
          const expected = [...model]
            .map(([at, value]) => [fromHex(at), value] as const)
            .filter(([at]) => startsWith(at, prefix))
            .toSorted(([a], [b]) => (reverse ? compareBytes(b, a) : compareBytes(a, b)))
            .filter(([at]) => {
              if (after === undefined) return true;
              return reverse ? compareBytes(at, after) < 0 : compareBytes(at, after) > 0;
            })
            .slice(0, limit);
          const page = await bucket.range({ prefix, after, limit, reverse });
          expect(page.map(([at, value]) => [toHex(at), toHex(value)])).toEqual(
            expected.map(([at, value]) => [toHex(at), toHex(value)]),
          );
        }
        await store.close();
      },
    ),
    { numRuns: 200 },
  );
});
