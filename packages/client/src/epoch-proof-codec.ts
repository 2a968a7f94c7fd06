import { bytesU32, sized, struct, u32, type Codec } from '@mxd/codec';
import { headerCodec } from '@mxd/protocol/block';
import { certificateCodec } from '@mxd/protocol/certificate';
import type { EpochProof } from '@mxd/protocol/messages';
import { tableCodec } from '@mxd/protocol/table';

/**
 * The encoding of `epochProofCodec` in `@mxd/protocol/messages`, written again: that module brings
 * every consensus message into a browser's bundle, 2 KB of it compressed. A test holds the two equal.
 */
export const epochProofCodec: Codec<EpochProof> = struct({
  epoch: u32,
  header: headerCodec,
  finalization: bytesU32(certificateCodec.maxBytes),
  nextTable: sized('u32', tableCodec),
});
