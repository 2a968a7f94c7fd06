import { Worker } from 'node:worker_threads';

import { type RunResult } from './run.ts';

export type SeedOutcome =
  | {
      readonly seed: number;
      readonly result: RunResult;
      readonly counts: Record<string, Record<string, number>>;
    }
  | { readonly seed: number; readonly failure: string };

/** Runs seeds on threads; `done` sees each outcome as it comes, in the order of their ends. */
export async function runSeeds(
  seeds: Iterable<number>,
  jobs: number,
  done: (outcome: SeedOutcome) => boolean,
): Promise<void> {
  const queue = seeds[Symbol.iterator]();
  let isOver = false;
  const threads = Array.from({ length: Math.max(1, jobs) }, async () => {
    const worker = new Worker(new URL('worker.ts', import.meta.url));
    try {
      await new Promise<void>((resolve, reject) => {
        const feed = (): void => {
          const next = isOver ? undefined : queue.next();
          if (next === undefined || next.done === true) resolve();
          else worker.postMessage(next.value, []);
        };
        worker.on('message', (outcome: SeedOutcome) => {
          if (!done(outcome)) isOver = true;
          feed();
        });
        worker.on('error', reject);
        feed();
      });
    } finally {
      await worker.terminate();
    }
  });
  await Promise.all(threads);
}
