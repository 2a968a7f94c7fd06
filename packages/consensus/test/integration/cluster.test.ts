import { describe, expect, test } from 'vitest';

import { Cluster } from '../harness/cluster.ts';

const halts = (cluster: Cluster): (string | undefined)[] =>
  cluster.nodes.map((node) => node.halted).filter((code) => code !== undefined);

const views = (cluster: Cluster): number =>
  Math.max(...cluster.nodes.map((node) => node.core.status().view));

describe('S1 happy path', () => {
  test.each([1, 2, 3, 4, 7, 10, 31])('n = %i: one block per view, nobody NULLIFYs', (n) => {
    const seeds = Array.from({ length: n }, (_, i) => i + 1);
    const cluster = new Cluster({ seeds }).start();
    cluster.run(2_500);
    for (let i = 0; i < 6; i++) {
      cluster.addTransactions(3, i);
      cluster.run(400);
    }
    expect(halts(cluster)).toEqual([]);
    expect(cluster.minHeight).toBeGreaterThan(8);
    expect(cluster.agree()).toBe(true);
    const nulls = cluster.nodes.map((node) => node.core.counters.nullifications);
    expect(Math.max(...nulls)).toBe(0);
    expect(views(cluster) - cluster.minHeight).toBeLessThan(4);
  });

  test('S31: many short epochs without re-entrancy', () => {
    for (const n of [1, 2, 4]) {
      const seeds = Array.from({ length: n }, (_, i) => i + 1);
      const cluster = new Cluster({ seeds, epochLength: 16 }).start();
      cluster.run(2_500);
      for (let i = 0; i < 60; i++) {
        cluster.addTransactions(1, i);
        cluster.run(150);
      }
      expect(halts(cluster)).toEqual([]);
      expect(cluster.minHeight).toBeGreaterThan(45);
      expect(cluster.agree()).toBe(true);
      expect(cluster.nodes[0]!.core.status().epoch).toBeGreaterThan(2);
    }
  });
});

describe('S2 crash faults', () => {
  test('one of four silent: goes on, then the silent leader is skipped', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4] }).start();
    cluster.run(2_500);
    cluster.nodes[3]!.crash();
    for (let i = 0; i < 300; i++) {
      cluster.addTransactions(1, i);
      cluster.run(100);
    }
    expect(halts(cluster)).toEqual([]);
    expect(cluster.agree()).toBe(true);
    expect(cluster.minHeight).toBeGreaterThan(100);
    cluster.nodes[3]!.restart();
    for (let i = 0; i < 100; i++) {
      cluster.addTransactions(1, 1_000 + i);
      cluster.run(100);
    }
    expect(halts(cluster)).toEqual([]);
    const heights = cluster.nodes.map((node) => node.height);
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(4);
    expect(cluster.agree()).toBe(true);
  });

  test('two of four silent: no progress, and it resumes when one returns', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4] }).start();
    cluster.run(4_000);
    cluster.nodes[3]!.crash();
    cluster.nodes[2]!.crash();
    cluster.run(1_000);
    const before = cluster.minHeight;
    cluster.run(30_000);
    expect(cluster.minHeight).toBe(before);
    cluster.nodes[2]!.restart();
    cluster.run(10_000);
    expect(cluster.minHeight).toBeGreaterThan(before + 2);
    expect(cluster.agree()).toBe(true);
    expect(halts(cluster)).toEqual([]);
  });

  test('S17: all nodes crash at once, again and again', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4], epochLength: 16, syncMs: 7 }).start();
    cluster.run(3_000);
    let last = 0;
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 10; i++) {
        cluster.addTransactions(1, round * 100 + i);
        cluster.run(97 + round);
      }
      for (const node of cluster.nodes) node.crash();
      cluster.run(50);
      for (const node of cluster.nodes) node.restart();
      cluster.run(6_000);
      expect(halts(cluster)).toEqual([]);
      expect(cluster.agree()).toBe(true);
      expect(cluster.minHeight).toBeGreaterThan(last);
      last = cluster.minHeight;
    }
  });
});

