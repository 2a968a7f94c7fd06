import { latencyMessage, noSample, type LatencyRecord } from '@mxd/protocol/system-records';

import { type Behaviour } from './behaviour.ts';

export const latencyLiar: Behaviour = {
  name: 'latency-liar',
  about: 'reports latencies of 0 or of the greatest value, for all or for one target',
  periodMs: 1_500,
  create(actor) {
    let epoch = 0;
    return {
      outgoing: (_targets, bytes) => bytes[0] === 0x1c,
      tick() {
        const { set, index, random } = actor;
        if (set === undefined || index < 0 || set.epoch === epoch) return;
        epoch = set.epoch;
        const isLow = random.chance(500_000);
        const target = random.below(set.table.entries.length);
        const samples = set.table.entries.map((_, i) => {
          if (i === index) return { latencyMs: noSample, participationBp: noSample };
          const isBad = isLow === (i !== target);
          return isBad
            ? { latencyMs: 5_000, participationBp: 0 }
            : { latencyMs: 0, participationBp: 10_000 };
        });
        const bare: LatencyRecord = {
          type: 5,
          epoch,
          reporterIndex: index,
          samples,
          signature: new Uint8Array(64),
        };
        const signature = actor.node.shownKey.sign(latencyMessage(set.chainTag, bare));
        actor.lied();
        actor.say(actor.others, { type: 0x1c, record: { ...bare, signature } });
      },
    };
  },
};
