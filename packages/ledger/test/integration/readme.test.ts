import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

test('the example of the README prints what it says', async () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const readme = await readFile(`${root}README.md`, 'utf8');
  const script = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const options = ['--conditions=@mxd/source', '--input-type=module-typescript', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: root });
  expect(stdout).toBe('accepted\n1\n11000000000n\ntrue\n');
});
