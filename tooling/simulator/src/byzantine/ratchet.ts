import { leaderOf } from '@mxd/protocol';

import { type Behaviour } from './behaviour.ts';

export const ratchet: Behaviour = {
  name: 'ratchet',
  about: 'stamps its blocks 59.9 s ahead, and votes for those of liars only',
  create: (actor) => ({
    wishBuild(request) {
      const { header } = request;
      const timestampMs = Math.max(header.timestampMs, actor.node.wallMs + 59_900);
      actor.lied();
      return { ...request, header: { ...header, timestampMs } };
    },
    outgoing(_targets, bytes) {
      const { set } = actor;
      if (bytes[0] !== 0x11 || bytes[1] !== 1 || set === undefined) return false;
      const view = new DataView(bytes.buffer, bytes.byteOffset).getUint32(6);
      const leader = set.table.entries[leaderOf(set, view)];
      return leader !== undefined && !actor.world.isLiar(leader.consensusKey);
    },
  }),
};
