import type { Pace } from '@mxd/ledger';

/** Longest slice of work on the main thread before votes and sockets get their turn. */
const sliceMs = 4;

/** Pauses work on this thread whenever a slice has lasted long enough. */
export function slicePace(): Pace {
  let start = performance.now();
  let pausing: Promise<void> | undefined;
  return {
    due: () => performance.now() - start > sliceMs,
    pause() {
      // Work that runs side by side shares one pause, or each would stretch the other's slice.
      pausing ??= new Promise<void>((resolve) => {
        setImmediate(() => {
          start = performance.now();
          pausing = undefined;
          resolve();
        });
      });
      return pausing;
    },
  };
}
