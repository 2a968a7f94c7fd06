import { pino } from 'pino';

import { limits } from '../limits.ts';

/** What a destination counted; plain numbers for metrics. */
export interface DestinationCounts {
  /** Lines that were dropped because too many waited. */
  readonly dropped: number;
  /** Failed writes and rotations. */
  readonly errors: number;
}

/** Where lines go. `write` takes a line with its line break and does not throw or block for long. */
export interface Destination {
  write(line: string): void;
  /** Writes out what waits, now. */
  flush(): void;
  /** Writes out what waits and lets go of the file. Further lines are dropped. */
  close(): Promise<void>;
  readonly isTerminal: boolean;
  readonly counts: DestinationCounts;
}

/** A destination that forgets everything, for benchmarks and quiet tools. */
export function nullDestination(): Destination {
  return {
    write: () => {},
    flush: () => {},
    close: () => Promise.resolve(),
    isTerminal: false,
    counts: { dropped: 0, errors: 0 },
  };
}

/**
 * Standard output or error. Writes are asynchronous: a stopped terminal or a full pipe costs dropped
 * lines after `limits.destinationBufferBytes`, never a stopped node. Call `flush` before exiting.
 */
export function consoleDestination(stream: 'stdout' | 'stderr' = 'stderr'): Destination {
  const fd = stream === 'stdout' ? 1 : 2;
  const maxLength = limits.destinationBufferBytes.value;
  const sonic = pino.destination({ dest: fd, sync: false, maxLength });
  let dropped = 0;
  let errors = 0;
  sonic.on('drop', () => dropped++);
  // A closed pipe must not end the process.
  sonic.on('error', () => errors++);
  const flush = (): void => {
    try {
      sonic.flushSync();
    } catch {
      errors++;
    }
  };
  return {
    write: (line) => void sonic.write(line),
    flush,
    // The descriptor belongs to the process, so it is emptied but not closed.
    close: () => Promise.resolve(flush()),
    isTerminal: process[stream].isTTY,
    get counts() {
      return { dropped, errors };
    },
  };
}
