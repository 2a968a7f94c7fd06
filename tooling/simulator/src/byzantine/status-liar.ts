import { type Behaviour } from './behaviour.ts';

export const statusLiar: Behaviour = {
  name: 'status-liar',
  about: 'claims heights it cannot prove, asks for everything, answers with forged epoch proofs',
  periodMs: 150,
  create: (actor) => ({
    tick() {
      const { set, random } = actor;
      if (set === undefined) return;
      const targets = actor.some();
      actor.lied();
      const isAhead = random.chance(500_000);
      actor.say(targets, {
        type: 0x13,
        epoch: isAhead ? set.epoch + 2 : Math.max(1, set.epoch - 1),
        view: isAhead ? 4_000_000 : 1,
        finalView: isAhead ? 3_999_999 : 0,
        finalHeight: isAhead ? 1_000_000_000 : 0,
      });
      actor.say(targets, { type: 0x14, epoch: set.epoch, fromView: 1, toView: 60 });
      actor.say(targets, { type: 0x1a, fromEpoch: 1, count: 32 });
      actor.say(targets, { type: 0x16, blockHash: random.bytes(64), maxAncestors: 64 });
      const proof = actor.node.epochProof(set.epoch - 1);
      const decoded = proof === undefined ? undefined : actor.decode(proof);
      if (decoded?.type !== 0x1b || !random.chance(100_000)) return;
      const header = { ...decoded.header, timestampMs: decoded.header.timestampMs + 1 };
      actor.say(targets, { ...decoded, header });
    },
  }),
};
