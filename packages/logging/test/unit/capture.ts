import type { Destination } from '../../src/index.ts';

/** A destination that keeps its lines. */
export interface Capture extends Destination {
  readonly lines: string[];
  /** The only line, parsed. */
  readonly record: Readonly<Record<string, unknown>>;
}

export function capture(): Capture {
  const lines: string[] = [];
  return {
    lines,
    get record() {
      if (lines.length !== 1) throw new Error(`${lines.length} lines`);
      return JSON.parse(lines[0]!) as Readonly<Record<string, unknown>>;
    },
    write: (line) => void lines.push(line),
    flush: () => {},
    close: () => Promise.resolve(),
    isTerminal: false,
    counts: { dropped: 0, errors: 0 },
  };
}
