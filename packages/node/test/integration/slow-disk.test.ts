import { afterAll, expect, test } from 'vitest';

import { limits } from '../../src/limits.ts';
import { Cluster } from '../cluster.ts';

let cluster: Cluster;
afterAll(() => cluster?.[Symbol.asyncDispose]());

test('a disk slower than consensus holds the leader back; the node goes on when it is done', async () => {
  cluster = await Cluster.make(1, { epochLength: 256 });
  const flags = ['--consensus-min-block-ms=0', '--consensus-empty-delay-ms=0'];
  const node = await cluster.startNode(0, flags);
  const { ledger } = node;
  await cluster.height(0, 2);
  const gate = Promise.withResolvers<void>();
  const commit = ledger.commit.bind(ledger);
  ledger.commit = async (...given) => {
    await gate.promise;
    return commit(...given);
  };
  const most = limits.candidatesAhead.value;
  await cluster.until('the leader is ahead', () => ledger.counters.candidates >= most, 60_000);
  // Without holding back it would make dozens more in this time.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(ledger.counters.candidates).toBeLessThanOrEqual(most + 1);
  const held = ledger.head.height;
  gate.resolve();
  await cluster.height(0, held + 2 * most, 120_000);
}, 240_000);
