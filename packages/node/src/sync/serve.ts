import type { Ledger } from '@mxd/ledger';
import type { AnswerEnd, RequestProtocols } from '@mxd/network';
import { blockCodec } from '@mxd/protocol/block';
import { epochProofCodec } from '@mxd/protocol/messages';

import { rangeItemCodec, rangeRequestCodec } from './wire.ts';

const maxBlocks = 512;

/** Serves history to peers: blocks by range, and epoch proofs. */
export function serveHistory(ledger: Ledger, requests: RequestProtocols): void {
  requests.serve('blocks-by-range', async function* (payload, { signal }): AsyncGenerator<
    Uint8Array,
    AnswerEnd
  > {
    const decoded = rangeRequestCodec.tryDecode(payload);
    if (!decoded.ok || decoded.value.from < 1) return 'refused';
    const { from } = decoded.value;
    const count = Math.min(decoded.value.count, maxBlocks);
    if (from < ledger.reader.firstBody) return 'unavailable';
    for (let height = from; height < from + count; height++) {
      if (signal.aborted || height > ledger.head.height) return 'partial';
      const block = await ledger.reader.block(height);
      if (block === undefined) return 'partial';
      const finalization = (await ledger.reader.finalization(height)) ?? new Uint8Array(0);
      yield rangeItemCodec.encode({ finalization, block: blockCodec.encode(block) });
    }
    return count < decoded.value.count ? 'partial' : 'complete';
  });
  requests.serve('epoch-proofs', async function* (payload): AsyncGenerator<Uint8Array, AnswerEnd> {
    const decoded = rangeRequestCodec.tryDecode(payload);
    if (!decoded.ok || decoded.value.from < 1) return 'refused';
    const end = decoded.value.from + Math.min(decoded.value.count, 256);
    for (let epoch = decoded.value.from; epoch < end; epoch++) {
      const proof = await ledger.reader.epochProof(epoch);
      if (proof === undefined) return 'partial';
      yield epochProofCodec.encode(proof);
    }
    return 'complete';
  });
}
