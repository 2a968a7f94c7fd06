import { systemRecordListCodec, type SystemRecord } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { type World } from '../world.ts';
import { type Invariant } from './types.ts';

function accused(world: World, record: SystemRecord): string | undefined {
  if (record.type !== 4) return undefined;
  const id = keyOf(record.signerId);
  const node = world.nodes.find((one) => keyOf(one.identity.id) === id);
  if (node === undefined) return `evidence names somebody unknown, ${id}`;
  if (!node.honest) return undefined;
  const { voteA: a, voteB: b } = record;
  return `correct ${node.name} is accused of kinds ${a.kind} and ${b.kind} in view ${a.view}`;
}

export const evidence: Invariant = {
  id: 'I5',
  about: 'evidence never names a correct key, neither in a pool nor on the chain',
  create: (world) => ({
    effect: (node, effect) =>
      effect.type === 'evidence' && node.honest ? accused(world, effect.record) : undefined,
    committed(node, { block }) {
      if (!node.honest || block.systemRecords.length <= 2) return undefined;
      for (const record of systemRecordListCodec.decode(block.systemRecords)) {
        const problem = accused(world, record);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
  }),
};
