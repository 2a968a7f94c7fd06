import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = `${root}/dist/pool-worker.js`;
const isBuilt =
  existsSync(built) && statSync(built).mtimeMs >= statSync(`${root}/src/pool-worker.ts`).mtimeMs;
if (!isBuilt)
  console.log('the compiled package is not tested: dist is missing or old (npm run build)');

/** The package by its name, as those who install it see it: compiled, no source condition. */
test.skipIf(!isBuilt)('the compiled package works: its worker thread is found', () => {
  const script = `
    import { pureSuites } from '@mxd/crypto';
    import { installNative } from '@mxd/crypto/native';
    import { VerificationPool } from '@mxd/crypto/pool';
    const url = import.meta.resolve('@mxd/crypto/pool');
    const seed = new Uint8Array(64).fill(3), message = new Uint8Array(5);
    const publicKey = pureSuites[3].publicKeyOf(seed);
    const signature = pureSuites[3].sign(seed, message);
    await using pool = new VerificationPool({ workers: 1 });
    const bitmap = await pool.verify([{ suite: 3, publicKey, message, signature }]);
    console.log(JSON.stringify({ bitmap: [...bitmap], native: installNative()[1], js: url.endsWith('.js') }));`;
  const env = { ...process.env, NODE_OPTIONS: '' };
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
    env,
    timeout: 20_000,
  });
  expect(JSON.parse(output)).toEqual({ bitmap: [1], native: 'sodium', js: true });
});
