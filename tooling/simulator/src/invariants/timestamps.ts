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
      // By what a clock has shown at any time: a jump is a fault of its node, not of the chain.
      const fastest = Math.max(
        ...world.correct.map((one) => one.wallMs - one.jumpMs + one.farthestMs),
      );
      const most = fastest + world.parameters.maxDriftMs + height;
      return timestampMs <= most ? undefined : `height ${height}: ${timestampMs - most} ms ahead`;
    },
  }),
};
