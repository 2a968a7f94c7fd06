import {
  type Block,
  type BlockHash,
  type Certificate,
  type Header,
  type Table,
  type ValidatorSet,
  type Vote,
  type VoteKind,
  type Wtxid,
} from '@mxd/protocol';
import { keyOf } from '@mxd/protocol/primitives';

import { type ConsensusErrorCode } from './errors.ts';
import {
  type CoreConfig,
  type Counters,
  type Outcome,
  type PeerId,
  type RecoveredJournal,
} from './types.ts';

/** Hexadecimal text of a block hash: the key of every map over blocks. */
export type BlockKey = string;

export const N = 1;
export const Z = 2;
export const F = 3;

/** A certificate with its encoding, so that it is never encoded again. */
export interface HeldCertificate {
  readonly certificate: Certificate;
  readonly bytes: Uint8Array;
  /** Key of the block; '' for a nullification. */
  readonly key: BlockKey;
}

/** An unverified vote and the connection that it came over. */
export interface PendingVote {
  readonly vote: Vote;
  readonly from: PeerId;
}

/** All votes of one kind in one view for one hash. */
export interface Choice {
  readonly hash: BlockHash;
  readonly key: BlockKey;
  /** Power of verified votes. */
  power: number;
  /** Number of verified votes. */
  count: number;
  /** Power of verified and pending signers, each once. */
  potential: number;
  /** 0 unknown, 1 pending, 2 verified: signers counted in `potential`. */
  readonly seen: Uint8Array;
  pending: PendingVote[];
}

/** Votes of one kind in one view. */
export interface Tally {
  /** Verified, by table index: the first one wins and is never overwritten (C1). */
  votes: (Vote | undefined)[];
  choices: Choice[];
  /** Unverified votes per signer that came over the signer's own connection. */
  readonly direct: Uint8Array;
  /** Unverified votes per relaying peer and signer. */
  relayed: Map<PeerId, Uint8Array> | undefined;
}

export interface SeenProposal {
  readonly hash: BlockHash;
  readonly key: BlockKey;
  readonly leaderVote: Vote;
}

/** Everything known about one view. Arrays are indexed by vote kind. */
export interface Slot {
  readonly view: number;
  readonly tallies: [undefined, Tally, Tally, Tally];
  readonly certificates: (HeldCertificate | undefined)[];
  /** Own votes. */
  readonly mine: (Vote | undefined)[];
  /** At most two (V3). The first is the one that may be voted. */
  proposals: SeenProposal[];
  /** A deterministic failure of the first proposal was shown. */
  invalid: boolean;
  validated: boolean;
  trimmed: boolean;
}

/** Where the body of a block stands. */
export type BlockState = 'partial' | 'complete' | 'verifying' | 'valid' | 'invalid';

/** Transactions of a compact proposal that are being gathered. */
export interface Draft {
  readonly transactions: (Uint8Array | undefined)[];
  missing: number;
  /** All were asked for because a full list did not match txRoot. */
  whole: boolean;
  /** 0 once the host has answered. */
  resolveId: number;
  /** Who sent the short ids. */
  readonly from: PeerId;
}

/** A block that is not committed yet, in parts that are each bound to the hash (V0a). */
export interface BlockEntry {
  readonly hash: BlockHash;
  readonly key: BlockKey;
  header: Header | undefined;
  parentKey: BlockKey;
  parentCertificate: Uint8Array | undefined;
  systemRecords: Uint8Array | undefined;
  transactions: readonly Uint8Array[] | undefined;
  draft: Draft | undefined;
  state: BlockState;
  /** The parent certificate has been verified (B1). */
  parentProven: boolean;
  /** A BLOCK record has been appended (J4). */
  appended: boolean;
  nextTable: Table | undefined;
  salt: bigint | undefined;
  /** Monotonic time at which the header became known; -1 before. */
  knownAtMs: number;
  /** View in which this node first met the block. */
  metInView: number;
  relayed: boolean;
  notified: number;
}

/** An authenticated connection. */
export interface Peer {
  readonly id: PeerId;
  readonly keyHex: string | undefined;
  /** Index in the current table; -1 for an observer. */
  index: number;
  /** Highest position that the peer's own messages have shown. */
  epoch: number;
  view: number;
  repliedAtMs: number;
  proofAtMs: number;
  statusAtMs: number;
  strikes: number;
  /** A8: nothing is taken from it before this. */
  refusedUntilMs: number;
  windowAtMs: number;
  requests: number;
  pending: number;
  /** Epoch in which its own votes were echoed to it (A9). */
  echoedEpoch: number;
}

