import { writePrivateFile } from '../../src/atomic-file.ts';

const path = process.argv[2];
if (path === undefined) throw new Error('no path');
for (let round = 0; ; round++) {
  await writePrivateFile(path, `new ${round} ${'x'.repeat(10_000)}`, { replace: true });
  if (round === 0) process.send?.('started');
}
