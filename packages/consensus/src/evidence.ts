import { compareBytes, equalBytes } from '@mxd/codec';
import { type Vote } from '@mxd/protocol';

import { F, N, tallyOf, Z, type RunningState, type Slot } from './state.ts';
import { type Steps } from './types.ts';

/**
 * Evidence: (a) two NOTARIZE, (b) two FINALIZE, (c) FINALIZE and NULLIFY. Anything else is legal.
 */
export function isConflict(a: Vote, b: Vote): boolean {
  if (a.signerIndex !== b.signerIndex || a.epoch !== b.epoch || a.view !== b.view) return false;
  if (a.kind === b.kind) return a.kind !== Z && !equalBytes(a.blockHash, b.blockHash);
  return (a.kind === F && b.kind === Z) || (a.kind === Z && b.kind === F);
}

/** Canonical order of the two votes: by (kind, block hash). */
export function inOrder(a: Vote, b: Vote): readonly [Vote, Vote] {
  const order = a.kind - b.kind || compareBytes(a.blockHash, b.blockHash);
  return order <= 0 ? [a, b] : [b, a];
}

/**
 * Compares a verified vote with the verified votes held; one accusation per validator and epoch.
 */
export function* accuse(s: RunningState, slot: Slot, vote: Vote): Steps {
  const e = s.epoch;
  const signer = vote.signerIndex;
  if (e.accused[signer] === 1 || signer === e.selfIndex) return;
  for (const kind of [N, Z, F] as const) {
    const other = tallyOf(slot, kind).votes[signer];
    if (other === undefined || !isConflict(other, vote)) continue;
    e.accused[signer] = 1;
    s.counters.evidence++;
    const [voteA, voteB] = inOrder(other, vote);
    const entry = e.set.table.entries[signer];
    if (entry === undefined) return;
    yield { type: 'evidence', record: { type: 4, voteA, voteB, signerId: entry.id } };
    return;
  }
}
