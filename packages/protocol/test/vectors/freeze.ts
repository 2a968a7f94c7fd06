/**
 * Prints the digests of `frozen-encodings.json`: run it after a deliberate change of the wire format,
 * together with a new protocol version. `node --conditions=@mxd/source test/vectors/freeze.ts`
 */
import { digestOf, frozenTypes } from '../frozen.ts';

const out = Object.fromEntries(
  Object.entries(frozenTypes).map(([name, frozen]) => [name, digestOf(frozen)]),
);
process.stdout.write(`${JSON.stringify(out, null, 2)}\n`);
