import { chainTagOf, type GenesisDocument } from '@mxd/protocol/genesis';

import { type Chain } from './chain.ts';

/** The chain of a genesis document, with the limits it starts with. */
export function chainOfGenesis(document: GenesisDocument): Chain {
  return {
    chainTag: chainTagOf(document),
    networkId: document.networkId,
    network: document.testNetwork === 1 ? 'test' : 'main',
    dustLimit: document.parameters.dustLimit,
    maxTransactionBytes: document.parameters.maxTransactionBytes,
  };
}
