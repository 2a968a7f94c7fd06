import { zeroHash } from '@mxd/protocol/primitives';

import { type Behaviour } from './behaviour.ts';

export const nullifier: Behaviour = {
  name: 'nullifier',
  about: 'NULLIFY for each view as soon as it is entered, beside all other votes',
  periodMs: 30,
  create(actor) {
    let last = 0;
    return {
      tick() {
        const { view } = actor;
        if (view === last || view < 1) return;
        last = view;
        actor.lied();
        actor.castVote(actor.others, 2, view, zeroHash);
      },
    };
  },
};
