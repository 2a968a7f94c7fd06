import { toHex } from '@mxd/codec';
import { blockHashOf, leaderOf, validatorSet, wtxidOfBytes } from '@mxd/protocol';
import { keyOf, zeroHash } from '@mxd/protocol/primitives';

import { considerChildren, takeNextTable } from './blocks.ts';
import { decodeCertificate } from './certificates.ts';
import { onCertificate } from './certified.ts';
import { tryCommit } from './committing.ts';
import { onResolved } from './compact.ts';
import { timer } from './effects.ts';
import { applyBlacklist, newEpoch, openEpoch } from './epochs.ts';
import { onMessage } from './ingress.ts';
import { startObservation } from './observing.ts';
import { connect, disconnect } from './peers.ts';
import { onBuilt, tryPropose } from './proposing.ts';
import { resendOwn, sendStatus } from './resync.ts';
import { tryFinalizeAll, tryNotarize, tryNullify } from './voting.ts';
import {
  accepted,
  F,
  rejected,
  slotOf,
  type CoreState,
  type EpochState,
  type RunningState,
} from './state.ts';
import { evaluate, onTimer } from './timers.ts';
import {
  type ChainState,
  type Core,
  type CoreConfig,
  type CoreStatus,
  type Counters,
  type Input,
  type Outcome,
  type Steps,
} from './types.ts';
import { addVerified } from './votes.ts';

const noCounters: Counters = {
  messages: 0,
  rejected: 0,
  signaturesChecked: 0,
  signaturesSaved: 0,
  votesDropped: 0,
  bufferedDropped: 0,
  fetches: 0,
  evidence: 0,
  nullifications: 0,
  finalizations: 0,
  slots: 0,
  blocks: 0,
  pendingVotes: 0,
  bufferedMessages: 0,
  outstandingFetches: 0,
};

function newState(config: CoreConfig): CoreState {
  return {
    config,
    wtxidOf: config.wtxidOf ?? wtxidOfBytes,
    ownKeys: new Map(config.consensusKeys.map((key) => [toHex(key), key])),
    monoMs: 0,
    wallMs: 0,
    random: config.seed | 0,
    nextReqId: 1,
    halted: undefined,
    epoch: undefined,
    head: { hash: zeroHash, key: '', header: undefined as never },
    headKnownAtMs: -1,
    tree: new Map(),
    recent: new Map(),
    peers: new Map(),
    peerOfIndex: [],
    requests: new Map(),
    fetches: new Map(),
    fetchTimer: false,
    queue: [],
    buffer: [],
    bufferBytes: 0,
    replay: [],
    isReopened: false,
    recovered: undefined,
    observeUntilMs: 0,
    observeCapMs: 0,
    lastProof: undefined,
    blacklistIds: new Set(),
    behindKey: '',
    clockWarnedAtMs: Number.NEGATIVE_INFINITY,
    counters: { ...noCounters },
  };
}

/** The epoch and head that the chain store stands at. */
function adoptChain(s: CoreState, chain: ChainState): EpochState {
  const { previous, table, anchor, head } = chain;
  const before =
    previous === undefined
      ? undefined
      : validatorSet(s.config.chainTag, previous.table, s.config.parameters, previous.anchorHash);
  const hash = blockHashOf(head.header);
  s.head = { hash, key: keyOf(hash), header: head.header };
  s.headKnownAtMs = s.monoMs;
  const e = newEpoch(s, table, anchor, before);
  const held = decodeCertificate(head.finalization);
  const c = held?.certificate;
  if (held !== undefined && c !== undefined && c.kind === F && c.epoch === e.epoch) {
    slotOf(e, c.view).certificates[F] = held;
    e.lastFinal = held;
    e.lastFinalView = c.view;
    e.floor = c.view;
    e.view = c.view + 1;
    if (held.key !== s.head.key) e.pendingFinal = held;
  }
  return e;
}

function* onStart(s: CoreState, input: Extract<Input, { type: 'start' }>): Steps<Outcome> {
  if (s.epoch !== undefined) return rejected('CONSENSUS_OBSOLETE');
  s.recovered = input.journal;
  const e = adoptChain(s, input.chain);
  s.epoch = e;
  const running = s as RunningState;
  yield* startObservation(running);
  yield* openEpoch(s, e);
  yield timer(running.epoch, 'status', s.config.policy.statusMs);
  yield* resendOwn(running);
  yield* sendStatus(running);
  return accepted;
}

/** The host has synced past the committed head; the machine goes on from there. */
function* onSynced(s: RunningState, chain: ChainState): Steps<Outcome> {
  const isOld = chain.table.epoch < s.epoch.epoch;
  if (isOld || chain.head.header.height <= s.head.header.height) {
    return rejected('CONSENSUS_OBSOLETE');
  }
  const old = s.epoch;
  const pending = old.pendingFinal;
  const e = adoptChain(s, chain);
  s.behindKey = '';
  if (e.epoch > old.epoch) {
    yield* openEpoch(s, e);
    return accepted;
  }
  // What was pending and lies below the new head has been stored by the host.
  const storedView = e.lastFinalView;
  if (pending !== undefined && pending.certificate.view <= storedView) old.pendingFinal = undefined;
  if (e.lastFinal !== undefined) yield* onCertificate(s, e.lastFinal, []);
  if (s.halted !== undefined || s.epoch !== old) return accepted;
  for (const entry of s.tree.values()) {
    const { header } = entry;
    if (header !== undefined && header.height <= s.head.header.height) s.tree.delete(entry.key);
  }
  yield* evaluate(s);
  return accepted;
}

