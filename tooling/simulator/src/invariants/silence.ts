import { type Invariant } from './types.ts';

export const silence: Invariant = {
  id: 'I14',
  about: 'a node that has halted, or has no intact journal, never signs',
  create: () => ({
    effect(node, effect) {
      if (effect.type !== 'sign' || node.byzantine !== undefined) return undefined;
      if (node.halted !== undefined) return `signs after ${node.halted}`;
      return node.keys.every((slot) => slot.lost) ? 'signs without a journal' : undefined;
    },
    released(node, effect) {
      if (effect.type !== 'send' || node.byzantine !== undefined) return undefined;
      return node.halted === undefined ? undefined : `sends after ${node.halted}`;
    },
  }),
};
