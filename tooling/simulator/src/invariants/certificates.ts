import { recordType } from '@mxd/consensus';
import { keyOf } from '@mxd/protocol/primitives';

import { type SimNode } from '../node.ts';
import { type Invariant } from './types.ts';

interface Held {
  n: string | undefined;
  f: string | undefined;
  z: boolean;
}

/** A certificate that a correct node has written, until its record is durable. */
interface Waiting {
  readonly node: SimNode;
  readonly generation: number;
  readonly after: number;
  readonly payload: Uint8Array;
}

export const certificates: Invariant = {
  id: 'I2',
  about:
    'no view with both F and Z, two N hashes or two F hashes in the possession of correct nodes',
  create() {
    const views = new Map<number, Held>();
    const waiting: Waiting[] = [];
    const check = (payload: Uint8Array): string | undefined => {
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
    };
    // What a crash takes before it was durable was never used, by anybody.
    const settle = (): string | undefined => {
      for (let i = 0; i < waiting.length;) {
        const { node, generation, after, payload } = waiting[i] as Waiting;
        const isLost = node.generation !== generation;
        if (!isLost && node.durable < after) {
          i++;
          continue;
        }
        waiting.splice(i, 1);
        const problem = isLost ? undefined : check(payload);
        if (problem !== undefined) return `${node.name}: ${problem}`;
      }
      return undefined;
    };
    return {
      effect(node, effect) {
        if (effect.type !== 'append' || !node.honest) return undefined;
        const { type, payload } = effect.record;
        if (type !== recordType.certificate) return undefined;
        const { generation, appended } = node;
        waiting.push({ node, generation, after: appended + 1, payload });
        return undefined;
      },
      committed: settle,
      halted: settle,
      periodic: settle,
      finished: settle,
    };
  },
};
