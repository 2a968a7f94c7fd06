import { describe, expect, test } from 'vitest';

import { listTable } from '../../src/table.ts';
import { wrapIndented, wrapParts } from '../../src/wrap.ts';

const id = 'ab'.repeat(64);
const rows = [
  { height: 187, time: '2026-12-01T13:50:49.678Z', sent: '63990', txid: id },
  { height: 69, time: '2026-12-01T13:48:54.755Z', sent: '1000', txid: id },
];
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('tables', () => {
  test('are whole in pipes', () => {
    const text = listTable(rows, 0);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toContain(id);
  });

  test('cut ids and nothing else where the terminal is narrow', () => {
    const text = listTable(rows, 60);
    expect(widest(text)).toBeLessThanOrEqual(60);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toContain('2026-12-01T13:50:49Z');
    expect(text).toContain('63990');
    expect(text).toMatch(/ab\.\.\.[ab]/);
  });

  test('become records where not even cut ids fit', () => {
    const text = listTable(rows, 40);
    expect(text.split('\n\n')).toHaveLength(2);
    expect(text).toContain('sent    63990');
    expect(text).toContain(id);
  });
});

describe('wrapping', () => {
  test('keeps words whole and indents what follows', () => {
    const text = wrapIndented('error: none of the nodes that were asked has answered', 30, 2);
    expect(text).toBe('error: none of the nodes that\n  were asked has answered');
    expect(wrapIndented('    mend: name peers and open the port', 20, 6)).toBe(
      '    mend: name peers\n      and open the port',
    );
    expect(wrapIndented('short', 30, 2)).toBe('short');
    expect(wrapIndented('in a pipe nothing is broken '.repeat(9), 0, 2)).not.toContain('\n');
    expect(wrapIndented('y'.repeat(50), 30, 2)).toBe('y'.repeat(50));
  });

  test('breaks between parts', () => {
    expect(wrapParts(['one two', 'three four', 'five'], 19)).toBe('one two  three four\n  five');
    expect(wrapParts(['one two', 'three four', 'five'], 0)).toBe('one two  three four  five');
  });
});
