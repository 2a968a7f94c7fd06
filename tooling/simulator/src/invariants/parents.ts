import { equalBytes } from '@mxd/codec';
import { certificateCodec, validatorSet, verifyCertificate } from '@mxd/protocol';
import { validationRootOf } from '@mxd/protocol/block';

import { type Invariant } from './types.ts';

export const parents: Invariant = {
  id: 'I23',
  about: 'every committed block carries a valid certificate of its parent (B1), for whoever syncs',
  create(world) {
    let top = 0;
    const setOf = (epoch: number): ReturnType<typeof validatorSet> => {
      const anchor = world.referenceStore.hashAt((epoch - 1) * world.config.epochLength);
      const table = world.referenceStore.tableOf(epoch);
      return validatorSet(world.chainTag, table, world.parameters, anchor);
    };
    return {
      committed(node, { block }) {
        const { header, parentCertificate } = block;
        if (!node.honest || header.height !== top + 1) return undefined;
        top = header.height;
        if (!equalBytes(validationRootOf(parentCertificate), header.validationRoot)) {
          return header.height === 1 ? undefined : `height ${header.height}: another root`;
        }
        if (header.height === 1) return undefined;
        const decoded = certificateCodec.tryDecode(parentCertificate);
        if (!decoded.ok) return `height ${header.height}: no certificate`;
        const { value: c } = decoded;
        const isOnAnchor = header.parentView === 0;
        const epoch = isOnAnchor ? header.epoch - 1 : header.epoch;
        const isRight =
          c.epoch === epoch &&
          c.kind !== 2 &&
          (isOnAnchor ? c.kind === 3 : c.view === header.parentView) &&
          equalBytes(c.blockHash, header.parentHash);
        if (!isRight) return `height ${header.height}: a certificate of something else`;
        const verdict = verifyCertificate(setOf(epoch), c, world.scheme.verify);
        return verdict.ok ? undefined : `height ${header.height}: ${verdict.code}`;
      },
    };
  },
};
