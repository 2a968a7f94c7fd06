import type { ChainState } from './chain-state.ts';
import type { BlockState } from './types.ts';
import {
  activeParameters,
  epochOf,
  isBoundary,
  nextTable,
  protocolVersion,
  registryEntry,
  validatorSetOf,
} from './validators/index.ts';

/** The state after a block as other packages see it. */
export function blockStateOf(state: ChainState, isFinal: boolean): BlockState {
  const { validators, header, hash, root } = state;
  return {
    hash,
    header,
    height: header.height,
    childEpoch: epochOf(validators),
    final: isFinal,
    postRoot: root,
    totalSupply: validators.totals.totalSupply,
    tipCarry: validators.totals.tipCarry,
    parameters: activeParameters(validators),
    protocolVersion: protocolVersion(validators),
    validators,
    table(epoch) {
      const set = validatorSetOf(validators, epoch);
      return set === undefined ? undefined : { table: set.table, anchorHash: set.anchorHash };
    },
    blacklistedUntil: (id) => registryEntry(validators, id)?.blacklistedUntil ?? 0,
    nextTable: () =>
      isBoundary(validators, header.height + 1) ? nextTable(validators).table : undefined,
  };
}
