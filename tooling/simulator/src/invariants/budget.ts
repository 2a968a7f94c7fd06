import { type Invariant } from './types.ts';

const extra = 14;

export const budget: Invariant = {
  id: 'I11',
  about: 'at most 2n + 14 messages per node and view, and STATUS, while nothing goes wrong',
  create(world) {
    const { config } = world;
    const { network } = config;
    const isGood =
      config.byzantine.length === 0 &&
      config.plan.length === 0 &&
      network.lossPpm + network.spikePpm + network.duplicatePpm === 0 &&
      config.load.perSecond >= 10;
    return {
      finished() {
        if (!isGood || world.maxHeight < 20) return undefined;
        const n = config.stakes.length;
        const views = world.maxHeight;
        const rate = world.network.sent / (n * views);
        // STATUS to all each second, and its answers.
        const seconds = world.agenda.nowUs / 1_000_000;
        const status = (3 * n * seconds) / views;
        return rate <= 2 * n + extra + status
          ? undefined
          : `${rate.toFixed(1)} messages for n = ${n}`;
      },
    };
  },
};
