import { systemRecordListCodec } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { type Invariant } from './types.ts';

export const punishment: Invariant = {
  id: 'I20',
  about:
    'evidence punishes once per validator and epoch, in time, and excludes from the next table',
  create(world) {
    const done = new Set<string>();
    const untilHeight = new Map<string, number>();
    let top = 0;
    return {
      committed(node, { block }) {
        const { height, epoch } = block.header;
        if (!node.honest || height !== top + 1) return undefined;
        top = height;
        if (block.systemRecords.length <= 2) return undefined;
        for (const record of systemRecordListCodec.decode(block.systemRecords)) {
          if (record.type !== 4) continue;
          const { voteA: a, voteB: b } = record;
          const key = `${keyOf(record.signerId)} ${a.epoch}`;
          if (done.has(key)) return `height ${height} punishes ${key} again`;
          done.add(key);
          world.observer.counts.add('rules', 'punished');
          const age = epoch - a.epoch;
          if (age < 0 || age > world.parameters.evidenceMaxEpochs)
            return `evidence ${age} epochs old`;
          const isConflict = a.kind === b.kind ? a.kind !== 2 : a.kind + b.kind === 5;
          const isSameView = a.view === b.view && a.epoch === b.epoch;
          if (!isConflict || !isSameView) return `kinds ${a.kind} and ${b.kind} are no conflict`;
          const isBoundary = height === epoch * world.config.epochLength;
          untilHeight.set(
            keyOf(record.signerId),
            height + world.parameters.blacklistBlocks + (isBoundary ? 0.5 : 0),
          );
        }
        return undefined;
      },
      epoch(node, table) {
        if (!node.honest) return undefined;
        const first = (table.epoch - 1) * world.config.epochLength + 1;
        for (const { id } of table.entries) {
          const until = untilHeight.get(keyOf(id)) ?? 0;
          const accusedAt = Math.floor(until) - world.parameters.blacklistBlocks;
          // Evidence at the very boundary comes after the snapshot of the next table.
          const isLate = !Number.isInteger(until) && accusedAt === first - 1;
          if (until >= first && accusedAt < first && !isLate) {
            return `epoch ${table.epoch} seats a validator blacklisted to ${Math.floor(until)}`;
          }
        }
        return undefined;
      },
    };
  },
};
