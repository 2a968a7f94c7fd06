import { type Behaviour } from './behaviour.ts';

export const silent: Behaviour = {
  name: 'silent',
  about: 'says nothing, ever',
  create: (actor) => ({
    outgoing() {
      actor.lied();
      return true;
    },
  }),
};