describe('network faults', () => {
  test('S11: a partition without quorum stands still and heals', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4, 5, 6, 7], epochLength: 16 }).start();
    cluster.run(4_000);
    const left = new Set(cluster.nodes.slice(0, 3));
    cluster.link = (a, b) => left.has(a) === left.has(b);
    cluster.run(500);
    const before = Math.max(...cluster.nodes.map((node) => node.height));
    cluster.run(20_000);
    expect(Math.max(...cluster.nodes.map((node) => node.height))).toBeLessThan(before + 2);
    cluster.link = () => true;
    cluster.run(10_000);
    expect(cluster.minHeight).toBeGreaterThan(before + 3);
    expect(cluster.agree()).toBe(true);
    expect(halts(cluster)).toEqual([]);
  });

  test('a node cut off for several epochs comes back over their proofs', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4], epochLength: 16 }).start();
    cluster.run(3_000);
    const lost = cluster.nodes[3]!;
    cluster.link = (a, b) => a !== lost && b !== lost;
    for (let i = 0; i < 300; i++) {
      cluster.addTransactions(1, i);
      cluster.run(150);
    }
    expect(cluster.nodes[0]!.core.status().epoch).toBeGreaterThan(3);
    expect(lost.core.status().epoch).toBe(1);
    cluster.link = () => true;
    cluster.run(10_000);
    expect(lost.core.status().epoch).toBe(cluster.nodes[0]!.core.status().epoch);
    expect(cluster.nodes[0]!.height - lost.height).toBeLessThan(3);
    expect(halts(cluster)).toEqual([]);
  });

  test('S13: loss, duplication and reordering', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4], epochLength: 16 }).start();
    let x = 12_345;
    const draw = (): number => {
      x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
      return x / 2 ** 32;
    };
    cluster.link = () => draw() > 0.2;
    cluster.delay = () => 5 + Math.floor(draw() * draw() * 400);
    for (let i = 0; i < 300; i++) {
      cluster.addTransactions(1, i);
      cluster.run(150);
    }
    expect(halts(cluster)).toEqual([]);
    expect(cluster.agree()).toBe(true);
    expect(cluster.minHeight).toBeGreaterThan(20);
  });

  test('P4 finalizations of the last block of an epoch are lost: it is proposed again, and the chain goes on', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4], epochLength: 16 }).start();
    cluster.run(2_500);
    let isLossy = true;
    cluster.link = (a, _, bytes) => {
      const isFinalize = bytes[0] === 0x11 && bytes[1] === 3;
      return !(isLossy && isFinalize && a.height >= 15);
    };
    for (let i = 0; i < 30; i++) {
      cluster.addTransactions(1, i);
      cluster.run(150);
    }
    expect(cluster.minHeight).toBe(15);
    const before = cluster.nodes[0]!.core.status().view;
    cluster.run(5_000);
    expect(cluster.nodes[0]!.core.status().view).toBeGreaterThan(before + 3);
    isLossy = false;
    cluster.run(5_000);
    expect(cluster.minHeight).toBeGreaterThan(16);
    expect(cluster.agree()).toBe(true);
    expect(halts(cluster)).toEqual([]);
  });

  test('an observer follows without a key', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4], epochLength: 16, observers: 1 }).start();
    for (let i = 0; i < 100; i++) {
      cluster.addTransactions(1, i);
      cluster.run(150);
    }
    const observer = cluster.nodes[4]!;
    expect(observer.height).toBeGreaterThan(20);
    expect(observer.core.status().selfIndex).toBe(-1);
    expect(cluster.agree()).toBe(true);
  });

  test('S40: bodies over short ids, with mempools that differ', () => {
    const cluster = new Cluster({ seeds: [1, 2, 3, 4] }).start();
    cluster.run(2_500);
    for (let i = 0; i < 10; i++) {
      cluster.addTransactions(60, i);
      cluster.nodes[i % 4]!.app.mempool.length = 20;
      cluster.run(400);
    }
    expect(halts(cluster)).toEqual([]);
    const total = cluster.nodes[0]!.committed.reduce((sum, b) => sum + b.header.txCount, 0);
    expect(total).toBeGreaterThan(300);
    expect(cluster.nodes.every((node) => node.core.counters.nullifications === 0)).toBe(true);
  });
});
