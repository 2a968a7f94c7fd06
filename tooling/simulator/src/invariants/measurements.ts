import { systemRecordListCodec, type Table } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';
import { noSample } from '@mxd/protocol/system-records';

import { type Invariant } from './types.ts';

interface Range {
  min: number;
  max: number;
}

export const measurements: Invariant = {
  id: 'I21',
  about: 'latencies of a table lie within what correct validators reported, or stay as they were',
  create(world) {
    let table: Table = world.genesis.table;
    let ranges = new Map<string, Range>();
    let top = 0;
    return {
      committed(node, { block }) {
        const { height } = block.header;
        if (!node.honest || height !== top + 1) return undefined;
        top = height;
        if (block.systemRecords.length <= 2) return undefined;
        for (const record of systemRecordListCodec.decode(block.systemRecords)) {
          if (record.type !== 5 || record.epoch !== table.epoch) continue;
          world.observer.counts.add('rules', 'LATENCY');
          const reporter = table.entries[record.reporterIndex];
          const by = world.nodes.find(
            (one) => reporter !== undefined && keyOf(one.identity.id) === keyOf(reporter.id),
          );
          if (by?.honest !== true) continue;
          for (const [j, { latencyMs }] of record.samples.entries()) {
            const target = table.entries[j];
            if (latencyMs === noSample || target === undefined) continue;
            const key = keyOf(target.id);
            const range = ranges.get(key) ?? { min: latencyMs, max: latencyMs };
            ranges.set(key, {
              min: Math.min(range.min, latencyMs),
              max: Math.max(range.max, latencyMs),
            });
          }
        }
        return undefined;
      },
      epoch(node, next) {
        if (!node.honest || next.epoch !== table.epoch + 1) return undefined;
        const before = new Map(table.entries.map((entry) => [keyOf(entry.id), entry.latencyMs]));
        const reported = ranges;
        table = next;
        ranges = new Map();
        for (const { id, latencyMs } of next.entries) {
          const key = keyOf(id);
          const was = before.get(key);
          const range = reported.get(key);
          if (was === undefined || was === latencyMs) continue;
          if (range === undefined) return `${latencyMs} ms that no correct validator reported`;
          if (latencyMs < range.min || latencyMs > range.max) {
            return `${latencyMs} ms, reported ${range.min} to ${range.max}`;
          }
        }
        return undefined;
      },
    };
  },
};
