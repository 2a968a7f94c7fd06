import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

test('the example of the README prints what it says', async () => {
  const root = new URL('../../', import.meta.url).pathname;
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const code = /^```ts\n(.*?)^```$/ms.exec(readme)?.[1] ?? '';
  const expected = [...code.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, text]) => text);
  // Inside of the package, so that its own name resolves.
  const directory = await mkdtemp(join(root, 'test', 'readme-'));
  try {
    await writeFile(join(directory, 'example.ts'), code);
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--conditions=@mxd/source',
      join(directory, 'example.ts'),
    ]);
    expect(stdout.trim().split('\n')).toEqual(expected);
    expect(expected).toEqual(['refuse']);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
