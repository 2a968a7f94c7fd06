import { type Behaviour } from './behaviour.ts';

export const withholder: Behaviour = {
  name: 'withholder',
  about: 'votes, proposals and certificates reach a changing third of the nodes only',
  create: (actor) => ({
    outgoing(targets, bytes) {
      const period = Math.floor(actor.world.agenda.nowUs / 3_000_000);
      actor.lied();
      actor.send(
        targets.filter((target) => (target.index + period) % 3 === 0),
        bytes,
      );
      return true;
    },
  }),
};
