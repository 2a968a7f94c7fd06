import { blockHashOf, type Header } from '@mxd/protocol';
import { validationRootOf } from '@mxd/protocol/block';
import { keyOf } from '@mxd/protocol/primitives';

import { type Behaviour } from './behaviour.ts';

const kept = 24;

function forget<K, V>(map: Map<K, V>): void {
  for (const key of map.keys()) {
    if (map.size <= kept) break;
    map.delete(key);
  }
}

export const gapSkipper: Behaviour = {
  name: 'gap-skipper',
  about: 'as leader proposes on an older certified parent, as if the views between were nullified',
  create(actor) {
    const certificates = new Map<number, Uint8Array>();
    const headers = new Map<string, Header>();
    const note = (bytes: Uint8Array): void => {
      if (bytes[0] === 0x12 && bytes[1] !== 2) {
        certificates.set(
          new DataView(bytes.buffer, bytes.byteOffset).getUint32(6),
          bytes.subarray(1),
        );
      } else if (bytes[0] === 0x10) {
        const seen = actor.decode(bytes);
        if (seen?.type !== 0x10) return;
        if (seen.parentView > 0) certificates.set(seen.parentView, seen.parentCertificate);
        const header = seen.content?.header;
        if (header !== undefined) headers.set(keyOf(blockHashOf(header)), header);
      }
      forget(certificates);
      forget(headers);
    };
    return {
      incoming(_from, bytes) {
        note(bytes);
        return true;
      },
      outgoing(targets, bytes) {
        // Without its FINALIZE the parent stays unfinished longer.
        if (bytes[0] === 0x11 && bytes[1] === 3) return true;
        const own = actor.ownProposal(bytes);
        if (own?.content === undefined) return false;
        const { header } = own.content;
        const older = [...certificates]
          .filter(([view, one]) => view < header.parentView && one.length > 80)
          .sort(([a], [b]) => b - a)
          .slice(0, 3);
        const chosen = actor.random.chance(700_000) ? older[0] : actor.random.pick(older);
        note(bytes);
        if (chosen === undefined) return false;
        const [parentView, certificate] = chosen;
        const parentHash = certificate.subarray(9, 73);
        const parent = headers.get(keyOf(parentHash));
        const appRoot = actor.node.app.rootAfter(parentHash);
        if (parent?.epoch !== header.epoch || appRoot === undefined) return false;
        const forged: Header = {
          ...header,
          parentView,
          height: parent.height + 1,
          parentHash,
          validationRoot: validationRootOf(certificate),
          appRoot,
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
