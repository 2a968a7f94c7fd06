import { systemRecordListCodec, type SystemRecord, type Table } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { type Invariant } from './types.ts';

export const seats: Invariant = {
  id: 'I24',
  about:
    'keys change by ROTATE and by nothing else; a LEAVE that is alone is granted at the boundary',
  create(world) {
    let table: Table = world.genesis.table;
    let top = 0;
    const rotations = new Map<string, string>();
    let leaving = new Set<string>();
    const late: SystemRecord[] = [];
    const take = (record: SystemRecord): void => {
      if (record.type === 3) rotations.set(keyOf(record.id), keyOf(record.newConsensusKey));
      else if (record.type === 2) leaving.add(keyOf(record.id));
      else if (record.type === 1) leaving.delete(keyOf(record.id));
    };
    return {
      committed(node, { block }) {
        const { height, epoch } = block.header;
        if (!node.honest || height !== top + 1) return undefined;
        top = height;
        if (block.systemRecords.length <= 2) return undefined;
        const records = systemRecordListCodec.decode(block.systemRecords);
        // Records of the last block come after the snapshot: they count for the epoch after the next.
        if (height === epoch * world.config.epochLength) late.push(...records);
        else for (const record of records) take(record);
        return undefined;
      },
      epoch(node, next) {
        if (!node.honest || next.epoch !== table.epoch + 1) return undefined;
        const before = new Map(
          table.entries.map((one) => [keyOf(one.id), keyOf(one.consensusKey)]),
        );
        const now = new Map(next.entries.map((one) => [keyOf(one.id), keyOf(one.consensusKey)]));
        table = next;
        const granted = [...leaving];
        leaving = new Set(granted.filter((id) => now.has(id) && granted.length > 1));
        const [only] = granted;
        if (granted.length === 1 && only !== undefined && now.has(only) && now.size > 1) {
          return `epoch ${next.epoch}: the only LEAVE is not granted`;
        }
        for (const [id, key] of now) {
          const was = before.get(id);
          const wanted = rotations.get(id) ?? was;
          if (was !== undefined && wanted !== key) {
            return `epoch ${next.epoch}: ${id.slice(0, 8)} has another key than it registered`;
          }
          if (rotations.get(id) === key) world.observer.counts.add('rules', 'rotated');
        }
        rotations.clear();
        for (const record of late.splice(0)) take(record);
        return undefined;
      },
    };
  },
};
