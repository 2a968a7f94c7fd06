import { readFile, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('runs the example of the README', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  // Inside of the package, so that its own name resolves.
  const path = fileURLToPath(new URL(`../../.readme-example-${process.pid}.mjs`, import.meta.url));
  await writeFile(path, example);
  try {
    const output = execFileSync(process.execPath, ['--conditions=@mxd/source', path], {
      timeout: 20_000,
    });
    expect(output.toString()).toBe('complete [ Uint8Array(2) [ 1, 42 ] ]\n');
  } finally {
    await rm(path);
  }
});
