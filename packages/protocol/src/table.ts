import {
  bytes,
  constant,
  list,
  mapped,
  refine,
  struct,
  u16,
  u32,
  u64,
  u8,
  type Codec,
} from '@mxd/codec';
import { sha512, tagBytes } from '@mxd/crypto/hash';

import * as bounds from './bounds.ts';
import {
  keyOf,
  validatorIdCodec,
  type Amount,
  type Digest,
  type ValidatorId,
} from './primitives.ts';
import { consensusKeyBytes } from './suite-sizes.ts';

/** One validator of an epoch. Index 0 of a table is rank 1. */
export interface TableEntry {
  readonly id: ValidatorId;
  readonly consensusKey: Uint8Array;
  /** Voting power, 1 or more. */
  readonly power: number;
  /** Table stake in base units. */
  readonly stake: Amount;
  /** 0 to 10,000. */
  readonly score: number;
  readonly latencyMs: number;
  /** Share of votes that arrived, in basis points. */
  readonly participationBp: number;
  readonly tipEligible: boolean;
  readonly newMember: boolean;
  /** Leader slots per cycle of the weighted schedule. */
  readonly leaderWeight: number;
  readonly consecutiveMisses: number;
}

/** The Rapid Table: the validators of one epoch in rank order. */
export interface Table {
  readonly epoch: number;
  readonly entries: readonly TableEntry[];
}

interface WireEntry extends Omit<TableEntry, 'tipEligible' | 'newMember'> {
  readonly flags: number;
}

const wireEntry: Codec<WireEntry> = struct({
  id: validatorIdCodec,
  consensusKey: bytes(consensusKeyBytes),
  power: refine(u32, (power) => (power > 0 ? undefined : 'power is at least 1')),
  stake: u64,
  score: refine(u16, (score) => (score <= 10_000 ? undefined : `score ${score} is over 10000`)),
  latencyMs: u16,
  participationBp: refine(u16, (bp) => (bp <= 10_000 ? undefined : `${bp} bp is over 10000`)),
  flags: refine(u8, (flags) => (flags <= 3 ? undefined : `flags ${flags} are unknown`)),
  leaderWeight: u8,
  consecutiveMisses: u16,
});

export const tableEntryCodec: Codec<TableEntry> = mapped(
  wireEntry,
  ({ flags, ...rest }) => ({
    ...rest,
    tipEligible: (flags & 1) !== 0,
    newMember: (flags & 2) !== 0,
  }),
  ({ tipEligible, newMember, ...rest }) => ({
    ...rest,
    flags: (tipEligible ? 1 : 0) | (newMember ? 2 : 0),
  }),
);

function repeatedId(entries: readonly TableEntry[]): string | undefined {
  const seen = new Set(entries.map((entry) => keyOf(entry.id)));
  return seen.size === entries.length ? undefined : 'a validator stands in the table twice';
}

/** "RSC1TABL", epoch u32, n u16, n entries. */
export const tableCodec: Codec<Table> = mapped(
  struct({
    tag: constant(tagBytes('RSC1TABL')),
    epoch: u32,
    entries: refine(
      list(tableEntryCodec, { count: 'u16', min: 1, max: bounds.validators }),
      repeatedId,
    ),
  }),
  ({ epoch, entries }) => ({ epoch, entries }),
  ({ epoch, entries }) => ({ tag: undefined, epoch, entries }),
);

/** What headers commit to: SHA-512 of the encoding, whose first 8 bytes are the domain tag. */
export function tableHash(table: Table): Digest {
  return sha512(tableCodec.encode(table));
}

/** Sum of all voting power. */
export function totalPower(table: Table): number {
  return table.entries.reduce((sum, entry) => sum + entry.power, 0);
}
