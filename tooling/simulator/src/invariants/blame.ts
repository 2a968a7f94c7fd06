import { type Invariant } from './types.ts';

export const blame: Invariant = {
  id: 'I15',
  about: 'a correct node never penalizes a correct node',
  create: (world) => ({
    effect(node, effect) {
      if (effect.type !== 'penalize' || !node.honest) return undefined;
      const peer = world.nodes[Number(effect.peer.slice(1))];
      return peer?.honest === true ? `${peer.name} is blamed for ${effect.code}` : undefined;
    },
  }),
};
