import { certificateCodec, voteCodec, type VoteKind } from '@mxd/protocol';
import { signerBitmap } from '@mxd/protocol/certificate';
import { zeroHash } from '@mxd/protocol/primitives';

import { type JournalRecord } from '../../src/types.ts';

export function voteRecord(kind: VoteKind, epoch: number, view: number, tag = 1): JournalRecord {
  const isNull = kind === 2;
  const payload = voteCodec.encode({
    kind,
    epoch,
    view,
    signerIndex: 0,
    timestampMs: isNull ? 0 : 5,
    blockHash: isNull ? zeroHash : new Uint8Array(64).fill(tag),
    signature: new Uint8Array(64).fill(tag),
  });
  return { type: 1, payload };
}

export function certificateRecord(kind: VoteKind, epoch: number, view: number): JournalRecord {
  const isNull = kind === 2;
  const payload = certificateCodec.encode({
    kind,
    epoch,
    view,
    blockHash: isNull ? zeroHash : new Uint8Array(64).fill(view),
    n: 4,
    signers: signerBitmap(4, [0, 1, 2]),
    entries: [0, 1, 2].map(() => ({
      timestampMs: isNull ? 0 : 5,
      signature: new Uint8Array(64).fill(3),
    })),
  });
  return { type: 3, payload };
}

/** Not a real block: epoch and height at their offsets are all that pruning reads. */
export function blockRecord(epoch: number, height: number, sizeBytes = 500): JournalRecord {
  const payload = new Uint8Array(sizeBytes);
  const view = new DataView(payload.buffer);
  view.setUint32(6, epoch);
  view.setUint32(22, height);
  return { type: 2, payload };
}

export function epochOpening(epoch: number): JournalRecord {
  const payload = new Uint8Array(40);
  new DataView(payload.buffer).setUint32(0, epoch);
  return { type: 5, payload };
}

export function floorRecord(epoch: number, view: number): JournalRecord {
  const payload = new Uint8Array(8);
  new DataView(payload.buffer).setUint32(0, epoch);
  new DataView(payload.buffer).setUint32(4, view);
  return { type: 7, payload };
}
