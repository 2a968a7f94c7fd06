import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TokenStore } from '@mxd/node/tokens';
import { expect, test } from 'vitest';

import { tokenCommands } from '../../src/tree/token.ts';

// The tree of commands spells them out: loading the node for `--help` would take a second.
test('the command offers every scope that a node knows: an admin has them all', async () => {
  const options = tokenCommands.find(({ path }) => path.join(' ') === 'token new')?.options;
  const directory = await mkdtemp(join(tmpdir(), 'mxd-tokens-'));
  const store = await TokenStore.open(join(directory, 'tokens.json'));
  await store.create({ name: 'all', role: 'admin' });
  expect(options?.['role']?.choices).toContain('admin');
  expect(options?.['scope']?.choices).toEqual(store.list()[0]?.scopes);
  await rm(directory, { recursive: true });
});
