import { type RunConfig } from '../config.ts';

/** One place in the sources that is made wrong. `find` occurs in the file exactly once. */
export interface Edit {
  /** From the root of the workspace. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A deliberate mistake in the real sources. A simulator that does not catch it tests nothing. */
export interface Mutant {
  readonly id: string;
  readonly about: string;
  readonly edits: readonly Edit[];
  /** Where it shows: the configurations of a scenario, or these. */
  readonly scenario?: string;
  readonly configs?: readonly RunConfig[];
  /** It is caught within so many seeds. */
  readonly within: number;
  /** Ids of what catches it: invariants, I9 for a stall, or a scenario's own expectation. */
  readonly caughtBy: readonly string[];
}
