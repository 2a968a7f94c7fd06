import { type Behaviour } from './behaviour.ts';

export const replayer: Behaviour = {
  name: 'replayer',
  about: 'repeats old votes, proposals and certificates of everybody',
  periodMs: 50,
  create(actor) {
    const kept: Uint8Array[] = [];
    return {
      incoming(_from, bytes) {
        if (kept.length < 400) kept.push(bytes);
        else if (actor.random.chance(50_000)) kept[actor.random.below(400)] = bytes;
        return true;
      },
      tick() {
        for (let i = 0; i < 4; i++) {
          const bytes = actor.random.pick(kept);
          if (bytes === undefined) return;
          actor.lied();
          actor.send(actor.some(), bytes);
        }
      },
    };
  },
};
