import { type EvidenceRecord } from '@mxd/protocol/system-records';
import { zeroHash } from '@mxd/protocol/primitives';

import { type Behaviour } from './behaviour.ts';

export const accuser: Behaviour = {
  name: 'accuser',
  about: 'gossips evidence against correct validators that their signatures do not bear out',
  periodMs: 500,
  create: (actor) => ({
    tick() {
      const { set, random } = actor;
      if (set === undefined) return;
      const victim = random.below(set.table.entries.length);
      const signerId = set.table.entries[victim]?.id;
      const a = actor.vote(1, Math.max(1, actor.view), random.bytes(64));
      const b = actor.vote(1, Math.max(1, actor.view), random.bytes(64));
      if (signerId === undefined || a === undefined || b === undefined) return;
      const [first, second] = (a.blockHash[0] ?? 0) < (b.blockHash[0] ?? 0) ? [a, b] : [b, a];
      const record: EvidenceRecord = {
        type: 4,
        voteA: { ...first, signerIndex: victim },
        voteB: { ...second, signerIndex: victim },
        signerId,
      };
      const swapped: EvidenceRecord = { ...record, voteA: record.voteB, voteB: record.voteA };
      const nullify = actor.vote(2, Math.max(1, actor.view), zeroHash);
      actor.lied();
      for (const one of [record, swapped]) {
        try {
          actor.say(actor.some(), { type: 0x1c, record: one });
        } catch {
          // The encoder refuses what is not canonical: nothing that a peer could read.
        }
      }
      if (nullify === undefined) return;
      // Legal: NOTARIZE and NULLIFY of one view are no evidence.
      const legal: EvidenceRecord = { ...record, voteB: { ...nullify, signerIndex: victim } };
      try {
        actor.say(actor.some(), { type: 0x1c, record: legal });
      } catch {
        // As above.
      }
    },
  }),
};
