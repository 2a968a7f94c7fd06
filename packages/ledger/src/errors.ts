import { CodedError } from '@mxd/codec';

import type { ValidatorErrorCode } from './validators/errors.ts';

/** Rules that a transaction by itself can break. */
const statelessRules = {
  TX_DECODE:
    'The bytes are no transaction: malformed, not canonical, or over a limit of the format.',
  TX_SIZE: 'The transaction is longer than this chain allows.',
  TX_CHAIN: 'The transaction names another network in chainId.',
  TX_KIND: 'Transactions of this kind are switched off on this chain.',
  TX_INPUT_DUPLICATE: 'The transaction names the same input twice.',
  TX_DUST: 'An output is below the dust limit.',
  TX_OVERFLOW: 'The outputs and the tip together exceed 2^64 - 1 base units.',
  TX_UNBOND_TIP: 'An unbond transaction carries a tip: it would pay locked stake out.',
  TX_OWNER: "A witness's key or policy is not the owner of the output that it spends.",
  TX_SIGNATURE: 'A signature does not verify.',
} as const;

/** Rules that depend on the state a transaction meets. */
const contextualRules = {
  TX_NOT_YET_VALID: 'The height is below validFrom.',
  TX_EXPIRED: 'The height is above expiresAt; the transaction can never confirm.',
  TX_INPUT_UNKNOWN:
    'An input is no unspent output: it never existed here, or it was spent long ago.',
  TX_INPUT_SPENT: 'An input was spent by an earlier transaction of this block or of its ancestors.',
  TX_LOCK_BONDED: 'An input is bonded stake, which only an unbond transaction may spend.',
  TX_LOCK_UNBONDING: 'An input is unbonding stake whose waiting time has not passed.',
  TX_UNBOND_INPUT: 'An input of an unbond is not bonded to the validator that it names.',
  TX_BALANCE: 'The inputs are not exactly the outputs and the tip.',
  TX_TXID_EXISTS: 'An unspent output with the same txid exists.',
} as const;

/** What the pool of waiting transactions answers beside the rules. */
const admissionCodes = {
  POOL_CONFLICT: 'The transaction spends what a waiting one spends, and does not replace it.',
  POOL_REPLACEMENT: 'A replacement must pay a higher tip per byte than all that it displaces.',
  POOL_ANCESTORS: 'The transaction builds on too many that are not final yet.',
  POOL_DESCENDANTS: 'A transaction it builds on has too many that build on it already.',
  POOL_FULL: 'The pool is full and the transaction ranks below everything in it.',
  POOL_FLOOR: 'The pool is above its high-water mark and the transaction is below the floor.',
  POOL_ADDRESS_RATE: 'This address moves coins faster than their age allows: wait, or add a tip.',
  POOL_PEER_RATE: 'This peer sends transactions faster than their coin age allows.',
  POOL_ORPHAN: 'The transaction waits for an input that is not known yet.',
  POOL_ORPHAN_FULL: 'The transaction misses an input, and there is no room to wait for it.',
  POOL_POLICY: 'A policy of this node refuses the transaction.',
  POOL_EXPIRED: 'The transaction waited longer than this node keeps transactions.',
  POOL_CONFIRMED: 'The transaction is final already.',
  POOL_FILE: 'The file of waiting transactions is damaged; what could be read was kept.',
} as const;

/** Rules of blocks, beside those of `@mxd/ledger/validators` (headers, records, membership). */
const blockRules = {
  BLOCK_PARENT_UNKNOWN: 'The state after the parent is not here: fetch the parent first.',
  BLOCK_STALE: 'The block does not extend the final chain.',
  BLOCK_TOO_DEEP: 'Too many blocks wait above the final one, and none of them can be dropped.',
  BLOCK_CERTIFICATE: 'The parent certificate is not a valid certificate of the parent.',
  BLOCK_VALIDATION_ROOT: 'The parent certificate is not the one that the header commits to.',
  BLOCK_SYS_ROOT: 'The system records are not those that the header commits to.',
  BLOCK_TX_ROOT: 'The transactions are not those that the header commits to.',
  BLOCK_TX_COUNT: 'The header counts other transactions than the body has.',
  BLOCK_TX_LIMIT: 'The block has more transactions than the chain allows.',
  BLOCK_BODY_BYTES: 'The transactions of the block are longer than the chain allows.',
  BLOCK_SIGNATURES: 'The block carries more signatures than the chain allows.',
  BLOCK_TIP_TOTAL: 'The header states another sum of tips.',
} as const;

