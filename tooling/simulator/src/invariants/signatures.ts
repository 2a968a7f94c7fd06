import { voteCodec, type Vote } from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { sameKey } from '../node.ts';
import { type Invariant } from './types.ts';

interface Released {
  n: string | undefined;
  z: boolean;
  f: string | undefined;
}

/** The vote inside a VOTE or PROPOSAL message, by offset. */
function voteIn(bytes: Uint8Array): Vote | undefined {
  const at = bytes[0] === 0x11 ? 1 : bytes[0] === 0x10 ? 78 : -1;
  if (at < 0) return undefined;
  const decoded = voteCodec.tryDecode(bytes.subarray(at, at + 147));
  return decoded.ok ? decoded.value : undefined;
}

export const signatures: Invariant = {
  id: 'I4',
  about: 'signatures released per key and view satisfy the sign guard, across restarts',
  create() {
    const seen = new Map<string, Released>();
    return {
      released(node, effect) {
        if (effect.type !== 'send' || !node.honest) return undefined;
        const vote = voteIn(effect.bytes);
        if (vote === undefined) return undefined;
        const table = node.table?.epoch === vote.epoch ? node.table : undefined;
        const signer = table?.entries[vote.signerIndex]?.consensusKey;
        if (signer === undefined) return undefined;
        const own = node.keys.find((slot) => sameKey(slot.key.publicKey, signer));
        if (own === undefined) return undefined;
        const name = `${node.index} ${vote.epoch} ${vote.view}`;
        const released = seen.get(name) ?? { n: undefined, z: false, f: undefined };
        seen.set(name, released);
        const hash = keyOf(vote.blockHash);
        const where = `view ${vote.view} of epoch ${vote.epoch}`;
        if (vote.kind === 1) {
          if ((released.n ?? hash) !== hash) return `two NOTARIZE in ${where}`;
          if (released.z && released.n === undefined) return `NOTARIZE after NULLIFY in ${where}`;
          released.n = hash;
        } else if (vote.kind === 2) released.z = true;
        else {
          if ((released.f ?? hash) !== hash) return `two FINALIZE in ${where}`;
          released.f = hash;
        }
        return released.z && released.f !== undefined
          ? `NULLIFY and FINALIZE in ${where}`
          : undefined;
      },
    };
  },
};
