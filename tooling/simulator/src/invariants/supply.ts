import { accrualTotal } from '@mxd/ledger/validators';

import { type Invariant } from './types.ts';

export const supply: Invariant = {
  id: 'I7',
  about: 'unspent outputs + accruals + tipCarry = totalSupply at every height',
  create(world) {
    const initial = world.genesis.state.totals.totalSupply;
    return {
      committed(node, { hash, block }) {
        if (!node.honest) return undefined;
        const state = node.app.stateAfter(hash);
        const unspent = node.app.unspentAfter(hash);
        if (state === undefined || unspent === undefined) return undefined;
        const { totalSupply, tipCarry } = state.totals;
        const sum = unspent + accrualTotal(state) + tipCarry;
        if (sum === totalSupply && totalSupply === initial) return undefined;
        return `height ${block.header.height}: ${sum}, supply ${totalSupply}, at first ${initial}`;
      },
    };
  },
};
