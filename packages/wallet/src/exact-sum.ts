import { type Amount } from '@mxd/protocol/primitives';

import * as bounds from './bounds.ts';
import { type Bounds, type Candidate, type SelectionRequest } from './selection.ts';

interface Search {
  readonly amounts: readonly Amount[];
  /** `rest[i]`: sum of the amounts from i on. */
  readonly rest: readonly Amount[];
}

function prepare(sorted: readonly Candidate[]): Search {
  const amounts = sorted.map((candidate) => candidate.amount);
  const rest: Amount[] = Array.from({ length: amounts.length + 1 }, () => 0n);
  for (let i = amounts.length - 1; i >= 0; i--) {
    rest[i] = (rest[i + 1] as Amount) + (amounts[i] as Amount);
  }
  return { amounts, rest };
}

/** First place at or after `from` whose amount is at most `most`; `amounts` descend. */
function firstAtMost(amounts: readonly Amount[], from: number, most: Amount): number {
  let low = from;
  let high = amounts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((amounts[middle] as Amount) > most) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Coins that sum up to the target, or to at most `absorb` more, so that no change is needed: depth
 * first over coins in descending order, as branch and bound wallets do (Erhardt, 2016). Coins too
 * large for what is missing are skipped by bisection, a branch ends where all that follow are too
 * little, and equal coins are tried once. The search is bounded; undefined means none was found.
 */
export function findExact(
  sorted: readonly Candidate[],
  request: Pick<SelectionRequest, 'target' | 'absorb'>,
  room: Bounds,
): readonly Candidate[] | undefined {
  const { amounts, rest } = prepare(sorted);
  const most = request.target + (request.absorb ?? 0n);
  const path: number[] = [];
  let sum = 0n;
  let bytes = 0;
  let next = firstAtMost(amounts, 0, most);
  for (let step = 0; step < bounds.exactSearchSteps; step++) {
    if (sum >= request.target) return path.map((index) => sorted[index] as Candidate);
    const deeper =
      next < amounts.length &&
      path.length < room.inputs &&
      sum + (rest[next] as Amount) >= request.target &&
      bytes + (sorted[next] as Candidate).bytes <= room.bytes;
    if (deeper) {
      path.push(next);
      sum += amounts[next] as Amount;
      bytes += (sorted[next] as Candidate).bytes;
      next = firstAtMost(amounts, next + 1, most - sum);
      continue;
    }
    const last = path.pop();
    if (last === undefined) return undefined;
    const amount = amounts[last] as Amount;
    sum -= amount;
    bytes -= (sorted[last] as Candidate).bytes;
    next = firstAtMost(amounts, last + 1, amount - 1n);
  }
  return undefined;
}
