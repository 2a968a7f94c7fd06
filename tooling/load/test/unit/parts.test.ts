import { describe, expect, test } from 'vitest';

import { LoadError } from '../../src/errors.ts';
import { parseOptions } from '../../src/options.ts';
import { busiestSecond, percentile } from '../../src/statistics.ts';
import { paymentOf, Tracker } from '../../src/tracker.ts';

describe('options', () => {
  test('a profile is changed by flags', () => {
    expect(parseOptions([])?.profile).toMatchObject({ name: 'light', seconds: 30 });
    const changed = parseOptions(['sustained', '--rate', '50', '--seconds', '4']);
    expect(changed?.profile).toEqual({
      name: 'custom',
      loop: { kind: 'open', rate: 50 },
      seconds: 4,
      spam: undefined,
    });
    expect(parseOptions(['flood', '--spam-rate', '7'])?.profile.spam).toEqual({ rate: 7 });
    expect(parseOptions(['--help'])).toBeUndefined();
  });

  test('what makes no sense is refused', () => {
    for (const words of [
      ['heavy'],
      ['light', 'burst'],
      ['--rate', '0'],
      ['--rate', '1.5'],
      ['--rate', '5', '--closed', '5'],
      ['--suite', '4'],
      ['--batch', '257'],
    ]) {
      expect(() => parseOptions(words)).toThrow(LoadError);
    }
  });
});

describe('statistics', () => {
  test('percentiles are values that occurred, by nearest rank', () => {
    const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0.5, 0.95, 0.99, 1].map((share) => percentile(sorted, share))).toEqual([
      50, 95, 99, 100,
    ]);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBe(0);
  });

  test('the busiest second slides over the times', () => {
    expect(busiestSecond([])).toBe(0);
    expect(busiestSecond([0, 10, 990, 1_005, 1_980])).toBe(3);
    expect(busiestSecond([5_000, 0, 6_100])).toBe(1);
  });
});

describe('tracker', () => {
  test('counts finality only from the node that a payment did not go to', () => {
    const final: string[] = [];
    const tracker = new Tracker(
      (node) => (node === 0 ? 1 : 0),
      ({ txid }) => final.push(txid),
    );
    const payment = paymentOf({ txid: 'aa', hex: '' });
    tracker.send(payment, 0);
    tracker.seen('aa', 5, 0);
    expect([final, tracker.outstanding]).toEqual([[], 1]);
    tracker.seen('aa', 5, 1);
    tracker.seen('aa', 5, 1);
    expect([final, tracker.outstanding, tracker.finals]).toEqual([['aa'], 0, 1]);
    expect(payment.height).toBe(5);
  });

  test('what a node refuses is not lost', () => {
    const tracker = new Tracker(
      () => 0,
      () => {},
    );
    const payment = paymentOf({ txid: 'bb', hex: '' });
    tracker.send(payment, 2);
    tracker.answered(payment, 'POOL_FULL');
    expect([tracker.refusals, tracker.outstanding]).toEqual([1, 0]);
    expect(tracker.refusedBy.get('POOL_FULL')).toBe(1);
  });
});
