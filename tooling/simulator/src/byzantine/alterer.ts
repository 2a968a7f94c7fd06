import { type ProposalMessage } from '@mxd/protocol/messages';

import { type ByzantineActor } from './actor.ts';
import { type Behaviour } from './behaviour.ts';

function altered(actor: ByzantineActor, message: ProposalMessage): ProposalMessage {
  const { content } = message;
  const { random } = actor;
  switch (random.below(6)) {
    case 0:
      return { ...message, parentView: random.below(message.view) };
    case 1:
      return { ...message, content: undefined };
    case 2:
      return { ...message, parentCertificate: new Uint8Array(0) };
    case 3:
      if (content === undefined) return message;
      return { ...message, content: { ...content, body: { form: 'full', transactions: [] } } };
    case 4: {
      if (content === undefined) return message;
      const shortIds = random.bytes(8 * content.header.txCount);
      const body = { form: 'compact', salt: 5n, shortIds } as const;
      return { ...message, content: { ...content, body } };
    }
    default: {
      if (content === undefined) return message;
      const systemRecords = new Uint8Array([0, 0]);
      return { ...message, content: { ...content, systemRecords } };
    }
  }
}

export const alterer: Behaviour = {
  name: 'alterer',
  about: "repeats each leader's vote at once with other unsigned parts around it",
  create: (actor) => ({
    incoming(from, bytes) {
      // Liars do not alter what liars altered: that would never end.
      const isHonest = actor.world.nodes[from]?.byzantine === undefined;
      const message = isHonest && bytes[0] === 0x10 ? actor.decode(bytes) : undefined;
      if (message?.type !== 0x10) return true;
      const targets = actor.others.filter((node) => node.index !== from);
      actor.lied();
      actor.say(targets, altered(actor, message));
      return true;
    },
  }),
};
