import { type Invariant } from './types.ts';

export const durability: Invariant = {
  id: 'I13',
  about: 'nothing is sent, committed or told before what caused it is durable',
  create: () => ({
    released(node, effect, after, durable) {
      if (node.byzantine !== undefined || after <= durable) return undefined;
      return `${effect.type} after record ${after}, of which ${durable} are durable`;
    },
  }),
};
