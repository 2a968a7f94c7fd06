import { type Behaviour } from './behaviour.ts';

export const lateProposer: Behaviour = {
  name: 'late-proposer',
  about: 'its proposals arrive just before tLeader or tView, at half of the nodes a little later',
  create: (actor) => ({
    outgoing(targets, bytes) {
      if (bytes[0] !== 0x10) return false;
      actor.lied();
      const { leaderTimeoutMs = 800, viewTimeoutMs = 1_500 } = actor.world.config.policy;
      const base = actor.random.chance(500_000) ? leaderTimeoutMs : viewTimeoutMs - 60;
      const waitMs = Math.max(0, base - 40 + actor.random.below(60));
      const first = targets.filter(() => actor.random.chance(500_000));
      const second = targets.filter((target) => !first.includes(target));
      actor.node.later(waitMs, () => actor.send(first, bytes));
      actor.node.later(waitMs + 20 + actor.random.below(80), () => actor.send(second, bytes));
      return true;
    },
  }),
};
