import { blockHashOf } from '@mxd/protocol';

import { type Behaviour } from './behaviour.ts';

export const boundaryLiar: Behaviour = {
  name: 'boundary-liar',
  about:
    'at the end of an epoch proposes a block above it, or repeats a block that is not the last',
  create: (actor) => ({
    outgoing(targets, bytes) {
      const own = actor.ownProposal(bytes);
      const { set } = actor;
      if (own === undefined || set === undefined) return false;
      const last = set.epoch * actor.world.config.epochLength;
      const { store } = actor.node;
      if (own.content !== undefined && own.content.header.height < last - 2) return false;
      actor.lied();
      if (own.content?.header.height === last) {
        const header = { ...own.content.header, nextTableHash: actor.random.bytes(64) };
        const other = actor.otherwise(own, { ...own.content, header });
        if (other !== undefined) actor.say(targets, other);
        return other !== undefined;
      }
      if (own.content !== undefined) {
        // A re-proposal of a block that ends nothing.
        const blockHash = store.hashAt(Math.max(0, store.height - actor.random.below(2)));
        const leaderVote = actor.vote(1, own.view, blockHash);
        if (leaderVote === undefined) return false;
        actor.say(targets, { ...own, blockHash, leaderVote, content: undefined });
        return true;
      }
      const parent = store.headerAt(store.height);
      const header = {
        ...parent,
        view: own.view,
        parentView: Math.max(0, own.view - 1),
        height: last + 1,
        parentHash: own.blockHash,
        timestampMs: parent.timestampMs + 1,
      };
      const blockHash = blockHashOf(header);
      const leaderVote = actor.vote(1, own.view, blockHash);
      if (leaderVote === undefined) return false;
      const content = {
        header,
        systemRecords: new Uint8Array(2),
        body: { form: 'full', transactions: [] },
      } as const;
      actor.say(targets, { ...own, blockHash, leaderVote, content });
      return true;
    },
  }),
};
