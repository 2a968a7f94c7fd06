import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchmarkSuite } from '../../bench/src/harness.ts';

const launcher = fileURLToPath(new URL('../run.mjs', import.meta.url));

/** What the launcher costs when everything is there already; promised: under a second. */
const suite: BenchmarkSuite = {
  name: 'bootstrap',
  benchmarks: [
    {
      name: 'nothing to do',
      unit: 'ms/op',
      target: { atMost: 1000 },
      samples: 10,
      sampleMs: 1,
      warmUpMs: 1,
      prepare: () => () => execFileSync(process.execPath, [launcher, 'exec', 'node', '-e', '0']),
    },
  ],
};
export default suite;
