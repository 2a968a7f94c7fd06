import { describe, expect, test } from 'vitest';

import { BlockSize } from '../../src/consensus/block-size.ts';

describe('block size', () => {
  test('falls while blocks are late, never below a useful number', () => {
    const size = new BlockSize(300, () => 10_000);
    const start = size.limit;
    size.final(start, 700);
    expect(size.limit).toBe(Math.floor((start * 3) / 4));
    for (let i = 0; i < 50; i++) size.final(size.limit, 5_000);
    expect(size.limit).toBe(100);
  });

  test('grows only while full blocks are in time, up to the parameter of the chain', () => {
    const size = new BlockSize(300, () => 2_000);
    const start = size.limit;
    size.final(10, 20);
    expect(size.limit).toBe(start);
    size.final(start, 400);
    expect(size.limit).toBe(start);
    for (let i = 0; i < 50; i++) size.final(size.limit, 100);
    expect(size.limit).toBe(2_000);
  });

  test('halves once for views that ended without a block', () => {
    const size = new BlockSize(300, () => 10_000);
    const start = size.limit;
    size.nullified(0);
    expect(size.limit).toBe(start);
    size.nullified(3);
    size.nullified(3);
    expect(size.limit).toBe(start >> 1);
  });

  test('a late block says how many were too many, unless it had nearly none', () => {
    const size = new BlockSize(300, () => 10_000);
    const start = size.limit;
    size.final(20, 9_000);
    expect(size.limit).toBe(start);
    size.final(200, 1_000);
    expect(size.limit).toBe(150);
  });

  test('follows a parameter that falls', () => {
    let most = 10_000;
    const size = new BlockSize(300, () => most);
    most = 50;
    expect(size.limit).toBe(50);
  });
});
