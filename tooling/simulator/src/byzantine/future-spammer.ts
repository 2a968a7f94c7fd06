import { type VoteKind } from '@mxd/protocol';
import { voteSigningMessage } from '@mxd/protocol/vote';
import { previousValidatorId } from '@mxd/protocol/checks';

import { type Behaviour } from './behaviour.ts';

export const futureSpammer: Behaviour = {
  name: 'future-spammer',
  about: 'validly signed votes of views and epochs far ahead, huge claims in STATUS, and noise',
  periodMs: 80,
  create: (actor) => ({
    tick() {
      const { set, index, random } = actor;
      if (set === undefined || index < 0) return;
      const targets = actor.some();
      actor.lied();
      for (let i = 0; i < 5; i++) {
        const kind = (1 + random.below(3)) as VoteKind;
        const view = actor.view + 1 + random.below(random.chance(500_000) ? 5 : 1_000_000);
        const epoch = set.epoch + (random.chance(300_000) ? 1 + random.below(5) : 0);
        const blockHash = kind === 2 ? new Uint8Array(64) : random.bytes(64);
        const content = { kind, epoch, view, timestampMs: kind === 2 ? 0 : 1, blockHash };
        const previous = previousValidatorId(set, view, index);
        const signature = actor.node.shownKey.sign(
          voteSigningMessage(set.chainTag, content, previous),
        );
        actor.say(targets, { type: 0x11, vote: { ...content, signerIndex: index, signature } });
      }
      actor.say(targets, {
        type: 0x13,
        epoch: set.epoch + random.below(6),
        view: actor.view + random.below(100_000),
        finalView: actor.view + random.below(100_000),
        finalHeight: random.u32(),
      });
      if (random.chance(20_000)) actor.send(targets, random.bytes(random.below(300)));
    },
  }),
};
