import { blockHashOf } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { type Invariant } from './types.ts';

export const honestBlocks: Invariant = {
  id: 'I18',
  about: 'no correct node finds the block of a correct node invalid, nor fails to build one',
  create: (world) => ({
    judgedInvalid(node, block, reason) {
      if (!node.honest || !world.proposed.has(keyOf(blockHashOf(block.header)))) return undefined;
      return `block ${block.header.height} of a correct node: ${reason}`;
    },
    stepped(node, input) {
      if (input.type !== 'built' || !node.honest) return undefined;
      return input.result === 'failed'
        ? 'the application refused to build on its state'
        : undefined;
    },
  }),
};
