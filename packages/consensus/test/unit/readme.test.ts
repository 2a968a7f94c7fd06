import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

test('the example of the README runs and finalizes three blocks', () => {
  const base = fileURLToPath(new URL('../../', import.meta.url));
  const text = readFileSync(join(base, 'README.md'), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(text)![1]!;
  const directory = mkdtempSync(join(base, 'test/unit/.readme-'));
  try {
    const file = join(directory, 'example.ts');
    writeFileSync(file, code);
    const run = spawnSync(process.execPath, ['--conditions=@mxd/source', file], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(run.stderr).toBe('');
    expect(run.stdout.trim().split('\n')).toEqual(['final 1 64', 'final 2 64', 'final 3 64']);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
