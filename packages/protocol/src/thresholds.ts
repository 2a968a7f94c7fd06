/**
 * The one place of every threshold over voting power (docs/protocol/rsc.md, constants).
 * Integers only; `total` is the power of a whole table, at most 1,000,100.
 */

const third = (total: number): number => Math.floor(total / 3);

/** Q: more than two thirds. Notarization, nullification, finalization. */
export const quorum = (total: number): number => Math.floor((2 * total) / 3) + 1;

/** More than one third: contains at least one correct validator. */
export const honest = (total: number): number => third(total) + 1;

/** At least half: an optimistic status for display, never used for safety. */
export const validated = (total: number): number => Math.floor((total + 1) / 2);

/** Signatures (a count, not power) that allow unsolicited relay of a block among n validators. */
export const relay = (n: number): number => Math.min(n, Math.max(3, Math.floor(n / 4)));
