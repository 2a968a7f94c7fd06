import { type Amount } from '@mxd/protocol/primitives';

import { type Coin, type PolicyBook } from './coins.ts';

/**
 * What decides where no exact sum is found. `fewest`: few inputs, small transactions. `oldest`:
 * coins that have waited longest, which fee-free block space favours. `smallest`: tidies up.
 */
export type SelectionStrategy = 'fewest' | 'oldest' | 'smallest';

/** What coins are needed for. */
export interface SelectionRequest {
  /** Outputs and tip together, in base units; more than 0. */
  readonly target: Amount;
  /** Smallest change that can be an output. */
  readonly dustLimit: Amount;
  /** Room for inputs and their witnesses; see `inputBytes`. */
  readonly maxBytes: number;
  readonly maxInputs?: number;
  readonly strategy?: SelectionStrategy;
  /** A rest up to this may be left over (it joins the tip); 0 unless told. */
  readonly absorb?: Amount;
  readonly policies?: PolicyBook;
}

/** The coins to spend. `change` is 0 or at least the dust limit; `absorbed` is up to `absorb`. */
export interface Selection {
  readonly coins: readonly Coin[];
  readonly total: Amount;
  readonly change: Amount;
  readonly absorbed: Amount;
  readonly method: 'exact' | 'single' | SelectionStrategy;
}

/** A coin with what it adds to the transaction. */
export interface Candidate {
  readonly coin: Coin;
  readonly amount: Amount;
  readonly bytes: number;
}

/** How much one transaction holds. */
export interface Bounds {
  readonly inputs: number;
  readonly bytes: number;
}
