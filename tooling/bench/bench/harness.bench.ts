import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchmarkSuite } from '../src/harness.ts';

const block = new Uint8Array(1024);
const sha = (name: string) => () => createHash(name).update(block).digest();

/** The harness measures itself: what an empty body costs is the floor of every other figure. */
const suite: BenchmarkSuite = {
  name: 'bench',
  benchmarks: [
    { name: 'empty body', unit: 'ns/op', prepare: () => () => 0 },
    { name: 'empty async body', unit: 'ns/op', prepare: () => async () => 0 },
    {
      name: 'sha512 against sha256 of 1 KiB',
      compare: [
        { name: 'sha512', prepare: () => sha('sha512') },
        { name: 'sha256', prepare: () => sha('sha256') },
      ],
    },
    {
      name: 'timer delay',
      unit: 'ms',
      better: 'lower',
      async measure({ smoke }) {
        const samples: number[] = [];
        for (let i = 0; i < (smoke ? 1 : 50); i += 1) {
          const start = performance.now();
          await sleep(1);
          samples.push(performance.now() - start);
        }
        return samples;
      },
    },
  ],
};
export default suite;
