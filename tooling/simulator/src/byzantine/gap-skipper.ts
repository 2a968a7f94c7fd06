import { validationRootOf } from '@mxd/protocol/block';

import { type Behaviour } from './behaviour.ts';

export const gapSkipper: Behaviour = {
  name: 'gap-skipper',
  about: 'as leader proposes on an older certified parent, as if the views between were nullified',
  create(actor) {
    const notarized = new Map<number, Uint8Array>();
    return {
      incoming(_from, bytes) {
        if (bytes[0] === 0x12 && bytes[1] !== 2) {
          notarized.set(
            new DataView(bytes.buffer, bytes.byteOffset).getUint32(6),
            bytes.subarray(1),
          );
        } else if (bytes[0] === 0x10) {
          const seen = actor.decode(bytes);
          if (seen?.type === 0x10 && seen.parentCertificate.length > 0 && seen.parentView > 0) {
            notarized.set(seen.parentView, seen.parentCertificate);
          }
        }
        for (const view of notarized.keys()) if (notarized.size > 16) notarized.delete(view);
        return true;
      },
      outgoing(targets, bytes) {
        const own = actor.ownProposal(bytes);
        if (own?.content === undefined) return false;
        const { header } = own.content;
        const back = [...notarized].filter(([view]) => view < header.parentView);
        const older = back.at(-1 - actor.random.below(Math.min(3, back.length)));
        const stored = actor.node.store;
        if (older === undefined || actor.random.chance(300_000)) return false;
        const [parentView, certificate] = older;
        const parentHash = certificate.subarray(9, 73);
        const at = stored.find(parentHash);
        if (at < 0) return false;
        const base = actor.node.app.rootAfter(parentHash);
        const parent = stored.headerAt(at + 1);
        if (base === undefined || parent.epoch !== header.epoch) return false;
        const forged = {
          ...header,
          parentView,
          height: parent.height + 1,
          parentHash,
          validationRoot: validationRootOf(certificate),
          appRoot: base,
          nextTableHash: new Uint8Array(64),
        };
        const other = actor.otherwise(own, { ...own.content, header: forged });
        if (other === undefined) return false;
        actor.lied();
        actor.say(targets, { ...other, parentCertificate: certificate, nullifications: [] });
        return true;
      },
    };
  },
};
