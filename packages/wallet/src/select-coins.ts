import { type Amount } from '@mxd/protocol/primitives';
import * as wire from '@mxd/protocol/bounds';

import { inputBytes, type Coin } from './coins.ts';
import { WalletError } from './errors.ts';
import { findExact } from './exact-sum.ts';
import {
  type Bounds,
  type Candidate,
  type Selection,
  type SelectionRequest,
  type SelectionStrategy,
} from './selection.ts';

const byAmount = (a: Candidate, b: Candidate): number =>
  a.amount === b.amount
    ? a.coin.createdHeight - b.coin.createdHeight
    : a.amount < b.amount
      ? 1
      : -1;

const byAge = (a: Candidate, b: Candidate): number =>
  a.coin.createdHeight - b.coin.createdHeight || byAmount(a, b);

/** Whether a sum pays the target with a rest that is nothing, absorbed, or large enough. */
function fits(sum: Amount, request: SelectionRequest): boolean {
  const rest = sum - request.target;
  return rest >= 0n && (rest <= (request.absorb ?? 0n) || rest >= request.dustLimit);
}

function toSelection(
  chosen: readonly Candidate[],
  request: SelectionRequest,
  method: Selection['method'],
): Selection {
  const total = chosen.reduce((sum, candidate) => sum + candidate.amount, 0n);
  const rest = total - request.target;
  const absorbed = rest <= (request.absorb ?? 0n) ? rest : 0n;
  const coins = chosen.map((candidate) => candidate.coin);
  return { coins, total, change: rest - absorbed, absorbed, method };
}

/** The smallest coin that pays alone; `sorted` is descending by amount. */
function single(
  sorted: readonly Candidate[],
  request: SelectionRequest,
  bounds: Bounds,
): Candidate | undefined {
  return sorted.findLast(
    (candidate) => candidate.bytes <= bounds.bytes && fits(candidate.amount, request),
  );
}

/**
 * Takes coins in order until they pay. Where the bounds are reached first, the earliest leaves for
 * the next, so that a window slides over the order. In `fewest` order that never helps.
 */
function accumulate(
  order: Iterable<Candidate>,
  request: SelectionRequest,
  bounds: Bounds,
): readonly Candidate[] | undefined {
  const window: Candidate[] = [];
  let start = 0;
  let sum = 0n;
  let bytes = 0;
  for (const candidate of order) {
    window.push(candidate);
    sum += candidate.amount;
    bytes += candidate.bytes;
    while (window.length - start > bounds.inputs || bytes > bounds.bytes) {
      const dropped = window[start] as Candidate;
      sum -= dropped.amount;
      bytes -= dropped.bytes;
      start++;
    }
    if (fits(sum, request)) return window.slice(start);
  }
  return undefined;
}

/** Leaves out what is not needed, smallest first; `chosen` pays. */
function prune(chosen: readonly Candidate[], request: SelectionRequest): readonly Candidate[] {
  let sum = chosen.reduce((total, candidate) => total + candidate.amount, 0n);
  const dropped = new Set<Candidate>();
  for (const candidate of chosen.toSorted(byAmount).reverse()) {
    if (!fits(sum - candidate.amount, request)) continue;
    sum -= candidate.amount;
    dropped.add(candidate);
  }
  return chosen.filter((candidate) => !dropped.has(candidate));
}

function failure(sorted: readonly Candidate[], request: SelectionRequest, bounds: Bounds): never {
  const available = sorted.reduce((sum, candidate) => sum + candidate.amount, 0n);
  const { target, dustLimit } = request;
  if (available < target) {
    throw new WalletError(
      'WALLET_FUNDS',
      `${target} base units are needed, ${available} are there`,
      {
        needed: target,
        available,
      },
    );
  }
  if (available - target < dustLimit && sorted.length <= bounds.inputs) {
    throw new WalletError(
      'WALLET_CHANGE_DUST',
      `${available - target} base units would be left, less than the dust limit of ${dustLimit}`,
      { rest: available - target, dustLimit },
    );
  }
  throw new WalletError(
    'WALLET_INPUTS_TOO_MANY',
    `no ${bounds.inputs} coins within ${bounds.bytes} bytes are worth ${target} base units`,
    { needed: target, available, maxInputs: bounds.inputs, maxBytes: bounds.bytes },
  );
}

const pickers: Readonly<
  Record<SelectionStrategy, (sorted: readonly Candidate[]) => Iterable<Candidate>>
> = {
  fewest: (sorted) => sorted,
  oldest: (sorted) => sorted.toSorted(byAge),
  smallest: (sorted) => sorted.toReversed(),
};

/**
 * Chooses coins that pay a target: first a sum that needs no change (branch and bound), then the
 * strategy, then the largest coins. Deterministic: the same coins give the same answer.
 * The caller passes coins that may be spent (`spendableCoins`).
 * @throws WalletError WALLET_FUNDS, WALLET_CHANGE_DUST, WALLET_INPUTS_TOO_MANY, WALLET_POLICY.
 */
export function selectCoins(coins: readonly Coin[], request: SelectionRequest): Selection {
  const bounds: Bounds = {
    inputs: Math.min(request.maxInputs ?? wire.inputs, wire.inputs),
    bytes: request.maxBytes,
  };
  const strategy = request.strategy ?? 'fewest';
  if (request.target <= 0n) {
    throw new WalletError('WALLET_AMOUNT', 'there is nothing to pay', { target: request.target });
  }
  const sorted = coins
    .map((coin) => ({ coin, amount: coin.amount, bytes: inputBytes(coin.owner, request.policies) }))
    .sort(byAmount);
  const exact = findExact(sorted, request, bounds);
  if (exact !== undefined) return toSelection(exact, request, 'exact');
  if (strategy === 'fewest') {
    const one = single(sorted, request, bounds);
    if (one !== undefined) return toSelection([one], request, 'single');
  }
  const chosen = accumulate(pickers[strategy](sorted), request, bounds);
  if (chosen !== undefined) return toSelection(prune(chosen, request), request, strategy);
  const largest = strategy === 'fewest' ? undefined : accumulate(sorted, request, bounds);
  if (largest !== undefined) return toSelection(prune(largest, request), request, 'fewest');
  return failure(sorted, request, bounds);
}
