import { limits } from '@mxd/consensus/limits';

import { type Invariant } from './types.ts';

export const memory: Invariant = {
  id: 'I10',
  about: 'slots, buffers, pending votes, fetches and blocks stay below their caps',
  create: (world) => ({
    periodic() {
      for (const node of world.correct) {
        const { core } = node;
        // What a journal brings back goes with the first commit.
        if (core === undefined || !node.ready || node.commits < 2) continue;
        const { slots, blocks, pendingVotes, bufferedMessages, outstandingFetches } = core.counters;
        const { view, epoch, lastFinalView } = core.status();
        // While bodies of final blocks are fetched, the slots above the committed head stay.
        const head = node.store.headerAt(node.height);
        const headView = head.epoch === epoch ? head.view : 0;
        if (lastFinalView > headView) continue;
        const n = node.table?.entries.length ?? 0;
        const peers = world.nodes.length;
        const caps: readonly (readonly [string, number, number])[] = [
          ['slots', slots, view - headView + 4 + limits.voteAhead.value],
          ['fetches', outstandingFetches, limits.fetches.value],
          ['buffered messages', bufferedMessages, limits.bufferFactor.value * n],
          ['pending votes', pendingVotes, limits.pendingFactor.value * n * peers],
          [
            'blocks',
            blocks,
            3 * (view - headView) + limits.catchUpBlocks.value + limits.fetches.value,
          ],
        ];
        for (const [name, size, cap] of caps) {
          if (size > cap) return `${node.name}: ${size} ${name}, at most ${cap}`;
        }
        if (pendingVotes < 0) return `${node.name}: ${pendingVotes} pending votes`;
      }
      return undefined;
    },
  }),
};
