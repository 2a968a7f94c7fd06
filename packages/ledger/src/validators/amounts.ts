import { maxAmount } from '@mxd/codec';
import { keyOf, type Amount, type ValidatorId } from '@mxd/protocol/primitives';

import { ValidatorStateError } from './errors.ts';
import { mapDelete, mapGet, mapSet, type OrderedMap } from './ordered-map.ts';
import { type IdAmount, type Slash, type StakeDeltas, type ValidatorState } from './types.ts';

/** The map with `delta` added to the amount of an id; an amount of 0 has no entry. */
export function addAmountOf(
  amounts: OrderedMap<IdAmount>,
  id: ValidatorId,
  delta: bigint,
): OrderedMap<IdAmount> {
  if (delta === 0n) return amounts;
  const key = keyOf(id);
  const known = mapGet(amounts, key);
  const amount = (known?.amount ?? 0n) + delta;
  if (amount < 0n || amount > maxAmount) {
    throw new ValidatorStateError('STATE_BOND', `the amount of ${key} would become ${amount}`, {
      id: key,
      amount,
    });
  }
  if (amount === 0n) return mapDelete(amounts, key);
  // The id is copied: it may be a view of a whole block's bytes.
  return mapSet(amounts, key, { id: known?.id ?? id.slice(), amount });
}

/**
 * What step X4 (and slashing before it) did to bonded totals and supply.
 * @throws ValidatorStateError STATE_BOND, STATE_SUPPLY if the deltas contradict the state.
 */
export function applyBondDeltas(state: ValidatorState, deltas: StakeDeltas): ValidatorState {
  // Bonding and unbonding one id in one block may pass through any order: sums first.
  const sums = new Map<string, { readonly id: ValidatorId; readonly delta: bigint }>();
  for (const { id, delta } of deltas.bonded) {
    const key = keyOf(id);
    sums.set(key, { id, delta: (sums.get(key)?.delta ?? 0n) + delta });
  }
  let { bonded, totals } = state;
  for (const { id, delta } of sums.values()) bonded = addAmountOf(bonded, id, delta);
  if (deltas.supply !== 0n) {
    const totalSupply = totals.totalSupply + deltas.supply;
    if (totalSupply < 0n || totalSupply > maxAmount) {
      throw new ValidatorStateError('STATE_SUPPLY', `the supply would become ${totalSupply}`);
    }
    totals = { ...totals, totalSupply };
  }
  return bonded === state.bonded && totals === state.totals ? state : { ...state, bonded, totals };
}

/** What a conviction takes from an output of this amount; the rest stays. Rounds down. */
export const slashedAmount = (amount: Amount, slash: Pick<Slash, 'slashingBp'>): Amount =>
  (amount * BigInt(slash.slashingBp)) / 10_000n;