/** An open question to peers (A4). */
export interface Fetch {
  readonly key: string;
  readonly kind: 'block' | 'certificates' | 'transactions';
  readonly hash: BlockHash | undefined;
  fromView: number;
  toView: number;
  readonly ancestors: number;
  /** Peers to ask first: leader of the proposal, signers of the certificate. */
  preferred: readonly PeerId[];
  asked: PeerId[];
  /** Asked in the latest round. */
  current: PeerId[];
  round: number;
  askedAtMs: number;
}

/** One view of the participation measurement ("Latency vectors"). */
export interface MeasuredView {
  readonly view: number;
  readonly leader: number;
  enteredAtMs: number;
  headerAtMs: number;
  readonly seen: Uint8Array;
  /** NOTARIZE of the signer has been timed. */
  readonly timed: Uint8Array;
}

/** Local measurement of the other validators in this epoch ("Latency vectors"). */
export interface Measurements {
  readonly views: Map<number, MeasuredView>;
  /** 1/16 ms; -1 before the first sample. */
  readonly latency: Int32Array;
  readonly samples: Uint32Array;
  readonly seen: Uint32Array;
  readonly total: Uint32Array;
  reported: boolean;
}

/** How far the leader of the current view has come. */
export type ProposePhase = 'idle' | 'building' | 'waiting' | 'done';

export interface EpochState {
  readonly epoch: number;
  readonly set: ValidatorSet;
  readonly previous: ValidatorSet | undefined;
  readonly n: number;
  readonly powers: readonly number[];
  readonly keyIndex: ReadonlyMap<string, number>;
  readonly selfIndex: number;
  readonly selfKey: Uint8Array | undefined;
  readonly anchor: {
    readonly hash: BlockHash;
    readonly key: BlockKey;
    readonly header: Header;
    readonly certificate: Uint8Array;
  };
  /** Last height of the epoch. */
  readonly lastHeight: number;
  view: number;
  enteredAtMs: number;
  idle: boolean;
  lastFinalView: number;
  lastFinal: HeldCertificate | undefined;
  finalAtMs: number;
  floor: number;
  pendingFinal: HeldCertificate | undefined;
  readonly slots: Map<number, Slot>;
  leaderExpired: boolean;
  viewExpired: boolean;
  buildFailed: boolean;
  emptyExpired: boolean;
  boundaryExpired: boolean;
  phase: ProposePhase;
  buildId: number;
  readonly lastActive: Int32Array;
  activeSince: number;
  /** Newest vote of each kind per validator, verified before it is echoed (A9). */
  readonly newest: (Vote | undefined)[];
  /** Votes that came too late for a tally, unverified, for the echo. */
  readonly late: (Vote | undefined)[];
  readonly accused: Uint8Array;
  readonly blacklisted: Uint8Array;
  readonly measured: Measurements;
}

/** The newest committed block. */
export interface Head {
  readonly hash: BlockHash;
  readonly key: BlockKey;
  readonly header: Header;
}

/** A message of the next epoch that waits for the switch (A7). */
export interface Buffered {
  readonly from: PeerId;
  readonly bytes: Uint8Array;
  readonly isProposal: boolean;
}

/** A question to the host. */
export type HostRequest =
  | { readonly type: 'build'; readonly view: number; readonly epoch: number }
  | { readonly type: 'verify'; readonly key: BlockKey }
  | { readonly type: 'resolve'; readonly key: BlockKey };

/** R0: what the current handler leaves for afterwards, tagged with its epoch. */
export type Queued =
  | { readonly epoch: number; readonly vote: Vote }
  | { readonly epoch: number; readonly certificate: HeldCertificate };

export interface CoreState {
  readonly config: CoreConfig;
  readonly wtxidOf: (transaction: Uint8Array) => Wtxid;
  readonly ownKeys: ReadonlyMap<string, Uint8Array>;
  monoMs: number;
  wallMs: number;
  random: number;
  nextReqId: number;
  halted: ConsensusErrorCode | undefined;
  /** Undefined before `start`. */
  epoch: EpochState | undefined;
  head: Head;
  /** Monotonic time at which the head's proposal was first seen here; for pacing. */
  headKnownAtMs: number;
  readonly tree: Map<BlockKey, BlockEntry>;
  readonly recent: Map<BlockKey, Block>;
  readonly peers: Map<PeerId, Peer>;
  /** Connected peer of each index of the current table. */
  peerOfIndex: (Peer | undefined)[];
  readonly requests: Map<number, HostRequest>;
  readonly fetches: Map<string, Fetch>;
  fetchTimer: boolean;
  readonly queue: Queued[];
  buffer: Buffered[];
  bufferBytes: number;
  /** Messages of the epoch that has just been opened, to be handled next. */
  replay: Buffered[];
  /** An epoch has just been opened: after the replay every condition is evaluated (E3). */
  isReopened: boolean;
  recovered: RecoveredJournal | undefined;
  /** J9: nothing is signed before this; -1 afterwards. */
  observeUntilMs: number;
  observeCapMs: number;
  /** EPOCH_PROOF message of the epoch before, encoded. */
  lastProof: Uint8Array | undefined;
  blacklistIds: ReadonlySet<string>;
  /** Block that the host was asked to sync to. */
  behindKey: BlockKey;
  clockWarnedAtMs: number;
  readonly counters: Counters;
}

