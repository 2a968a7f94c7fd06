import { bytes, bytesU32, list, struct, u16, u32, u53, u8, type Codec } from '@mxd/codec';
import { type AnswerEnd, type RequestKind } from '../contract.ts';
import { limits } from '../limits.ts';

/** Request streams: docs/protocol/network.md, "Requests". One stream per request. */

/** The libp2p protocol of a request kind. */
export const requestProtocol = (kind: RequestKind): string => `/mxd/ask/${kind}/1`;

/** A request as the asker writes it, in one frame. */
export interface RequestFrame {
  /** Chosen by the asker, repeated in the end frame; for logs and for matching. */
  readonly id: number;
  /** Bytes of items that the asker takes at most. */
  readonly maxBytes: number;
  readonly payload: Uint8Array;
}

export const requestCodec: Codec<RequestFrame> = struct({
  id: u32,
  maxBytes: u32,
  payload: bytesU32(limits.requestBytes.value),
});

/**
 * What an item counts beside its own bytes against the size that was asked for, so that an answer of
 * many tiny items is bounded too. Items are never empty.
 */
export const itemOverheadBytes = 16;

/** First byte of an answer's frames. */
export const answerTypes = { item: 1, end: 2 } as const;

const ends: readonly AnswerEnd[] = ['complete', 'partial', 'unavailable', 'busy', 'refused'];

const endCodec = struct({ id: u32, status: u8, items: u32 });

/** The last frame of an answer, type byte not included. */
export function encodeEnd(id: number, end: AnswerEnd, items: number): Uint8Array {
  return endCodec.encode({ id, status: ends.indexOf(end), items });
}

/** Decodes the last frame of an answer; undefined when it is malformed. */
export function decodeEnd(
  payload: Uint8Array,
): { readonly id: number; readonly end: AnswerEnd; readonly items: number } | undefined {
  const result = endCodec.tryDecode(payload);
  const end = result.ok ? ends[result.value.status] : undefined;
  return result.ok && end !== undefined
    ? { id: result.value.id, end, items: result.value.items }
    : undefined;
}

/** Payload of requests for a range: blocks and headers by height, epoch proofs by epoch. */
export interface RangeRequest {
  readonly from: number;
  readonly count: number;
}

export const rangeCodec: Codec<RangeRequest> = struct({ from: u53, count: u16 });

/** Payload of requests by hash or id: at most 256 of 64 bytes. */
export const hashesCodec: Codec<readonly Uint8Array[]> = list(bytes(64), {
  count: 'u16',
  max: 256,
  min: 1,
});

/** Payload of a request for one chunk of a snapshot. */
export interface ChunkRequest {
  readonly snapshot: Uint8Array;
  readonly chunk: number;
}

export const chunkCodec: Codec<ChunkRequest> = struct({ snapshot: bytes(64), chunk: u32 });
