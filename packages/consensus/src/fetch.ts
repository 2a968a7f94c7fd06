import { signerIndices } from '@mxd/protocol/certificate';
import { type BlockHash } from '@mxd/protocol';

import { encoded, timer, toPeers } from './effects.ts';
import { limits } from './limits.ts';
import { peersOf } from './peers.ts';
import {
  entryOf,
  randomBelow,
  type BlockEntry,
  type Fetch,
  type HeldCertificate,
  type RunningState,
} from './state.ts';
import { type PeerId, type Steps } from './types.ts';

/** Connected peers of the signers of a certificate: they hold the body durably (J4). */
export function signersOf(s: RunningState, held: HeldCertificate): readonly PeerId[] {
  const { n, signers } = held.certificate;
  return peersOf(s, signerIndices(n, signers));
}

function outstandingAt(s: RunningState, peer: PeerId): number {
  let count = 0;
  for (const fetch of s.fetches.values()) if (fetch.current.includes(peer)) count++;
  return count;
}

function isFree(s: RunningState, fetch: Fetch, peer: PeerId): boolean {
  return (
    s.peers.has(peer) &&
    !fetch.asked.includes(peer) &&
    outstandingAt(s, peer) < limits.fetchesPerPeer.value
  );
}

function pick(s: RunningState, fetch: Fetch, from: readonly PeerId[]): PeerId | undefined {
  const free = from.filter((peer) => isFree(s, fetch, peer));
  return free.length === 0 ? undefined : free[randomBelow(s, free.length)];
}

/** A4: one preferred peer and one random other; later rounds go to others. */
function choose(s: RunningState, fetch: Fetch): PeerId[] {
  fetch.current = [];
  const everybody = [...s.peers.keys()];
  if (everybody.every((peer) => fetch.asked.includes(peer))) fetch.asked = [];
  for (const pool of [fetch.preferred, everybody]) {
    const peer = pick(s, fetch, pool);
    if (peer === undefined) continue;
    fetch.asked.push(peer);
    fetch.current.push(peer);
  }
  return fetch.current;
}

function requestOf(s: RunningState, fetch: Fetch): Uint8Array | undefined {
  const { hash } = fetch;
  if (fetch.kind === 'certificates') {
    const { fromView, toView } = fetch;
    return encoded({ type: 0x14, epoch: s.epoch.epoch, fromView, toView });
  }
  if (hash === undefined) return undefined;
  if (fetch.kind === 'block') {
    return encoded({ type: 0x16, blockHash: hash, maxAncestors: fetch.ancestors });
  }
  const draft = s.tree.get(fetch.key.slice(2))?.draft;
  if (draft === undefined) return undefined;
  const indices: number[] = [];
  for (const [i, tx] of draft.transactions.entries()) if (tx === undefined) indices.push(i);
  return indices.length === 0 ? undefined : encoded({ type: 0x18, blockHash: hash, indices });
}

function* issue(s: RunningState, fetch: Fetch): Steps {
  fetch.askedAtMs = s.monoMs;
  const bytes = requestOf(s, fetch);
  const peers = choose(s, fetch);
  fetch.round++;
  if (bytes === undefined || peers.length === 0) return;
  s.counters.fetches++;
  yield toPeers(peers, bytes);
}

function* open(s: RunningState, fetch: Fetch): Steps {
  if (s.fetches.size >= limits.fetches.value) return;
  s.fetches.set(fetch.key, fetch);
  yield* issue(s, fetch);
  if (s.fetchTimer) return;
  s.fetchTimer = true;
  yield timer(s.epoch, 'fetch', s.config.policy.fetchRetryMs);
}

function newFetch(key: string, kind: Fetch['kind'], preferred: readonly PeerId[]): Fetch {
  return {
    key,
    kind,
    hash: undefined,
    fromView: 0,
    toView: 0,
    ancestors: 0,
    preferred,
    asked: [],
    current: [],
    round: 0,
    askedAtMs: 0,
  };
}

/** Asks for a block; nothing happens while it is being asked for or its transactions are. */
export function* fetchBlock(
  s: RunningState,
  hash: BlockHash,
  key: string,
  preferred: readonly PeerId[],
  ancestors = 0,
): Steps {
  if (s.fetches.has(`b:${key}`) || s.fetches.has(`t:${key}`) || key === s.behindKey) return;
  const entry = entryOf(s, hash, s.epoch.view);
  if (entry.draft !== undefined) {
    // Being rebuilt from short ids: only what the mempool lacks is asked for.
    if (entry.draft.resolveId === 0) yield* fetchTransactions(s, entry, preferred);
    return;
  }
  yield* open(s, { ...newFetch(`b:${key}`, 'block', preferred), hash, ancestors });
}

/** Asks for the transactions that a draft lacks. */
export function* fetchTransactions(
  s: RunningState,
  entry: BlockEntry,
  preferred: readonly PeerId[],
): Steps {
  s.fetches.delete(`b:${entry.key}`);
  if (s.fetches.has(`t:${entry.key}`)) return;
  const fetch = newFetch(`t:${entry.key}`, 'transactions', preferred);
  yield* open(s, { ...fetch, hash: entry.hash });
}

/** N3, N4, P1: certificates of views that are missing. One range at a time. */
export function* fetchCertificates(
  s: RunningState,
  fromView: number,
  toView: number,
  preferred: readonly PeerId[],
): Steps {
  const known = s.fetches.get('c');
  const first = Math.max(fromView, toView - 63, 1);
  if (known !== undefined && known.fromView === first && known.toView === toView) return;
  s.fetches.delete('c');
  yield* open(s, { ...newFetch('c', 'certificates', preferred), fromView: first, toView });
}

function isNeeded(s: RunningState, fetch: Fetch): boolean {
  if (fetch.kind === 'certificates') return fetch.toView < s.epoch.view;
  const key = fetch.key.slice(2);
  const entry = s.tree.get(key);
  if (entry === undefined || entry.state !== 'partial') return false;
  return fetch.kind === 'block' || entry.draft !== undefined;
}

/**
 * Timer `fetch`: re-issue to others after 150 ms, then ever more slowly, up to eight times that.
 */
export function* onFetchTimer(s: RunningState): Steps {
  s.fetchTimer = false;
  const base = s.config.policy.fetchRetryMs;
  for (const fetch of s.fetches.values()) {
    if (!isNeeded(s, fetch)) s.fetches.delete(fetch.key);
    else if (s.monoMs - fetch.askedAtMs >= base << Math.min(fetch.round - 1, 3)) {
      yield* issue(s, fetch);
    }
  }
  if (s.fetches.size === 0) return;
  s.fetchTimer = true;
  yield timer(s.epoch, 'fetch', base);
}
