import { describe, expect, test } from 'vitest';

import { defaultParameters } from '../../src/index.ts';
import {
  chainTagOf,
  decodeGenesis,
  genesisCodec,
  genesisDocumentCodec,
  genesisDocumentHash,
  type GenesisDocument,
} from '../../src/genesis.ts';

const document: GenesisDocument = {
  networkId: 5,
  testNetwork: 1,
  attempt: 0,
  genesisTimeMs: 1,
  parameters: defaultParameters,
  allocations: [],
  members: [
    {
      id: new Uint8Array(20),
      accountSuite: 1,
      accountKey: new Uint8Array(32),
      consensusKey: new Uint8Array(32),
      stake: 5n,
      possessionSignature: new Uint8Array(64),
    },
  ],
  listed: [],
};

describe('the hash of a genesis document', () => {
  test('is computed once for a document, and anew for another of the same content', () => {
    const hash = genesisDocumentHash(document);
    const copy = genesisDocumentCodec.decode(genesisDocumentCodec.encode(document));
    expect(genesisDocumentHash(copy)).toEqual(hash);
    expect(genesisDocumentHash({ ...document, attempt: 1 })).not.toEqual(hash);
  });

  test('of a genesis that is kept is that of its bytes, and its allocations come from these', () => {
    const owner = { version: 0x32, hash: new Uint8Array(20).fill(9) } as const;
    const allocations = [1n, 2n, 3n].map((amount) => ({ owner, amount }));
    const genesis = {
      document: { ...document, allocations },
      signatures: [new Uint8Array(64).fill(4)],
    };
    const kept = decodeGenesis(genesisCodec.encode(genesis));
    expect(genesisDocumentHash(kept.document)).toEqual(genesisDocumentHash(genesis.document));
    expect(kept).toEqual(genesis);
    expect({ ...kept.document }).toEqual(genesis.document);
    expect(genesisCodec.encode(kept)).toEqual(genesisCodec.encode(genesis));
  });

  test('cannot be changed by whoever got it', () => {
    const hash = genesisDocumentHash(document);
    const tag = chainTagOf(document);
    hash.fill(0);
    expect(chainTagOf(document)).toEqual(tag);
    expect(genesisDocumentHash(document).subarray(0, 32)).toEqual(tag);
  });
});
