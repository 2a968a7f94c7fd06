import { zeroHash } from '@mxd/protocol/primitives';

import { type Behaviour } from './behaviour.ts';

export const splitVoter: Behaviour = {
  name: 'split-voter',
  about: 'NOTARIZE to one half and NULLIFY to the other, so that some hold N and some Z of a view',
  create: (actor) => ({
    outgoing(targets, bytes) {
      if (bytes[0] !== 0x11 || bytes[1] !== 1) return false;
      const { view } = actor;
      const left = targets.filter(() => actor.random.chance(500_000));
      actor.lied();
      actor.send(left, bytes);
      actor.node.later(actor.random.below(1_500), () => {
        actor.castVote(
          targets.filter((target) => !left.includes(target)),
          2,
          view,
          zeroHash,
        );
      });
      return true;
    },
  }),
};
