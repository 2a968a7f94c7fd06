import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryPath } from '../support/directories.ts';

test('the example of the README prints what it says', async () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const readme = await readFile(`${root}README.md`, 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const script = example.replaceAll("'data/", `'${await temporaryPath('data')}/`);
  const options = ['--conditions=@mxd/source', '--input-type=module-typescript', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: root });
  expect(stdout).toBe('250\n7 250\n9 100\ntrue\n9 3\n');
});
