/**
 * Writes the fixture of verdicts anew: `node --conditions=@mxd/source test/vectors/freeze-verdicts.ts`.
 * A changed fixture is a changed rule of the chain.
 */
import { writeFileSync } from 'node:fs';

import { edgeCases } from './ed25519-edge-cases.ts';

const lines = edgeCases().map((item) => JSON.stringify(item));
writeFileSync(
  new URL('./data/ed25519-verdicts.json', import.meta.url),
  `[\n${lines.join(',\n')}\n]\n`,
);
