import { type Behaviour } from './behaviour.ts';

export const equivocator: Behaviour = {
  name: 'equivocator',
  about: 'as leader proposes two valid blocks, each to one half, both to some; votes for both',
  create: (actor) => ({
    outgoing(targets, bytes) {
      const own = actor.ownProposal(bytes);
      if (own?.content === undefined) return false;
      const { header } = own.content;
      const later = { ...header, timestampMs: header.timestampMs + 1 + actor.random.below(3) };
      const other = actor.otherwise(own, { ...own.content, header: later });
      if (other === undefined) return false;
      actor.lied();
      actor.noteHash(own.view, own.blockHash);
      for (const target of targets) {
        const dice = actor.random.below(10);
        if (dice < 7) actor.send([target], bytes);
        if (dice > 3) actor.say([target], other);
      }
      for (const target of targets) {
        if (actor.random.chance(500_000)) actor.castVote([target], 3, own.view, own.blockHash);
        else actor.castVote([target], 3, own.view, other.blockHash);
      }
      return true;
    },
  }),
};
