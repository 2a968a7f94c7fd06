import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  encodeChunk,
  encodedBytes,
  verifyChunk,
  type VerifyItem,
} from '../../src/pool-messages.ts';
import { PoolQueue } from '../../src/pool-queue.ts';
import { suiteInfo, type SuiteId } from '../../src/suites.ts';

const item = fc
  .record({
    suite: fc.constantFrom<SuiteId>(1, 2, 3),
    message: fc.uint8Array({ maxLength: 400 }),
    fill: fc.nat(255),
    key: fc.constantFrom(0, 0, 0, -1, 1),
    signature: fc.constantFrom(0, 0, 0, -1, 1),
  })
  .map(({ suite, message, fill, key, signature }): VerifyItem => {
    const info = suiteInfo[suite];
    return {
      suite,
      message,
      publicKey: new Uint8Array(info.publicKeyBytes + key).fill(fill),
      signature: new Uint8Array(info.signatureBytes + signature).fill(fill ^ 1),
    };
  });

describe('chunks', () => {
  test('hand over every well-formed item as it was, and no other', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 20 }), fc.nat(5), (items, skip) => {
        const start = Math.min(skip, items.length - 1);
        const buffer = encodeChunk(items, start, items.length);
        const sum = items.slice(start).reduce((total, one) => total + encodedBytes(one), 0);
        expect(buffer.byteLength).toBe(sum);
        const seen: VerifyItem[] = [];
        const bitmap = verifyChunk(
          buffer,
          items.length - start,
          (suite, publicKey, message, signature) => {
            seen.push({ suite, publicKey, message, signature });
            return true;
          },
        );
        const good = items.slice(start).map((one) => {
          const info = suiteInfo[one.suite];
          return (
            one.publicKey.length === info.publicKeyBytes &&
            one.signature.length === info.signatureBytes
          );
        });
        expect(seen).toEqual(items.slice(start).filter((_, i) => good[i]));
        expect(good.map((_, i) => ((bitmap[i >> 3]! >> (i & 7)) & 1) === 1)).toEqual(good);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the queue of a pool', () => {
  test('behaves like an array, however long', () => {
    const actions = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant('push' as const), count: fc.nat(3000) }),
        fc.record({ do: fc.constant('shift' as const), count: fc.nat(3000) }),
        fc.record({ do: fc.constant('putBack' as const), count: fc.constant(1) }),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(actions, (list) => {
        const queue = new PoolQueue<number>();
        const model: number[] = [];
        let next = 1;
        for (const action of list) {
          for (let i = 0; i < action.count; i++) {
            if (action.do === 'push') {
              queue.push(next);
              model.push(next++);
            } else if (action.do === 'putBack') {
              queue.putBack(next);
              model.unshift(next++);
            } else if (queue.shift() !== model.shift()) {
              expect.unreachable();
            }
          }
          expect(queue.length).toBe(model.length);
          expect(queue.peek()).toBe(model[0]);
        }
        expect([...queue]).toEqual(model);
        expect(queue.length).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