function* onVerified(s: RunningState, input: Extract<Input, { type: 'verified' }>): Steps<Outcome> {
  const request = s.requests.get(input.reqId);
  s.requests.delete(input.reqId);
  const e = s.epoch;
  if (request?.type !== 'verify') return rejected('CONSENSUS_OBSOLETE');
  const entry = s.tree.get(request.key);
  if (entry === undefined || entry.state !== 'verifying') return rejected('CONSENSUS_OBSOLETE');
  if (input.verdict === 'missing') {
    entry.state = 'complete';
    return accepted;
  }
  if (input.verdict === 'invalid') {
    entry.state = 'invalid';
  } else {
    entry.state = 'valid';
    if (!(yield* takeNextTable(s, entry, input.nextTable))) return accepted;
    yield* considerChildren(s, entry.key);
  }
  yield* tryCommit(s);
  if (s.halted !== undefined || s.epoch !== e) return accepted;
  yield* tryNotarize(s);
  yield* tryFinalizeAll(s);
  yield* tryPropose(s);
  return accepted;
}

function* onHostAnswer(
  s: RunningState,
  input: Extract<Input, { type: 'built' | 'resolved' }>,
): Steps<Outcome> {
  const request = s.requests.get(input.reqId);
  s.requests.delete(input.reqId);
  if (input.type === 'built' && request?.type === 'build') {
    if (request.epoch !== s.epoch.epoch || request.view !== s.epoch.view) {
      return rejected('CONSENSUS_OBSOLETE');
    }
    yield* onBuilt(s, input);
    return accepted;
  }
  if (input.type === 'resolved' && request?.type === 'resolve') {
    yield* onResolved(s, request.key, input);
    return accepted;
  }
  return rejected('CONSENSUS_OBSOLETE');
}

function* onWork(s: RunningState): Steps<Outcome> {
  const e = s.epoch;
  if (e.phase === 'waiting') {
    e.phase = 'idle';
    yield* tryPropose(s);
  }
  return accepted;
}

function* handle(s: RunningState, input: Input): Steps<Outcome> {
  switch (input.type) {
    case 'start':
      return yield* onStart(s, input);
    case 'message':
      return yield* onMessage(s, input.from, input.bytes);
    case 'timer':
      return yield* onTimer(s, input);
    case 'verified':
      return yield* onVerified(s, input);
    case 'built':
    case 'resolved':
      return yield* onHostAnswer(s, input);
    case 'workArrived':
      return yield* onWork(s);
    case 'blacklist':
      s.blacklistIds = new Set(input.ids.map((id) => toHex(id)));
      applyBlacklist(s, s.epoch);
      yield* tryNullify(s);
      return accepted;
    case 'synced':
      return yield* onSynced(s, input.chain);
    case 'connected':
      connect(s, input.peer, input.consensusKey);
      return accepted;
    case 'disconnected':
      disconnect(s, input.peer);
      return accepted;
    default: {
      const never: never = input;
      return never;
    }
  }
}

/**
 * R0: own votes and assembled certificates, after the handler that made them; past epochs drop out.
 */
function* drain(s: RunningState): Steps {
  while (s.halted === undefined) {
    const item = s.queue.shift();
    if (item === undefined) break;
    const e = s.epoch;
    if (item.epoch !== e.epoch) continue;
    if ('certificate' in item) yield* onCertificate(s, item.certificate, []);
    else if (item.vote.view > e.lastFinalView) {
      yield* addVerified(s, slotOf(e, item.vote.view), item.vote);
    }
  }
}

/** A7, J9: what was buffered for a new epoch comes before the first signature in it. */
function* settleEpoch(s: RunningState): Steps {
  while (s.halted === undefined && (s.replay.length > 0 || s.isReopened)) {
    const next = s.replay.shift();
    if (next === undefined) {
      s.isReopened = false;
      yield* evaluate(s);
    } else {
      yield* onMessage(s, next.from, next.bytes);
    }
    yield* drain(s);
  }
}

function* step(s: CoreState, input: Input, monoMs: number, wallMs: number): Steps<Outcome> {
  if (s.halted !== undefined) return rejected('CONSENSUS_NOT_STARTED');
  s.monoMs = monoMs;
  s.wallMs = wallMs;
  const isEarly = input.type !== 'start' && input.type !== 'connected' && s.epoch === undefined;
  if (isEarly && input.type !== 'disconnected') return rejected('CONSENSUS_NOT_STARTED');
  const running = s as RunningState;
  const outcome = yield* handle(running, input);
  if (s.queue.length > 0) yield* drain(running);
  if (s.isReopened) yield* settleEpoch(running);
  return outcome;
}

function statusOf(s: CoreState): CoreStatus {
  const e = s.epoch;
  return {
    epoch: e?.epoch ?? 0,
    view: e?.view ?? 0,
    lastFinalView: e?.lastFinalView ?? 0,
    committedHeight: e === undefined ? -1 : s.head.header.height,
    committedHash: s.head.hash,
    leaderIndex: e === undefined ? -1 : leaderOf(e.set, e.view),
    selfIndex: e?.selfIndex ?? -1,
    signing: s.config.signing,
    observing: s.observeUntilMs >= 0,
    halted: s.halted,
  };
}

/** Makes a core that waits for its `start` input. One core per node; nothing in it is shared. */
export function createCore(config: CoreConfig): Core {
  const s = newState(config);
  return {
    step: (input, monoMs, wallMs) => step(s, input, monoMs, wallMs),
    status: () => statusOf(s),
    get counters() {
      const { counters } = s;
      counters.slots = s.epoch?.slots.size ?? 0;
      counters.blocks = s.tree.size;
      counters.bufferedMessages = s.buffer.length;
      counters.outstandingFetches = s.fetches.size;
      counters.pendingVotes = 0;
      for (const peer of s.peers.values()) counters.pendingVotes += peer.pending;
      return counters;
    },
  };
}
