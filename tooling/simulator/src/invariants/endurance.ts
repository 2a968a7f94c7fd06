import { type Invariant } from './types.ts';

export const endurance: Invariant = {
  id: 'I16',
  about: 'a correct node never halts',
  create: () => ({
    halted: (node, code, reason) => (node.honest ? `${code}: ${reason}` : undefined),
  }),
};
