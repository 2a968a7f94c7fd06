import { type Behaviour } from './behaviour.ts';

export const timeTraveller: Behaviour = {
  name: 'time-traveller',
  about: 'stamps its blocks minutes ahead',
  create: (actor) => ({
    wishBuild(request) {
      const { header } = request;
      actor.lied();
      const timestampMs = header.timestampMs + 200_000;
      return { ...request, header: { ...header, timestampMs } };
    },
  }),
};
