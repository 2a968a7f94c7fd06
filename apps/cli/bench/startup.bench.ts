import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Benchmark, BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';

const program = fileURLToPath(new URL('../bin/mxd.cjs', import.meta.url));

/** Milliseconds from starting a process to its end. */
function timeOf(words: readonly string[]): number {
  const startedMs = performance.now();
  const { status } = spawnSync(process.execPath, words, { stdio: 'ignore' });
  if (status !== 0)
    throw new TypeError(`node ${words.join(' ')} ended with ${status ?? 'a signal'}`);
  return performance.now() - startedMs;
}

/** How many times as long as `node -e 0` a command takes; the two alternate. */
const ratio = (words: readonly string[], atMost: number): Benchmark => ({
  name: `mxd ${words.join(' ')}, times node -e 0`,
  unit: 'x',
  better: 'lower',
  target: { atMost },
  measure({ smoke, figure }) {
    const rounds = smoke ? 1 : 30;
    const bareMs: number[] = [];
    const ratios = Array.from({ length: rounds }, () => {
      const bare = timeOf(['-e', '0']);
      bareMs.push(bare);
      return timeOf([program, ...words]) / bare;
    });
    const middle = bareMs.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
    figure('node -e 0', Math.round(middle), 'ms');
    return ratios;
  },
});

const suite: BenchmarkSuite = {
  name: 'cli-startup',
  benchmarks: [
    ratio(['--version'], 1.5),
    ratio(['--help'], 2),
    ratio(['wallet', 'move', '--help'], 2),
  ],
};
export default suite;
