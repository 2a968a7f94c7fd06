import { keyOf } from '@mxd/protocol/primitives';

import { type Invariant } from './types.ts';

export const agreement: Invariant = {
  id: 'I1',
  about: 'at most one committed hash per height over all correct nodes',
  create() {
    const byHeight = new Map<number, string>();
    return {
      committed(node, { hash, block }) {
        if (!node.honest) return undefined;
        const { height } = block.header;
        const key = keyOf(hash);
        const known = byHeight.get(height);
        if (known === undefined) byHeight.set(height, key);
        return known === undefined || known === key
          ? undefined
          : `height ${height} is ${known.slice(0, 12)} and ${key.slice(0, 12)}`;
      },
    };
  },
};
