import { toHex, Writer } from '@mxd/codec';
import {
  blockHashOf,
  validatorSet,
  type BlockHash,
  type Header,
  type Table,
  type ValidatorSet,
} from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { newMeasurements } from './activity.ts';
import { append, encoded, timer, toPeers } from './effects.ts';
import { indexPeers } from './peers.ts';
import { extendObservation } from './observing.ts';
import { restoreEpoch } from './recovery.ts';
import {
  type CoreState,
  type EpochState,
  type HeldCertificate,
  type RunningState,
} from './state.ts';
import { recordType, type Anchor, type Steps } from './types.ts';
import { startView } from './views.ts';

function ownIndex(
  s: CoreState,
  keyIndex: ReadonlyMap<string, number>,
): readonly [number, Uint8Array | undefined] {
  for (const [hex, key] of s.ownKeys) {
    const index = keyIndex.get(hex);
    if (index !== undefined) return [index, key];
  }
  return [-1, undefined];
}

/** The state of an epoch at view 1. */
export function newEpoch(
  s: CoreState,
  table: Table,
  anchor: Anchor,
  previous: ValidatorSet | undefined,
): EpochState {
  const { config } = s;
  const hash: BlockHash = blockHashOf(anchor.header);
  const set = validatorSet(config.chainTag, table, config.parameters, hash);
  const n = table.entries.length;
  const keyIndex = new Map(table.entries.map((entry, i) => [toHex(entry.consensusKey), i]));
  const [selfIndex, selfKey] = ownIndex(s, keyIndex);
  const e: EpochState = {
    epoch: table.epoch,
    set,
    previous,
    n,
    powers: table.entries.map((entry) => entry.power),
    keyIndex,
    selfIndex,
    selfKey,
    anchor: { hash, key: keyOf(hash), header: anchor.header, certificate: anchor.certificate },
    lastHeight: table.epoch * config.parameters.epochLength,
    view: 1,
    enteredAtMs: s.monoMs,
    idle: false,
    lastFinalView: 0,
    lastFinal: undefined,
    finalAtMs: s.monoMs,
    floor: 0,
    pendingFinal: undefined,
    slots: new Map(),
    leaderExpired: false,
    viewExpired: false,
    buildFailed: false,
    emptyExpired: false,
    boundaryExpired: false,
    phase: 'idle',
    buildId: 0,
    lastActive: new Int32Array(n),
    activeSince: 1,
    newest: [],
    late: [],
    accused: new Uint8Array(n),
    blacklisted: new Uint8Array(n),
    measured: newMeasurements(n),
  };
  applyBlacklist(s, e);
  return e;
}

/** Marks the members that are blacklisted in the finalized state. */
export function applyBlacklist(s: CoreState, e: EpochState): void {
  for (const [i, entry] of e.set.table.entries.entries()) {
    e.blacklisted[i] = s.blacklistIds.has(toHex(entry.id)) ? 1 : 0;
  }
}

/** Payload of an EPOCH record: new epoch u32, finalization of its anchor. */
export function epochRecord(epoch: number, finalization: Uint8Array): Uint8Array {
  const writer = new Writer(4 + finalization.length);
  writer.u32(epoch);
  writer.bytes(finalization);
  return writer.finish();
}

/**
 * Boundary: the anchor of the next epoch is committed; nothing of this epoch is signed any more.
 */
export function* switchEpoch(
  s: RunningState,
  final: HeldCertificate,
  header: Header,
  nextTable: Table,
): Steps {
  const old = s.epoch;
  const anchor: Anchor = { header, certificate: final.bytes };
  s.lastProof = encoded({
    type: 0x1b,
    epoch: old.epoch,
    header,
    finalization: final.bytes,
    nextTable,
  });
  const isKnown = (s.recovered?.newestEpoch ?? 0) > old.epoch;
  if (!isKnown) yield append(recordType.epoch, epochRecord(nextTable.epoch, final.bytes));
  yield* openEpoch(s, newEpoch(s, nextTable, anchor, old.set));
  yield timer(s.epoch, 'epochGrace', s.config.policy.graceMs);
}

/**
 * Makes an epoch the current one: memory of the old one goes, what the journal holds of it comes.
 */
export function* openEpoch(s: CoreState, e: EpochState): Steps {
  s.epoch = e;
  s.tree.clear();
  s.fetches.clear();
  s.requests.clear();
  s.behindKey = '';
  for (const peer of s.peers.values()) peer.pending = 0;
  indexPeers(s, e);
  const running = s as RunningState;
  restoreEpoch(running);
  yield { type: 'epoch', epoch: e.epoch, table: e.set.table };
  if (e.floor > 0) yield { type: 'floor', epoch: e.epoch, view: e.floor };
  yield* extendObservation(running);
  yield* startView(running);
  s.replay = s.buffer;
  s.buffer = [];
  s.bufferBytes = 0;
  s.isReopened = true;
}

/** tGrace after the switch: EPOCH_PROOF to every member of either table that is still behind. */
export function* onEpochGrace(s: RunningState): Steps {
  const e = s.epoch;
  if (s.lastProof === undefined) return;
  const behind: string[] = [];
  for (const peer of s.peers.values()) {
    const hex = peer.keyHex;
    if (hex === undefined || peer.epoch >= e.epoch) continue;
    const isMember =
      peer.index >= 0 || e.previous?.table.entries.some((x) => toHex(x.consensusKey) === hex);
    if (isMember === true) behind.push(peer.id);
  }
  if (behind.length > 0) yield toPeers(behind, s.lastProof);
}
