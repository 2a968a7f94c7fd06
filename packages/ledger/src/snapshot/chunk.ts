import { list, makeCodec, type Codec } from '@mxd/codec';

import { limits } from '../limits.ts';
import {
  binaryBytes,
  binaryText,
  outpointBytes,
  unspentOutputCodec,
  type OutpointKey,
} from '../outputs.ts';
import type { UnspentOutput } from '../types.ts';

/** An unspent output with its key. */
export interface ChunkEntry {
  readonly key: OutpointKey;
  readonly output: UnspentOutput;
}

const entryCodec: Codec<ChunkEntry> = makeCodec<ChunkEntry>({
  minBytes: outpointBytes + unspentOutputCodec.minBytes,
  maxBytes: outpointBytes + unspentOutputCodec.maxBytes,
  size: ({ output }) => outpointBytes + unspentOutputCodec.size(output),
  encodeInto(writer, { key, output }) {
    writer.bytes(binaryBytes(key));
    unspentOutputCodec.encodeInto(writer, output);
  },
  decodeFrom(reader) {
    const key = binaryText(reader.take(outpointBytes));
    return { key, output: unspentOutputCodec.decodeFrom(reader) };
  },
});

/** Outputs in ascending order of their outpoints. */
export const chunkCodec: Codec<readonly ChunkEntry[]> = list(entryCodec, {
  count: 'u32',
  min: 1,
  max: limits.snapshotChunkOutputs.value,
});
