import { checkChange } from '@mxd/protocol/changes';
import { keyOf } from '@mxd/protocol/primitives';
import { type SignalRecord } from '@mxd/protocol/system-records';

import {
  accountClaims,
  checkRegistered,
  checkSequence,
  detached,
  withRegistryEntry,
} from './account-records.ts';
import { failed } from './errors.ts';
import { mapGet, mapSet } from './ordered-map.ts';
import { type RecordRules } from './record-rules.ts';
import { type RegistryEntry } from './types.ts';
import { epochOf, governance, isMember, registryEntry } from './views.ts';

/** SIGNAL: a member's wish for a protocol version and parameter changes (rule U1). */
export const signalRules: RecordRules<SignalRecord> = {
  check(state, record) {
    const { id } = record;
    const epoch = epochOf(state);
    if (!isMember(state, id)) return failed('SIGNAL_NOT_MEMBER', `${keyOf(id)} has no seat`);
    const failure = checkRegistered(state, record) ?? checkSequence(state, record);
    if (failure !== undefined) return failure;
    if (mapGet(state.upgrades.signals, keyOf(id))?.epoch === epoch) {
      return failed('RECORD_REPEATED', `a second SIGNAL in epoch ${epoch}`);
    }
    const change = checkChange(governance(state), record.change);
    return change.ok ? undefined : failed('SIGNAL_CHANGE', `${change.code}: ${change.reason}`);
  },
  claims: (state, record) => accountClaims(state, record, registryEntry(state, record.id)),
  apply(state, given) {
    const { id, protocolVersion, expiryEpoch, change, seq } = detached(given);
    const epoch = epochOf(state);
    const entry = registryEntry(state, id) as RegistryEntry;
    const signal = { id, epoch, protocolVersion, expiryEpoch, change };
    const signals = mapSet(state.upgrades.signals, keyOf(id), signal);
    return {
      ...withRegistryEntry(state, { ...entry, lastSeq: seq }),
      upgrades: { ...state.upgrades, signals },
    };
  },
};
