import { type Invariant } from './types.ts';

export const timestamps: Invariant = {
  id: 'I8',
  about:
    'timestamps strictly increase; chain time is at most 60 s + 1 ms per block ahead of clocks',
  create: (world) => ({
    committed(node, { block }) {
      if (!node.honest) return undefined;
      const { height, timestampMs } = block.header;
      const before = node.store.headerAt(height - 1).timestampMs;
      if (timestampMs <= before) return `height ${height}: ${timestampMs} after ${before}`;
      // By clocks that no jump has moved: a jump is a fault of its node.
      const fastest = Math.max(...world.correct.map((one) => one.wallMs - Math.min(0, one.jumpMs)));
      const most = fastest + world.parameters.maxDriftMs + height;
      return timestampMs <= most ? undefined : `height ${height}: ${timestampMs - most} ms ahead`;
    },
  }),
};
