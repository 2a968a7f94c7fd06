import { zeroHash } from '@mxd/protocol/primitives';

import { type Behaviour } from './behaviour.ts';

const untilMs = 5_000;

export const deserter: Behaviour = {
  name: 'deserter',
  about:
    'NULLIFY for each view and nothing for blocks; after 5 s silent for good, its votes in certificates',
  periodMs: 40,
  create(actor) {
    let last = 0;
    const isGone = (): boolean => actor.world.agenda.nowUs > untilMs * 1_000;
    return {
      outgoing(_targets, bytes) {
        actor.lied();
        return isGone() || (bytes[0] === 0x11 && bytes[1] !== 2);
      },
      tick() {
        const { view } = actor;
        if (isGone() || view === last || view < 1) return;
        last = view;
        actor.castVote(actor.others, 2, view, zeroHash);
      },
    };
  },
};
