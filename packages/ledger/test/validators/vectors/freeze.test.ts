import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@mxd/codec';
import { blockHashOf } from '@mxd/protocol/block';
import { expect, test } from 'vitest';

import { applicationRoot, nextTable, sectionIds } from '../../../src/validators/index.ts';
import { sectionDigest } from '../../../src/validators/sections.ts';
import { richChain } from '../rich-chain.ts';

const zeros = new Uint8Array(64);
const file = join(import.meta.dirname, 'rich-chain.json');

/** Roots, tables and hashes of a chain that uses every kind of record. */
function vectors(): Record<string, unknown> {
  const chain = richChain();
  const sections = Object.fromEntries(
    sectionIds.map((id) => [id, toHex(sectionDigest(chain.state, id))]),
  );
  const root = toHex(applicationRoot(chain.state, zeros));
  const ends = [1, 2, 3].map(() => {
    chain.runTo(chain.state.epochs.at(-1)!.epoch * 16);
    const table = toHex(nextTable(chain.state).hash);
    chain.block({ tip: 4_321n, skip: 1 });
    return {
      height: chain.height,
      table,
      root: toHex(applicationRoot(chain.state, zeros)),
      payouts: chain.payouts.map(({ id, amount, txid }) => [toHex(id), `${amount}`, toHex(txid)]),
    };
  });
  return { sections, root, ends, head: toHex(blockHashOf(chain.headerOf())) };
}

/**
 * A difference is another consensus: nodes of two versions would split. With a new protocol version,
 * run once with MXD_FREEZE=1 and say so in the change.
 */
test('frozen state of a chain', () => {
  const now = vectors();
  if (process.env['MXD_FREEZE'] === '1') writeFileSync(file, `${JSON.stringify(now, undefined, 2)}\n`);
  expect(now).toStrictEqual(JSON.parse(readFileSync(file, 'utf8')));
});
