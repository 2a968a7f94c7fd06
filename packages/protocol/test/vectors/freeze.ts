/**
 * Prints the hashes of `frozen-encodings.json`: run it after a deliberate change of the wire format,
 * together with a new protocol version. `node --conditions=@mxd/source test/vectors/freeze.ts`
 */
import { toHex } from '@mxd/codec';
import { sha512 } from '@mxd/crypto/hash';
import * as fc from 'fast-check';

import { codecs } from '../codecs.ts';

const out: Record<string, string> = {};
for (const [name, [codec, arbitrary]] of Object.entries(codecs)) {
  const samples = fc.sample(arbitrary, { seed: 7979, numRuns: 25 });
  const hashes = samples.map((value) => toHex(codec.encode(value as never)));
  out[name] = toHex(sha512(Buffer.from(hashes.join('\n'))));
}
process.stdout.write(`${JSON.stringify(out, null, 2)}\n`);
