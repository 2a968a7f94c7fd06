import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { teller } from '../../src/say.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe('demonstration', () => {
  it('runs to its end, with every verdict as expected', () => {
    const result = spawnSync(process.execPath, ['--conditions=@mxd/source', main], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
    expect(result.stdout.match(/ accepted$/gm)).toHaveLength(9);
    expect(result.stdout.match(/ refused$/gm)).toHaveLength(20);
    expect(result.stdout).toContain('quorum 3');
  });

  it('stops at a verdict that is not the expected one', () => {
    const lines: string[] = [];
    const tell = teller((line) => lines.push(line));
    expect(() => tell.expect('x', true, false)).toThrow(RangeError);
    expect(lines).toEqual([]);
  });
});
