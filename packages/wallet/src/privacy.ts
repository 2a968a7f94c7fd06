import { unitsPerMxd } from '@mxd/codec';
import { type Amount } from '@mxd/protocol/primitives';

import { ownerKey } from './account.ts';
import { type Unsigned } from './build.ts';

/** What a payment tells everybody who reads the chain. */
export type PrivacyNoteCode =
  | 'links-addresses'
  | 'reuses-address'
  | 'pays-itself'
  | 'change-by-kind'
  | 'change-by-round-amount'
  | 'spends-dust';

/** One thing that a payment gives away, with what to do about it. */
export interface PrivacyNote {
  readonly code: PrivacyNoteCode;
  readonly text: string;
}

/** Ways in which the outputs tell which of them is change. */
function changeNotes(unsigned: Unsigned, changeIndex: number): PrivacyNote[] {
  const notes: PrivacyNote[] = [];
  const { outputs } = unsigned.body;
  const change = outputs[changeIndex];
  if (change === undefined) return notes;
  const payments = outputs.filter((_, index) => index !== changeIndex);
  const inputKinds = new Set(unsigned.spent.map(({ owner }) => owner.version));
  const shown = payments.every(({ owner }) => !inputKinds.has(owner.version));
  if (inputKinds.has(change.owner.version) && shown && payments.length > 0) {
    notes.push({
      code: 'change-by-kind',
      text: 'Only the change has the kind of address that is spent: it shows which output it is.',
    });
  }
  const isRound = (amount: Amount): boolean => amount % (unitsPerMxd / 100n) === 0n;
  if (payments.some(({ amount }) => isRound(amount)) && !isRound(change.amount)) {
    notes.push({
      code: 'change-by-round-amount',
      text: 'The payment is a round amount and the change is not: it shows which is which.',
    });
  }
  return notes;
}

/**
 * What a built payment gives away. Nothing here is wrong: the notes are for whoever decides.
 * `dustBelow` is the amount under which a received coin may be bait (100 dust limits is sensible).
 */
export function privacyNotes(
  unsigned: Unsigned,
  changeIndex: number | undefined,
  dustBelow: Amount,
): readonly PrivacyNote[] {
  const notes: PrivacyNote[] = [];
  const owners = new Set(unsigned.spent.map(({ owner }) => ownerKey(owner)));
  if (owners.size > 1) {
    notes.push({
      code: 'links-addresses',
      text: `It shows that ${owners.size} addresses have one owner: pay from one where you can.`,
    });
    if (unsigned.spent.some(({ amount }) => amount < dustBelow)) {
      notes.push({
        code: 'spends-dust',
        text: 'A tiny coin is spent beside others: strangers send such coins to link addresses.',
      });
    }
  }
  unsigned.body.outputs.forEach(({ owner }, index) => {
    if (!owners.has(ownerKey(owner))) return;
    notes.push(
      index === changeIndex
        ? {
            code: 'reuses-address',
            text: 'The change returns to an address that is spent: give it an unused one.',
          }
        : { code: 'pays-itself', text: 'An address that is spent is paid as well.' },
    );
  });
  return changeIndex === undefined ? notes : [...notes, ...changeNotes(unsigned, changeIndex)];
}
