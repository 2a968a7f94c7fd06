import { routes as contract } from '@mxd/api';
import { epochProofCodec as original } from '@mxd/protocol/messages';
import { expect, test } from 'vitest';

import { epochProofCodec } from '../../src/epoch-proof-codec.ts';
import { routes } from '../../src/index.ts';
import { TestChain } from '../chain.ts';

test('the table of routes is the contract', () => {
  const expected = Object.fromEntries(
    Object.entries(contract).map(([id, { method, path }]) => [id, [method, path]]),
  );
  expect(routes).toEqual(expected);
});

test('epoch proofs are encoded as the protocol has them', () => {
  const chain = new TestChain();
  chain.addMany(32);
  for (const proof of chain.proofs) {
    expect(epochProofCodec.decode(proof)).toEqual(original.decode(proof));
    expect(epochProofCodec.encode(original.decode(proof))).toEqual(proof);
  }
  expect([epochProofCodec.minBytes, epochProofCodec.maxBytes]).toEqual([
    original.minBytes,
    original.maxBytes,
  ]);
});
