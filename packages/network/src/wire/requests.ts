import { bytesU32, struct, u32, u8, type Codec } from '@mxd/codec';
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