/** What the ledger itself reports. */
const ledgerCodes = {
  LEDGER_CLOSED: 'The ledger was used after it had been closed.',
  LEDGER_STOPPED: 'An earlier write failed or an invariant broke; restart the node.',
  LEDGER_NETWORK: 'The store holds the chain of another genesis document.',
  LEDGER_EMPTY: 'The store holds no chain.',
  LEDGER_FORMAT: 'The store was written in another layout of this package.',
  LEDGER_CORRUPT: 'What is stored contradicts itself: restore a backup or sync anew.',
  LEDGER_INVARIANT: 'A rule that must always hold was broken; nothing was written.',
  LEDGER_UNKNOWN_BLOCK: 'The block was never executed here, or does not extend the final chain.',
  LEDGER_CERTIFICATE: 'The finalization is not one of the block that it should finalize.',
  LEDGER_PRUNED: 'The body of that block has been pruned.',
  LEDGER_INDEX_OFF: 'That index is switched off on this node.',
  LEDGER_UPGRADE_UNKNOWN: 'The chain has moved to a protocol version that this software lacks.',
  SNAPSHOT_FORMAT: 'The snapshot is malformed or of an unknown version.',
  SNAPSHOT_NETWORK: 'The snapshot belongs to another chain.',
  SNAPSHOT_CHUNK: 'A chunk of the snapshot does not match the hash tree.',
  SNAPSHOT_ORDER: 'The outputs of a chunk are out of order or outside of its range.',
  SNAPSHOT_ROOT: 'The state of the snapshot is not the one that its final header commits to.',
  SNAPSHOT_HEADERS: 'The headers of the snapshot do not chain up to its final header.',
  SNAPSHOT_CERTIFICATE: 'The certificate of the snapshot does not finalize its header.',
  SNAPSHOT_SUPPLY: 'The outputs of the snapshot do not add up to the supply.',
  SNAPSHOT_TARGET: 'The store holds a chain already; a snapshot starts in an empty one.',
  SNAPSHOT_INCOMPLETE: 'Chunks of the snapshot are still missing.',
  AUDIT_SUPPLY: 'Outputs, accruals and carry do not add up to the total supply.',
  AUDIT_COMMITMENT: 'The outputs do not have the commitment that the state carries.',
  AUDIT_BONDED: 'The bonded outputs of a validator do not add up to its bonded total.',
  AUDIT_LOCKED: 'The index of locked outputs and the outputs differ.',
  AUDIT_OWNERS: 'The index of outputs by owner and the outputs differ.',
  AUDIT_HISTORY: "An owner's history does not add up to the outputs that it owns.",
  AUDIT_TRANSACTIONS: 'The index of transactions and the blocks differ.',
  AUDIT_HEADERS: 'The stored headers do not form one chain up to the head.',
  CHECKPOINT_PROOF: 'An epoch proof does not lead from the checkpoint to the snapshot.',
} as const;

/** Every code that this package can report, with what it means and what to do. */
export const ledgerErrors: typeof statelessRules &
  typeof contextualRules &
  typeof admissionCodes &
  typeof blockRules &
  typeof ledgerCodes = {
  ...statelessRules,
  ...contextualRules,
  ...admissionCodes,
  ...blockRules,
  ...ledgerCodes,
};

export type LedgerErrorCode = keyof typeof ledgerErrors;
export type TransactionRule = keyof typeof statelessRules | keyof typeof contextualRules;
export type AdmissionCode = TransactionRule | keyof typeof admissionCodes;
/** What a block can break: rules of blocks, of its transactions, of its header and records. */
export type BlockCode = keyof typeof blockRules | TransactionRule | ValidatorErrorCode;

/** Thrown for programming errors, damaged stores and broken invariants; never for peers' input. */
export class LedgerError extends CodedError<LedgerErrorCode> {}

/** The answer of a rule: never an exception. */
export type RuleVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: TransactionRule; readonly reason: string };

export const passed: RuleVerdict = { ok: true };

export function broken(code: TransactionRule, reason: string): RuleVerdict & { ok: false } {
  return { ok: false, code, reason };
}
