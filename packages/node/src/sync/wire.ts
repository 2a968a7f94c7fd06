import { bytesU32, struct, u16, u53, type Codec } from '@mxd/codec';
import { blockCodec } from '@mxd/protocol/block';
import { certificateCodec } from '@mxd/protocol/certificate';

/** Asks for blocks `from`, `from + 1`, ... */
export interface RangeRequest {
  readonly from: number;
  readonly count: number;
}

/** One block of an answer, with its own finalization where the server has one. */
export interface RangeItem {
  readonly finalization: Uint8Array;
  readonly block: Uint8Array;
}

export const rangeRequestCodec: Codec<RangeRequest> = struct({ from: u53, count: u16 });

export const rangeItemCodec: Codec<RangeItem> = struct({
  finalization: bytesU32(certificateCodec.maxBytes),
  block: bytesU32(blockCodec.maxBytes),
});