/** State that `start` has made usable. */
export type RunningState = CoreState & { epoch: EpochState };

export const accepted: Outcome = { ok: true };

const rejections = new Map<ConsensusErrorCode, Outcome>();

/** The same object for the same code: rejections of garbage allocate nothing. */
export function rejected(code: ConsensusErrorCode): Outcome {
  let outcome = rejections.get(code);
  if (outcome === undefined) {
    outcome = { ok: false, code };
    rejections.set(code, outcome);
  }
  return outcome;
}

function newTally(n: number): Tally {
  return {
    votes: Array.from<Vote | undefined>({ length: n }),
    choices: [],
    direct: new Uint8Array(n),
    relayed: undefined,
  };
}

export function newSlot(view: number, n: number): Slot {
  return {
    view,
    tallies: [undefined, newTally(n), newTally(n), newTally(n)],
    certificates: [undefined, undefined, undefined, undefined],
    mine: [undefined, undefined, undefined, undefined],
    proposals: [],
    invalid: false,
    validated: false,
    trimmed: false,
  };
}

/** The slot of a view, made on first use. Callers have checked the view against C1's window. */
export function slotOf(e: EpochState, view: number): Slot {
  let slot = e.slots.get(view);
  if (slot === undefined) {
    slot = newSlot(view, e.n);
    e.slots.set(view, slot);
  }
  return slot;
}

export function tallyOf(slot: Slot, kind: VoteKind): Tally {
  return slot.tallies[kind];
}

export function certificateOf(
  e: EpochState,
  view: number,
  kind: VoteKind,
): HeldCertificate | undefined {
  return e.slots.get(view)?.certificates[kind];
}

/** Notarization or finalization of a view. */
export function blockCertificate(e: EpochState, view: number): HeldCertificate | undefined {
  const slot = e.slots.get(view);
  return slot?.certificates[N] ?? slot?.certificates[F];
}

/** Best certificate of view - 1, the ticket into the view: F, else N, else Z (A1). */
export function entryCertificate(e: EpochState): HeldCertificate | undefined {
  const slot = e.slots.get(e.view - 1);
  return slot?.certificates[F] ?? slot?.certificates[N] ?? slot?.certificates[Z];
}

export function entryOf(s: CoreState, hash: BlockHash, metInView: number): BlockEntry {
  const key = keyOf(hash);
  const known = s.tree.get(key);
  if (known !== undefined) return known;
  const entry: BlockEntry = {
    hash,
    key,
    header: undefined,
    parentKey: '',
    parentCertificate: undefined,
    systemRecords: undefined,
    transactions: undefined,
    draft: undefined,
    state: 'partial',
    parentProven: false,
    appended: false,
    nextTable: undefined,
    salt: undefined,
    knownAtMs: -1,
    metInView,
    relayed: false,
    notified: 0,
  };
  s.tree.set(key, entry);
  return entry;
}

/** The block of an entry whose parts are all there. */
export function blockOf(entry: BlockEntry): Block | undefined {
  const { header, parentCertificate, systemRecords, transactions } = entry;
  if (
    header === undefined ||
    parentCertificate === undefined ||
    systemRecords === undefined ||
    transactions === undefined
  ) {
    return undefined;
  }
  return { header, parentCertificate, systemRecords, transactions };
}

/** Executed here and valid: the committed head, or a valid block above it (P2, N5). */
export function isExecuted(s: CoreState, key: BlockKey): boolean {
  return key === s.head.key || s.tree.get(key)?.state === 'valid';
}

/** Header of a block that this node knows. */
export function headerOf(s: CoreState, key: BlockKey): Header | undefined {
  return key === s.head.key ? s.head.header : s.tree.get(key)?.header;
}

/** mulberry32: the choice of peers only; the seed comes from the host. */
export function randomBelow(s: CoreState, bound: number): number {
  s.random = (s.random + 0x6d2b79f5) | 0;
  let t = Math.imul(s.random ^ (s.random >>> 15), 1 | s.random);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % bound;
}
