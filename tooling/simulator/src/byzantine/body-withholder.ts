import { type Behaviour } from './behaviour.ts';

export const bodyWithholder: Behaviour = {
  name: 'body-withholder',
  about: 'its bodies reach little more than a third; it never answers a request',
  create: (actor) => ({
    outgoing(targets, bytes) {
      const type = bytes[0];
      if (type === 0x15 || type === 0x17 || type === 0x19 || type === 0x1b) {
        actor.lied();
        return true;
      }
      if (type !== 0x10) return false;
      actor.lied();
      const own = actor.ownProposal(bytes);
      if (own?.content === undefined) return false;
      const count = Math.floor(targets.length / 3) + 1;
      const chosen = actor.random.shuffle(targets).slice(0, count);
      actor.send(chosen, bytes);
      const rest = targets.filter((target) => !chosen.includes(target));
      // The leader's vote without the body: a re-proposal flag where there is none.
      actor.say(rest, { ...own, content: undefined });
      return true;
    },
  }),
};
