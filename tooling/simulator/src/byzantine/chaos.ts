import { type VoteKind } from '@mxd/protocol';
import { zeroHash } from '@mxd/protocol/primitives';

import { type Behaviour } from './behaviour.ts';

export const chaos: Behaviour = {
  name: 'chaos',
  about: 'random votes of all kinds for all hashes of recent views, to random subsets',
  periodMs: 60,
  create: (actor) => ({
    tick() {
      const views = [...actor.hashes.keys()];
      for (let i = 0; i < 6; i++) {
        const kind = (1 + actor.random.below(3)) as VoteKind;
        const isNear = actor.random.chance(600_000);
        const view = isNear
          ? actor.view + actor.random.below(4) - 1
          : (actor.random.pick(views) ?? actor.view);
        const known = [...(actor.hashes.get(view)?.values() ?? [])];
        const hash = actor.random.pick(known) ?? actor.random.bytes(64);
        if (view < 1) continue;
        actor.lied();
        actor.castVote(actor.some(), kind, view, kind === 2 ? zeroHash : hash);
      }
    },
  }),
};
