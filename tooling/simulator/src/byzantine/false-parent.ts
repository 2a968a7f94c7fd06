import { validationRootOf } from '@mxd/protocol/block';

import { type Behaviour } from './behaviour.ts';

export const falseParent: Behaviour = {
  name: 'false-parent',
  about: 'as leader commits to bytes that are no certificate of the parent which the voters hold',
  create: (actor) => ({
    outgoing(targets, bytes) {
      const own = actor.ownProposal(bytes);
      if (own?.content === undefined || own.parentCertificate.length < 100) return false;
      const parentCertificate = own.parentCertificate.slice();
      const at = 80 + actor.random.below(parentCertificate.length - 80);
      parentCertificate[at] = (parentCertificate[at] as number) ^ 1;
      const validationRoot = validationRootOf(parentCertificate);
      const content = { ...own.content, header: { ...own.content.header, validationRoot } };
      const other = actor.otherwise(own, content);
      if (other === undefined) return false;
      actor.lied();
      actor.say(targets, { ...other, parentCertificate });
      return true;
    },
  }),
};
