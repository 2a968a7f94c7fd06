import { styleText } from 'node:util';

/** What the steps of the demonstration tell, kept apart from what they do. */
export interface Teller {
  /** Opens a numbered step. */
  readonly step: (title: string) => void;
  /** A figure or value with its name. */
  readonly show: (name: string, value: string) => void;
  /** The outcome of a check. Throws a RangeError when it is not the expected one. */
  readonly expect: (what: string, actual: boolean, expected: boolean) => void;
}

/** Writes to standard output; colours only on a terminal, and never under NO_COLOR. */
export function teller(write: (line: string) => void): Teller {
  let number = 0;
  const colour = (format: 'bold' | 'green' | 'dim', text: string): string =>
    styleText(format, text, { stream: process.stdout });
  return {
    step: (title) => {
      number += 1;
      write(`\n${colour('bold', `${number}. ${title}`)}`);
    },
    show: (name, value) => write(`   ${colour('dim', name.padEnd(24))} ${value}`),
    expect: (what, actual, expected) => {
      if (actual !== expected) throw new RangeError(`${what}: expected ${expected}, got ${actual}`);
      const verdict = expected ? 'accepted' : 'refused';
      write(`   ${what.padEnd(58, ' .')} ${colour('green', verdict)}`);
    },
  };
}
