import { LedgerError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import type { PoolChain } from './mempool/types.ts';

/** A ledger as its pool of waiting transactions sees it. */
export function poolChainOf(ledger: Ledger): PoolChain {
  const { chain, reader, environment } = ledger;
  return {
    networkId: chain.networkId,
    chainTag: chain.chainTag,
    height: () => ledger.head.height,
    parameters() {
      const state = ledger.state(ledger.head.hash);
      if (state !== undefined) return state.parameters;
      throw new LedgerError('LEDGER_INVARIANT', 'the head has no state');
    },
    outputs: (keys) => ledger.outputs(keys),
    async isFinal(txid) {
      try {
        return (await reader.location(txid)) !== undefined;
      } catch (error) {
        // Without the index nobody knows; the pool then treats the input as unknown.
        if (error instanceof LedgerError && error.code === 'LEDGER_INDEX_OFF') return false;
        throw error;
      }
    },
    verified: environment.verified,
    names: environment.names,
  };
}
