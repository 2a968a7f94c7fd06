import { compareBytes } from '@mxd/codec';
import { type BlockHash, type Table } from '@mxd/protocol';

import { type BlockStatus } from './types.ts';

/** What the display needs to know of a block above the final head. */
export interface Candidate {
  readonly hash: BlockHash;
  readonly height: number;
  readonly status: BlockStatus;
  /** Highest view of a notarization on its ancestry, its own included; 0 for none. */
  readonly notarizedView: number;
  /** Table indices of valid NOTARIZE signatures. */
  readonly signers: readonly number[];
}

const rank = { FINAL: 2, NOTARIZED: 1, VALIDATED: 0, PROPOSED: 0 } as const;

function speed(table: Table, signers: readonly number[]): number {
  let sum = 0;
  for (const index of signers) {
    sum += Math.floor(1_000_000 / Math.max(1, table.entries[index]?.latencyMs ?? 1));
  }
  return sum;
}

function power(table: Table, signers: readonly number[]): number {
  let sum = 0;
  for (const index of signers) sum += table.entries[index]?.power ?? 0;
  return sum;
}

/**
 * Fork choice for display (docs/protocol/rsc.md, "Relay and fork choice"): negative if `a` is the
 * likelier future. Used for what clients see, for speculative execution and relay; never for votes
 * or parents.
 */
export function compareCandidates(table: Table, a: Candidate, b: Candidate): number {
  if (a.height !== b.height) {
    return b.notarizedView - a.notarizedView || compareBytes(a.hash, b.hash);
  }
  return (
    rank[b.status] - rank[a.status] ||
    b.signers.length - a.signers.length ||
    speed(table, b.signers) - speed(table, a.signers) ||
    power(table, b.signers) - power(table, a.signers) ||
    compareBytes(a.hash, b.hash)
  );
}
