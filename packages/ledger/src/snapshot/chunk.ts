import { list, makeCodec, type Codec } from '@mxd/codec';

import { limits } from '../limits.ts';
import { outpointBytes, unspentOutputCodec } from '../outputs.ts';
import type { UnspentOutput } from '../types.ts';

/** An unspent output as a chunk carries it. */
export interface ChunkEntry {
  /** Outpoint and output as encoded: the element of the state commitment too. */
  readonly element: Uint8Array;
  readonly output: UnspentOutput;
}

/** The outpoint of an element, as encoded. */
export const elementKey = (element: Uint8Array): Uint8Array => element.subarray(0, outpointBytes);

/** The output of an element, as encoded and as stored. */
export const elementValue = (element: Uint8Array): Uint8Array => element.subarray(outpointBytes);

const entryCodec: Codec<ChunkEntry> = makeCodec<ChunkEntry>({
  minBytes: outpointBytes + unspentOutputCodec.minBytes,
  maxBytes: outpointBytes + unspentOutputCodec.maxBytes,
  size: ({ element }) => element.length,
  encodeInto: (writer, { element }) => writer.bytes(element),
  decodeFrom(reader) {
    const start = reader.offset;
    reader.take(outpointBytes);
    const output = unspentOutputCodec.decodeFrom(reader);
    return { element: reader.bytes.subarray(start, reader.offset), output };
  },
});

/** Outputs in ascending order of their outpoints. */
export const chunkCodec: Codec<readonly ChunkEntry[]> = list(entryCodec, {
  count: 'u32',
  min: 1,
  max: limits.snapshotChunkOutputs.value,
});
