import { recordType } from '@mxd/consensus';
import { keyOf } from '@mxd/protocol/primitives';

import { type Invariant } from './types.ts';

interface Held {
  n: string | undefined;
  f: string | undefined;
  z: boolean;
}

export const certificates: Invariant = {
  id: 'I2',
  about:
    'no view with both F and Z, two N hashes or two F hashes in the possession of correct nodes',
  create() {
    const views = new Map<number, Held>();
    return {
      effect(node, effect) {
        if (effect.type !== 'append' || !node.honest) return undefined;
        const { type, payload } = effect.record;
        if (type !== recordType.certificate) return undefined;
        const at = new DataView(payload.buffer, payload.byteOffset);
        const kind = payload[0];
        const epoch = at.getUint32(1);
        const view = at.getUint32(5);
        const key = epoch * 0x1_0000_0000 + view;
        const held = views.get(key) ?? { n: undefined, f: undefined, z: false };
        views.set(key, held);
        const hash = keyOf(payload.subarray(9, 73));
        const where = `of view ${view} in epoch ${epoch}`;
        if (kind === 2) held.z = true;
        else if (kind === 1) {
          if ((held.n ?? hash) !== hash) return `two notarizations ${where}`;
          held.n = hash;
        } else {
          if ((held.f ?? hash) !== hash) return `two finalizations ${where}`;
          held.f = hash;
        }
        if (held.f !== undefined && held.z) return `finalization and nullification ${where}`;
        return held.f !== undefined && held.n !== undefined && held.f !== held.n
          ? `notarization and finalization of two blocks ${where}`
          : undefined;
      },
    };
  },
};
