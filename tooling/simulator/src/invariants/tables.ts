import { tableCodec } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { type Invariant } from './types.ts';

export const tables: Invariant = {
  id: 'I6',
  about: 'all correct nodes have byte-identical tables and states (scores, blacklist, queues)',
  create() {
    const byEpoch = new Map<number, string>();
    const roots = new Map<number, string>();
    return {
      epoch(node, table) {
        if (!node.honest) return undefined;
        const bytes = keyOf(tableCodec.encode(table));
        const known = byEpoch.get(table.epoch) ?? bytes;
        byEpoch.set(table.epoch, bytes);
        return known === bytes ? undefined : `two tables of epoch ${table.epoch}`;
      },
      committed(node, { hash, block }) {
        if (!node.honest) return undefined;
        const root = node.app.rootAfter(hash);
        if (root === undefined) return undefined;
        const { height } = block.header;
        const text = keyOf(root);
        const known = roots.get(height) ?? text;
        roots.set(height, text);
        return known === text ? undefined : `two states after height ${height}`;
      },
    };
  },
};
