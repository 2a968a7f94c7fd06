import {
  certificateCodec,
  validatorSet,
  verifyCertificate,
  type ValidatorSet,
} from '@mxd/protocol';
import { equalBytes } from '@mxd/codec';
import { keyOf } from '@mxd/protocol/primitives';

import { type Invariant } from './types.ts';

export const validChain: Invariant = {
  id: 'I3',
  about:
    'every committed block passed the reference verifier, extends the one before, and is certified',
  create(world) {
    const checked = new Set<string>();
    const sets = new Map<number, ValidatorSet>();
    const reference = world.referenceStore;
    const setOf = (epoch: number): ValidatorSet => {
      const known = sets.get(epoch);
      if (known !== undefined) return known;
      const anchor = reference.hashAt((epoch - 1) * world.config.epochLength);
      const table = reference.tableOf(epoch);
      const set = validatorSet(world.chainTag, table, world.parameters, anchor);
      sets.set(epoch, set);
      return set;
    };
    return {
      committed(node, stored) {
        if (!node.honest) return undefined;
        const { header } = stored.block;
        const before = node.store.blocks[header.height - 2]?.hash ?? world.genesis.hash;
        if (!equalBytes(before, header.parentHash) || header.height !== node.store.height) {
          return `height ${header.height} does not extend what is committed`;
        }
        const key = keyOf(stored.hash);
        if (checked.has(key)) return undefined;
        checked.add(key);
        if (header.height !== reference.height + 1) return undefined;
        const certificate = certificateCodec.decode(stored.finalization);
        if (certificate.kind !== 3) return `height ${header.height} rests on no finalization`;
        const verdict = verifyCertificate(setOf(header.epoch), certificate, world.scheme.verify);
        if (!verdict.ok) return `height ${header.height}: ${verdict.code}`;
        const judged = world.judge(stored);
        return judged === undefined ? undefined : `height ${header.height}: ${judged}`;
      },
    };
  },
};
