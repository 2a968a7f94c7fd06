import { toHex } from '@mxd/codec';

import { limits } from './limits.ts';
import { type CoreState, type EpochState, type Peer, type RunningState } from './state.ts';
import { type PeerId } from './types.ts';

/** A connection has been made. A second one for the same validator takes over its index. */
export function connect(s: CoreState, id: PeerId, consensusKey: Uint8Array | undefined): void {
  const peer: Peer = {
    id,
    keyHex: consensusKey === undefined ? undefined : toHex(consensusKey),
    index: -1,
    epoch: 0,
    view: 0,
    repliedAtMs: Number.NEGATIVE_INFINITY,
    proofAtMs: Number.NEGATIVE_INFINITY,
    statusAtMs: Number.NEGATIVE_INFINITY,
    strikes: 0,
    refusedUntilMs: Number.NEGATIVE_INFINITY,
    windowAtMs: Number.NEGATIVE_INFINITY,
    requests: 0,
    pending: pendingFrom(s, id),
    echoedEpoch: 0,
  };
  s.peers.set(id, peer);
  if (s.epoch !== undefined) indexPeer(s, s.epoch, peer);
}

/**
 * Unverified votes that an earlier connection of the same name has left: they still count for it.
 */
function pendingFrom(s: CoreState, id: PeerId): number {
  let count = 0;
  for (const slot of s.epoch?.slots.values() ?? []) {
    for (const tally of slot.tallies) {
      for (const choice of tally?.choices ?? []) {
        for (const { from } of choice.pending) if (from === id) count++;
      }
    }
  }
  return count;
}

export function disconnect(s: CoreState, id: PeerId): void {
  const peer = s.peers.get(id);
  s.peers.delete(id);
  if (peer === undefined || s.peerOfIndex[peer.index] !== peer) return;
  const heir = [...s.peers.values()].find((other) => other.index === peer.index);
  s.peerOfIndex[peer.index] = heir;
}

function indexPeer(s: CoreState, e: EpochState, peer: Peer): void {
  peer.index = peer.keyHex === undefined ? -1 : (e.keyIndex.get(peer.keyHex) ?? -1);
  if (peer.index >= 0) s.peerOfIndex[peer.index] = peer;
}

/** The table has changed: every connection gets its index anew. */
export function indexPeers(s: CoreState, e: EpochState): void {
  s.peerOfIndex = Array.from<Peer | undefined>({ length: e.n });
  for (const peer of s.peers.values()) indexPeer(s, e, peer);
}

/** Connected peers of some table indices, the own one left out. */
export function peersOf(s: CoreState, indices: Iterable<number>): PeerId[] {
  const ids: PeerId[] = [];
  for (const index of indices) {
    const peer = s.peerOfIndex[index];
    if (peer !== undefined) ids.push(peer.id);
  }
  return ids;
}

/** Whether this peer's request is within its budget of answers per second. */
export function takeRequest(s: RunningState, peer: Peer): boolean {
  if (s.monoMs - peer.windowAtMs >= 1_000) {
    peer.windowAtMs = s.monoMs;
    peer.requests = 0;
  }
  peer.requests++;
  const budget = peer.index >= 0 ? limits.requestsPerSecond : limits.observerRequestsPerSecond;
  return peer.requests <= budget.value;
}

/** A1, A2: at most one repair answer per interval and peer. */
export function takeReply(s: RunningState, peer: Peer): boolean {
  if (s.monoMs - peer.repliedAtMs < s.config.policy.replyIntervalMs) return false;
  peer.repliedAtMs = s.monoMs;
  return true;
}
