import { type Header } from '@mxd/protocol';
import { type ProposalContent } from '@mxd/protocol/messages';

import { encodeCheap } from '../cheap-transactions.ts';
import { type ByzantineActor } from './actor.ts';
import { type Behaviour } from './behaviour.ts';

type Spoil = (content: ProposalContent, actor: ByzantineActor) => ProposalContent;

const header =
  (change: (header: Header, actor: ByzantineActor) => Partial<Header>): Spoil =>
  (content, actor) => ({
    ...content,
    header: { ...content.header, ...change(content.header, actor) },
  });

const spoils: readonly Spoil[] = [
  header((_, actor) => ({ appRoot: actor.random.bytes(64) })),
  header((_, actor) => ({ txRoot: actor.random.bytes(64) })),
  header((_, actor) => ({ sysRoot: actor.random.bytes(64) })),
  header((_, actor) => ({ nextTableHash: actor.random.bytes(64) })),
  header((_, actor) => ({ parentHash: actor.random.bytes(64) })),
  header((_, actor) => ({ proposerId: actor.random.bytes(20) })),
  header(({ epoch }) => ({ epoch: epoch + 1 })),
  header(({ view }) => ({ view: view + 1 })),
  header(({ view }) => ({ view: Math.max(1, view - 1) })),
  header(({ view }) => ({ parentView: view })),
  header(({ height }) => ({ height: height + 1 })),
  header(({ timestampMs }) => ({ timestampMs: timestampMs + 200_000 })),
  header(({ timestampMs }) => ({ timestampMs: timestampMs - 500_000 })),
  header(({ version }) => ({ version: version + 1 })),
  header(({ tipTotal }) => ({ tipTotal: tipTotal + 1n })),
  header(({ totalSupply }) => ({ totalSupply: totalSupply + 1n })),
  header(({ txCount }) => ({ txCount: txCount + 1 })),
  header(({ networkId }) => ({ networkId: networkId + 1 })),
  (content) => {
    const bad = encodeCheap({ kind: 'invalid', nonce: 1, tip: 0n });
    return { ...content, body: { form: 'full', transactions: [bad] } };
  },
];

export const invalidProposer: Behaviour = {
  name: 'invalid-proposer',
  about: 'as leader proposes a block that breaks one rule, drawn anew each time',
  create: (actor) => ({
    outgoing(targets, bytes) {
      const own = actor.ownProposal(bytes);
      const spoil = actor.random.pick(spoils);
      if (own?.content === undefined || spoil === undefined) return false;
      const other = actor.otherwise(own, spoil(own.content, actor));
      if (other === undefined) return false;
      actor.lied();
      actor.say(targets, other);
      return true;
    },
  }),
};
