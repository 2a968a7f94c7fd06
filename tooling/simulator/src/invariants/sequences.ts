import { systemRecordListCodec } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { type Invariant } from './types.ts';

export const sequences: Invariant = {
  id: 'I22',
  about: 'records of an account have rising numbers, one change per epoch, before they expire',
  create() {
    const seqs = new Map<string, number>();
    const epochs = new Map<string, number>();
    let top = 0;
    return {
      committed(node, { block }) {
        const { height, epoch } = block.header;
        if (!node.honest || height !== top + 1) return undefined;
        top = height;
        if (block.systemRecords.length <= 2) return undefined;
        for (const record of systemRecordListCodec.decode(block.systemRecords)) {
          if (record.type === 4 || record.type === 5) continue;
          const id = keyOf(record.id);
          if (record.seq <= (seqs.get(id) ?? 0))
            return `height ${height}: record ${record.seq} again`;
          seqs.set(id, record.seq);
          if (record.expiryEpoch < epoch) return `height ${height}: an expired record`;
          if (record.type === 6) continue;
          if (epochs.get(id) === epoch) return `height ${height}: two changes in epoch ${epoch}`;
          epochs.set(id, epoch);
        }
        return undefined;
      },
    };
  },
};
