import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../src/run.ts', import.meta.url));

function run(...words: readonly string[]) {
  const args = ['--conditions=@mxd/source', program, ...words];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('the runner of npm test', () => {
  it('names its steps', () => {
    const { status, stdout } = run('--list');
    expect(status).toBe(0);
    for (const name of ['format', 'lint', 'types', 'layers', 'tidy', 'dead code', 'packages']) {
      expect(stdout).toMatch(new RegExp(`^${name} `, 'm'));
    }
  });

  it('refuses a step that it does not have, instead of running nothing', () => {
    const { status, stderr } = run('lint', 'lnit');
    expect(status).toBe(2);
    expect(stderr).toContain('no step is called lnit');
  });

  it('runs a step and ends with the sum', () => {
    const { status, stdout } = run('layers');
    const last = stdout.trimEnd().split('\n').at(-1);
    expect(last).toBe(status === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
  });
});
