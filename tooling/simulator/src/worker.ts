import { parentPort } from 'node:worker_threads';

import { runOnce } from './run.ts';
import { draw } from './swarm.ts';

/** A thread that runs one seed after the other. */
parentPort?.on('message', (seed: number) => {
  void (async () => {
    try {
      const { result, counts } = await runOnce(draw(seed));
      parentPort?.postMessage({ seed, result, counts }, []);
    } catch (error) {
      const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
      parentPort?.postMessage({ seed, failure }, []);
    }
  })();
});
