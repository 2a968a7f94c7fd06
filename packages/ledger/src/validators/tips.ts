import { equalBytes, maxAmount } from '@mxd/codec';
import { type Header } from '@mxd/protocol/block';
import { type Amount, type ValidatorId } from '@mxd/protocol/primitives';
import { type TableEntry } from '@mxd/protocol/table';

import { addAmountOf } from './amounts.ts';
import { ValidatorStateError } from './errors.ts';
import { type ValidatorState } from './types.ts';
import { currentTable, isBlacklisted } from './views.ts';

/**
 * The shares of a pot among recipients in order: each takes half of what is left, rounded down, the
 * last one all of it. At most 65 are above zero. They add up to the pot.
 */
export function shareTips(pot: Amount, recipients: number): readonly Amount[] {
  const shares: Amount[] = [];
  let left = pot;
  for (let i = 0; i < recipients; i++) {
    const isLast = i === recipients - 1 || left <= 1n;
    const share = isLast ? left : left / 2n;
    shares.push(share);
    left -= share;
    if (isLast) break;
  }
  return shares;
}

/** Who may be credited for a block, in order: the proposer, then the table by rank. */
export function tipRecipients(
  parent: ValidatorState,
  header: Pick<Header, 'height' | 'proposerId'>,
): readonly ValidatorId[] {
  const { entries } = currentTable(parent);
  const isProposer = (entry: TableEntry): boolean => equalBytes(entry.id, header.proposerId);
  const others = entries.filter((entry) => !isProposer(entry));
  return [...entries.filter(isProposer), ...others]
    .filter((entry) => entry.tipEligible && !isBlacklisted(parent, entry.id, header.height))
    .map((entry) => entry.id);
}

/**
 * Step X5: credits carried and new tips by rank, or carries them on if nobody may be credited. The
 * blacklist is that of `parent`, the state before the block.
 */
export function applyTips(
  parent: ValidatorState,
  state: ValidatorState,
  header: Pick<Header, 'height' | 'proposerId' | 'tipTotal'>,
): ValidatorState {
  const { totals } = state;
  const pot = totals.tipCarry + header.tipTotal;
  if (pot === 0n) return state;
  if (pot > maxAmount) {
    throw new ValidatorStateError('STATE_SUPPLY', `tips of ${pot} are more than can exist`);
  }
  const recipients = tipRecipients(parent, header);
  if (recipients.length === 0) return { ...state, totals: { ...totals, tipCarry: pot } };
  let { accruals } = state;
  for (const [i, share] of shareTips(pot, recipients.length).entries()) {
    accruals = addAmountOf(accruals, recipients[i] as ValidatorId, share);
  }
  return {
    ...state,
    accruals,
    totals: totals.tipCarry === 0n ? totals : { ...totals, tipCarry: 0n },
  };
}
