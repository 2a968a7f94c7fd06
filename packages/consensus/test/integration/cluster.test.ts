import { describe, expect, test } from 'vitest';

import { Cluster } from '../harness/cluster.ts';

describe('four nodes', () => {
  test('finalize blocks and agree', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4] }).start();
    cluster.run(2_500);
    for (let i = 0; i < 20; i++) {
      cluster.addTransactions(3, i);
      cluster.run(500);
    }
    expect(cluster.nodes.map((node) => node.halted)).toEqual([undefined, undefined, undefined, undefined]);
    expect(cluster.minHeight).toBeGreaterThan(30);
    expect(cluster.agree()).toBe(true);
  });
});
