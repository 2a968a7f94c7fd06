import { type Behaviour } from './behaviour.ts';

export const ratchet: Behaviour = {
  name: 'ratchet',
  about: 'stamps its blocks 59.9 s ahead',
  create: (actor) => ({
    wishBuild(request) {
      const { header } = request;
      const timestampMs = Math.max(header.timestampMs, actor.node.wallMs + 59_900);
      actor.lied();
      return { ...request, header: { ...header, timestampMs } };
    },
  }),
};
