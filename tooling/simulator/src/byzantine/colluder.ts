import { zeroHash } from '@mxd/protocol/primitives';

import { type Behaviour } from './behaviour.ts';

export const colluder: Behaviour = {
  name: 'colluder',
  about: 'NOTARIZE and FINALIZE for every block that it sees in a view, and NULLIFY beside',
  periodMs: 15,
  create(actor) {
    const done = new Set<string>();
    return {
      tick() {
        for (const [view, known] of actor.hashes) {
          if (view < actor.view - 3) continue;
          for (const [key, hash] of known) {
            if (done.has(key)) continue;
            done.add(key);
            actor.lied();
            actor.castVote(actor.others, 1, view, hash);
            actor.castVote(actor.others, 3, view, hash);
            if (actor.random.chance(300_000)) actor.castVote(actor.some(), 2, view, zeroHash);
          }
        }
        if (done.size > 5_000) done.clear();
      },
    };
  },
};
