import { type Policy } from '@mxd/consensus';

/** Something that will go wrong, or be done, at a time. Plain data, so that a shrinker can drop it. */
export type Planned =
  | { readonly at: number; readonly kind: 'crash'; readonly node: number; readonly downMs: number }
  | {
      readonly at: number;
      readonly kind: 'crashAll';
      readonly downMs: number;
      readonly spreadMs: number;
    }
  | {
      readonly at: number;
      readonly kind: 'partition';
      /** Group of each node. */
      readonly groups: readonly number[];
      readonly forMs: number;
    }
  | {
      readonly at: number;
      readonly kind: 'oneWay';
      readonly from: number;
      readonly to: number;
      readonly forMs: number;
    }
  | { readonly at: number; readonly kind: 'reconnect'; readonly node: number }
  | { readonly at: number; readonly kind: 'lag'; readonly byMs: number; readonly forMs: number }
  | {
      readonly at: number;
      readonly kind: 'clockJump';
      readonly node: number;
      readonly byMs: number;
    }
  | {
      readonly at: number;
      readonly kind: 'slowDisk';
      readonly node: number;
      readonly syncMs: number;
      readonly forMs: number;
    }
  | {
      readonly at: number;
      readonly kind: 'diskError';
      readonly node: number;
      readonly error: 'EIO' | 'ENOSPC';
    }
  | {
      readonly at: number;
      readonly kind: 'slowVerify';
      readonly node: number;
      readonly byMs: number;
      readonly forMs: number;
    }
  | { readonly at: number; readonly kind: 'brokenApp'; readonly node: number }
  | {
      readonly at: number;
      readonly kind: 'journalLost';
      readonly node: number;
      readonly how: 'deleted' | 'corrupt' | 'foreign';
    }
  | {
      readonly at: number;
      readonly kind: 'journalOld';
      readonly node: number;
      /** The copy is this much older than the crash. */
      readonly ageMs: number;
    }
  | { readonly at: number; readonly kind: 'twin'; readonly node: number; readonly of: number }
  | { readonly at: number; readonly kind: 'burst'; readonly count: number; readonly tip: number }
  | { readonly at: number; readonly kind: 'join'; readonly node: number }
  | { readonly at: number; readonly kind: 'leave'; readonly node: number }
  | { readonly at: number; readonly kind: 'rotate'; readonly node: number }
  | {
      readonly at: number;
      readonly kind: 'bond' | 'unbond';
      readonly node: number;
      readonly units: number;
    };

export interface NetworkConfig {
  /** One-way delay of a link, drawn once per pair. */
  readonly delayMs: readonly [min: number, max: number];
  /** Added per message, 0 to this: reordering. */
  readonly jitterMs: number;
  readonly lossPpm: number;
  readonly duplicatePpm: number;
  /** A message now and then takes this long. */
  readonly spikePpm: number;
  readonly spikeMs: number;
  /** Nodes whose links are this much longer. */
  readonly far: readonly number[];
  readonly farMs: number;
  /** Nodes whose links take 1 ms. */
  readonly near: readonly number[];
  /** Loss that stays after healing. */
  readonly residualPpm: number;
}

/** A run. Plain data: printed, kept in the corpus, shrunk, replayed. */
export interface RunConfig {
  readonly seed: number;
  readonly name: string;
  /** Members of the first table; further identities hold stakes beyond `n`. */
  readonly n: number;
  /** Bond of each identity, in coins; 0 for one that has none yet. */
  readonly stakes: readonly number[];
  readonly powerMode: 0 | 1;
  readonly leaderMode: 0 | 1;
  readonly joinPolicy: 0 | 1;
  readonly epochLength: number;
  readonly blacklistBlocks: number;
  readonly minValidators: number;
  readonly minStakePpm: number;
  readonly signatures: 'fake' | 'real';
  readonly application: 'cheap' | 'ledger';
  /** Faults act this long. */
  readonly safetyMs: number;
  /** Least time after healing. */
  readonly healedMs: number;
  /** No progress this long after healing is a stall. */
  readonly stallMs: number;
  readonly policy: Partial<Policy>;
  readonly network: NetworkConfig;
  readonly syncMs: readonly [min: number, max: number];
  readonly segmentBytes: number;
  /** Time that building or verifying takes. */
  readonly executeMs: number;
  readonly clock: readonly { readonly offsetMs: number; readonly driftPpm: number }[];
  /** Transactions per second, spread over random nodes' mempools or all. */
  readonly load: {
    readonly perSecond: number;
    readonly tip: number;
    readonly spread: 'all' | 'some';
    readonly paddingBytes: number;
    /** Transactions that carry another witness in every mempool. */
    readonly witnesses: boolean;
  };
  readonly byzantine: readonly { readonly node: number; readonly behaviour: string }[];
  readonly plan: readonly Planned[];
  /** Order in which broadcasts and connections visit the nodes (I12). */
  readonly order: 'up' | 'down';
}
