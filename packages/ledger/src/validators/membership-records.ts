import { equalBytes } from '@mxd/codec';
import { validatorIdOf } from '@mxd/protocol/genesis';
import { limits } from '@mxd/protocol/limits';
import { joinPolicy } from '@mxd/protocol/parameters';
import { keyOf, type ValidatorId } from '@mxd/protocol/primitives';
import { type JoinRecord, type LeaveRecord, type RotateRecord } from '@mxd/protocol/system-records';

import {
  accountClaims,
  checkOncePerEpoch,
  checkRegistered,
  checkSequence,
  detached,
  possessionClaim,
  withRegistryEntry,
} from './account-records.ts';
import { failed } from './errors.ts';
import { isRegistered, registerKey } from './keys.ts';
import { type RecordRules } from './record-rules.ts';
import {
  type QueuedRecord,
  type RecordContext,
  type RegistryEntry,
  type ValidatorFailure,
  type ValidatorState,
} from './types.ts';
import {
  bondedOf,
  epochOf,
  governance,
  isBlacklisted,
  isMember,
  meetsMinimumStake,
  queueKey,
  registryEntry,
} from './views.ts';

const isQueued = (state: ValidatorState, type: QueuedRecord['type'], id: ValidatorId): boolean => {
  const key = queueKey({ type, id });
  return state.queue.some((record) => queueKey(record) === key);
};

function checkFreshKey(state: ValidatorState, key: Uint8Array): ValidatorFailure | undefined {
  return isRegistered(state.keys, key)
    ? failed('RECORD_KEY_REUSED', `the consensus key ${keyOf(key)} was registered before`)
    : undefined;
}

function checkAdmission(
  state: ValidatorState,
  { id }: JoinRecord,
  height: number,
): ValidatorFailure | undefined {
  const { parameters, listed } = governance(state);
  const isOpen = parameters.joinPolicy === joinPolicy.open;
  if (!isOpen && !listed.some((one) => equalBytes(one, id))) {
    return failed('JOIN_NOT_LISTED', `the id ${keyOf(id)} is not listed`);
  }
  if (isBlacklisted(state, id, height)) {
    return failed('JOIN_BLACKLISTED', `the id ${keyOf(id)} is blacklisted at height ${height}`);
  }
  const bonded = bondedOf(state, id);
  return meetsMinimumStake(bonded, state.totals.totalSupply, parameters)
    ? undefined
    : failed('JOIN_STAKE', `${bonded} bonded is less than ${parameters.minStakePpm} ppm`);
}

/** The joiner names one of the last 128 ancestors: it follows the chain. */
function checkRecentBlock(
  record: JoinRecord,
  context: RecordContext,
): ValidatorFailure | undefined {
  const { recentHeight, recentHash } = record;
  const distance = context.height - recentHeight;
  if (distance < 1 || distance > limits.recentHashes.value) {
    return failed('JOIN_RECENT_BLOCK', `height ${recentHeight} at height ${context.height}`);
  }
  const hash = context.ancestorHash(recentHeight);
  return hash !== undefined && equalBytes(hash, recentHash)
    ? undefined
    : failed('JOIN_RECENT_BLOCK', `no ancestor at height ${recentHeight} has this hash`);
}

function checkJoin(
  state: ValidatorState,
  record: JoinRecord,
  context: RecordContext,
): ValidatorFailure | undefined {
  const { id, accountSuite, accountKey, consensusKey } = record;
  if (!equalBytes(validatorIdOf(accountSuite, accountKey), id)) {
    return failed('JOIN_ID', `the id ${keyOf(id)} is of another account key`);
  }
  if (isMember(state, id)) return failed('JOIN_MEMBER', `the id ${keyOf(id)} has a seat`);
  if (isQueued(state, 1, id)) return failed('JOIN_QUEUED', `the id ${keyOf(id)} is queued`);
  return (
    checkSequence(state, record) ??
    checkOncePerEpoch(state, record) ??
    checkAdmission(state, record, context.height) ??
    checkFreshKey(state, consensusKey) ??
    checkRecentBlock(record, context)
  );
}

/** The state after a record's sequence number and epoch were noted. */
function noted(
  state: ValidatorState,
  entry: RegistryEntry,
  record: JoinRecord | LeaveRecord | RotateRecord,
): ValidatorState {
  const lastRecordEpoch = epochOf(state);
  return withRegistryEntry(state, { ...entry, lastSeq: record.seq, lastRecordEpoch });
}

const known = (state: ValidatorState, id: ValidatorId): RegistryEntry =>
  registryEntry(state, id) as RegistryEntry;

/** JOIN: asks for a seat from the next epoch on. */
export const joinRules: RecordRules<JoinRecord> = {
  check: checkJoin,
  claims: (state, record) => [
    possessionClaim(state, record, record.consensusKey),
    ...accountClaims(state, record, record),
  ],
  apply(state, given) {
    const record = detached(given);
    const { id, accountSuite, accountKey } = record;
    const never = { lastSeq: 0, lastRecordEpoch: 0, blacklistedUntil: 0, lastEvidenceHeight: 0 };
    const entry = registryEntry(state, id) ?? { id, accountSuite, accountKey, ...never };
    const keys = registerKey(state.keys, record.consensusKey);
    return { ...noted(state, entry, record), keys, queue: [...state.queue, record] };
  },
};

/** LEAVE: gives up a seat, or the wish for one. */
export const leaveRules: RecordRules<LeaveRecord> = {
  check(state, record) {
    const { id } = record;
    if (!isMember(state, id) && !isQueued(state, 1, id)) {
      return failed('LEAVE_NOT_MEMBER', `the id ${keyOf(id)} has no seat and asks for none`);
    }
    if (isQueued(state, 2, id)) return failed('LEAVE_QUEUED', `the id ${keyOf(id)} is queued`);
    return (
      checkRegistered(state, record) ??
      checkSequence(state, record) ??
      checkOncePerEpoch(state, record)
    );
  },
  claims: (state, record) => accountClaims(state, record, registryEntry(state, record.id)),
  apply(state, given) {
    const record = detached(given);
    const join = queueKey({ type: 1, id: record.id });
    const rest = state.queue.filter((entry) => queueKey(entry) !== join);
    // A JOIN that still waits and its LEAVE cancel each other.
    const queue = rest.length < state.queue.length ? rest : [...state.queue, record];
    return { ...noted(state, known(state, record.id), record), queue };
  },
};

/** ROTATE: replaces the consensus key from the next epoch on. */
export const rotateRules: RecordRules<RotateRecord> = {
  check(state, record) {
    const { id } = record;
    if (!isMember(state, id)) return failed('ROTATE_NOT_MEMBER', `${keyOf(id)} has no seat`);
    if (isQueued(state, 3, id)) return failed('ROTATE_QUEUED', `the id ${keyOf(id)} is queued`);
    return (
      checkRegistered(state, record) ??
      checkSequence(state, record) ??
      checkOncePerEpoch(state, record) ??
      checkFreshKey(state, record.newConsensusKey)
    );
  },
  claims: (state, record) => [
    possessionClaim(state, record, record.newConsensusKey),
    ...accountClaims(state, record, registryEntry(state, record.id)),
  ],
  apply(state, given) {
    const record = detached(given);
    const keys = registerKey(state.keys, record.newConsensusKey);
    const queue = [...state.queue, record];
    return { ...noted(state, known(state, record.id), record), keys, queue };
  },
};
