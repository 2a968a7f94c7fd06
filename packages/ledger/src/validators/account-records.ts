import { keyOf } from '@mxd/protocol/primitives';
import {
  accountMessage,
  possessionMessage,
  systemRecordCodec,
  type JoinRecord,
  type LeaveRecord,
  type RotateRecord,
  type SignalRecord,
  type SystemRecord,
} from '@mxd/protocol/system-records';

import { failed } from './errors.ts';
import { mapSet } from './ordered-map.ts';
import { type CodedClaim } from './record-rules.ts';
import { type RegistryEntry, type ValidatorFailure, type ValidatorState } from './types.ts';
import { epochOf, registryEntry } from './views.ts';

/** Records signed by an account key, with a sequence number. */
export type AccountRecord = JoinRecord | LeaveRecord | RotateRecord | SignalRecord;

/** A copy that shares no memory with the block it came in. */
export const detached = <Record extends SystemRecord>(record: Record): Record =>
  systemRecordCodec.decode(systemRecordCodec.encode(record)) as Record;

/**
 * The common rules of records by account keys: expiry, and sequence numbers against chain state.
 * Whether the id needs to be registered is for each type to say.
 */
export function checkSequence(
  state: ValidatorState,
  record: AccountRecord,
): ValidatorFailure | undefined {
  const epoch = epochOf(state);
  if (record.expiryEpoch < epoch) {
    return failed('RECORD_EXPIRED', `expired after epoch ${record.expiryEpoch}, now ${epoch}`);
  }
  const lastSeq = registryEntry(state, record.id)?.lastSeq ?? 0;
  return record.seq > lastSeq
    ? undefined
    : failed('RECORD_SEQ', `sequence number ${record.seq} after ${lastSeq}`);
}

/** At most one JOIN, LEAVE or ROTATE per id and epoch. */
export function checkOncePerEpoch(
  state: ValidatorState,
  record: JoinRecord | LeaveRecord | RotateRecord,
): ValidatorFailure | undefined {
  const epoch = epochOf(state);
  return registryEntry(state, record.id)?.lastRecordEpoch === epoch
    ? failed('RECORD_REPEATED', `a second membership record in epoch ${epoch}`)
    : undefined;
}

/** The registered account; the failure if there is none. */
export function checkRegistered(
  state: ValidatorState,
  record: AccountRecord,
): ValidatorFailure | undefined {
  return registryEntry(state, record.id) === undefined
    ? failed('RECORD_UNREGISTERED', `the id ${keyOf(record.id)} is unknown`)
    : undefined;
}

/** What the account key of a record signs; nothing if the account is unknown. */
export function accountClaims(
  state: ValidatorState,
  record: AccountRecord,
  account: Pick<RegistryEntry, 'accountSuite' | 'accountKey'> | undefined,
): readonly CodedClaim[] {
  if (account === undefined) return [];
  return [
    {
      code: 'RECORD_ACCOUNT_SIGNATURE',
      suite: account.accountSuite,
      publicKey: account.accountKey,
      message: accountMessage(state.chain.chainTag, record),
      signature: record.accountSignature,
    },
  ];
}

/** What the new consensus key of a record signs. */
export function possessionClaim(
  state: ValidatorState,
  record: JoinRecord | RotateRecord,
  consensusKey: Uint8Array,
): CodedClaim {
  return {
    code: 'RECORD_POSSESSION',
    suite: 1,
    publicKey: consensusKey,
    message: possessionMessage(state.chain.chainTag, record),
    signature: record.possessionSignature,
  };
}

/** The state with the registry entry of an id changed. */
export function withRegistryEntry(state: ValidatorState, entry: RegistryEntry): ValidatorState {
  return { ...state, registry: mapSet(state.registry, keyOf(entry.id), entry) };
}
