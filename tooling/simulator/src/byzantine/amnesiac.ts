import { type Behaviour } from './behaviour.ts';

export const amnesiac: Behaviour = {
  name: 'amnesiac',
  about: 'loses its journal again and again and votes anew in the same views',
  forgets: true,
  policy: { statusMs: 60 },
  periodMs: 700,
  create: (actor) => ({
    tick() {
      if (!actor.random.chance(400_000)) return;
      actor.lied();
      actor.node.crash();
      actor.world.agenda.after(20_000, () => actor.node.start());
    },
  }),
};
