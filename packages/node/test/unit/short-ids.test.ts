import type { PooledTransaction } from '@mxd/ledger';
import { shortIdOf } from '@mxd/protocol/messages';
import { wtxidOfBytes } from '@mxd/protocol/transaction';
import { describe, expect, test } from 'vitest';

import { resolveShortIds } from '../../src/short-ids.ts';

const transactions = Array.from({ length: 100 }, (_, i) => Uint8Array.of(i, 1, 2, 3));

const salt = 77n;
const idsOf = (wanted: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat(wanted.map((bytes) => shortIdOf(salt, wtxidOfBytes(bytes))));

function resolve(wanted: readonly Uint8Array[]): {
  readonly found: readonly (Uint8Array | undefined)[];
  readonly hashed: number;
} {
  let hashed = 0;
  const mempool = {
    *bestFirst() {
      for (const bytes of transactions) yield { bytes } as PooledTransaction;
    },
  };
  const wtxidOf = (bytes: Uint8Array): Uint8Array => {
    hashed++;
    return wtxidOfBytes(bytes);
  };
  return { found: resolveShortIds(mempool, wtxidOf, salt, idsOf(wanted)), hashed };
}

describe('short ids', () => {
  test('are found in any order, and what is not there stays open', () => {
    const [a, b] = [transactions[70], transactions[3]] as [Uint8Array, Uint8Array];
    expect(resolve([a, Uint8Array.of(9, 9), b]).found).toEqual([a, undefined, b]);
  });

  test('of the best transactions cost nothing for all others that wait', () => {
    const best = transactions.slice(0, 10);
    expect(resolve(best.toReversed())).toEqual({ found: best.toReversed(), hashed: 10 });
  });
});
