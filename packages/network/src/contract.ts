/**
 * What the node and the simulator see of a network: the transport contract.
 *
 * Two implementations pass one conformance suite: `createNetwork` over libp2p sockets and
 * `createMemoryNetwork` (`@mxd/network/memory`) over an injected scheduler. Payloads are bytes in
 * and bytes out; whoever needs their meaning (signature checks, ids) passes functions in.
 */

declare const peerIdBrand: unique symbol;
declare const validatorIdBrand: unique symbol;

/** A libp2p peer id in its base58 text form. Proven by the Noise handshake of the connection. */
export type PeerId = string & { readonly [peerIdBrand]: true };

/** A validator id (20 bytes) as 40 lower-case hexadecimal digits. */
export type ValidatorId = string & { readonly [validatorIdBrand]: true };

/**
 * Who is at the other end. `validatorId` is set when the peer has proven possession of that
 * validator's consensus key on this very connection (docs/protocol/network.md, "Validator proof").
 * One object per session: compare by its fields, do not keep it beyond the session.
 */
export interface Sender {
  readonly peerId: PeerId;
  readonly validatorId: ValidatorId | undefined;
}

/** Priority lanes of a link, most urgent first. Order is kept within a lane, not across lanes. */
export type Lane = 'vote' | 'proposal' | 'rest';

/**
 * What became of a message that was handed over.
 * - `queued`: in the outbox; delivered in order unless the link breaks or the outbox overflows;
 * - `unconnected`: no session with that peer; nothing was kept (the caller repeats on `up`);
 * - `full`: the lane's outbox is full and its policy refused this message;
 * - `oversized`: longer than the lane's limit; a programming error of the caller.
 */
export type SendOutcome = 'queued' | 'unconnected' | 'full' | 'oversized';

/**
 * Receives a message. The bytes are the receiver's own: never reused and never pinning a larger
 * buffer. Returning a promise holds back further messages of that peer on that lane until it
 * settles, which becomes back-pressure on the sender; other peers and lanes go on.
 */
export type MessageHandler = (from: Sender, lane: Lane, bytes: Uint8Array) => void | Promise<void>;

/** Direct ordered streams between this node and its peers, validators above all. */
export interface ValidatorLinks {
  /** Sends to a validator that is connected and proven; bytes must not change afterwards. */
  sendToValidator(to: ValidatorId, lane: Lane, bytes: Uint8Array): SendOutcome;
  /** Sends to any peer with a session: an observer's question, a validator's answer to it. */
  sendToPeer(to: PeerId, lane: Lane, bytes: Uint8Array): SendOutcome;
  /** Sends to every proven validator except self and `except`; the number of links that took it. */
  broadcast(lane: Lane, bytes: Uint8Array, except?: ValidatorId): number;
  /** Sets the one receiver. Messages that arrive before it is set are dropped and counted. */
  onMessage(handler: MessageHandler): void;
  /** The validators that are connected and proven now. */
  validators(): readonly ValidatorId[];
}

/** A change among the sessions. `up` comes after the handshake, again when `validatorId` changes. */
export type PeerEvent =
  | { readonly type: 'up'; readonly peer: Sender; readonly inspection: PeerInspection }
  | { readonly type: 'down'; readonly peer: Sender; readonly reason: string };

/** Topics of public gossip; every payload is bounded by `limits.gossip*`. */
export type GossipTopic = 'headers' | 'certificates' | 'announcements';

/**
 * The verdict on something that a peer relayed.
 * - `accept`: valid and new: pass it on;
 * - `ignore`: already known, not decidable now, or refused by local policy: do not pass on, harms
 *   nobody;
 * - `invalid`: provably invalid for every honest node: do not pass on, costs the sender score.
 */
export type Verdict = 'accept' | 'ignore' | 'invalid';

/** Judges a gossiped payload before it is passed on. */
export type GossipHandler = (
  from: PeerId,
  topic: GossipTopic,
  bytes: Uint8Array,
) => Verdict | Promise<Verdict>;

/** Public gossip among everybody: validators publish here what non-validators need. */
export interface Gossip {
  /** Publishes to the topic's mesh; the number of peers it went to. */
  publish(topic: GossipTopic, bytes: Uint8Array): Promise<number>;
  /** Sets the one judge and receiver. */
  onMessage(handler: GossipHandler): void;
}

/** Request protocols, each with its own limits (`limits.requests`). */
export type RequestKind =
  | 'blocks-by-hash'
  | 'blocks-by-range'
  | 'headers'
  | 'certificates'
  | 'epoch-proofs'
  | 'snapshot-manifest'
  | 'snapshot-chunk'
  | 'mempool-ids'
  | 'transactions'
  | 'consensus'
  | 'peers';

/** How a served answer ended, said by the server. */
export type AnswerEnd =
  | 'complete' // everything that was asked for
  | 'partial' // a true prefix: the size cap or the server's own limit came first; ask again
  | 'unavailable' // the server does not have it (any more)
  | 'busy' // over the server's concurrency or rate limit; ask somebody else
  | 'refused'; // the request was malformed or not allowed

/** The outcome of a request. Items that came before a failure are in `items` all the same. */
export type RequestResult =
  | {
      readonly ok: true;
      readonly items: readonly Uint8Array[];
      readonly end: AnswerEnd;
      readonly roundTripMs: number;
    }
  | { readonly ok: false; readonly code: RequestFailure; readonly items: readonly Uint8Array[] };

/** Why no complete answer came. */
export type RequestFailure =
  | 'NETWORK_REQUEST_UNCONNECTED'
  | 'NETWORK_REQUEST_TIMEOUT'
  | 'NETWORK_REQUEST_CANCELLED'
  | 'NETWORK_REQUEST_OVERLOADED'
  | 'NETWORK_REQUEST_CLOSED'
  | 'NETWORK_REQUEST_MALFORMED'
  | 'NETWORK_REQUEST_OVERSIZED'
  | 'NETWORK_REQUEST_REJECTED';

export interface RequestOptions {
  /** Time for the whole answer. Default: the kind's limit. */
  readonly deadlineMs?: number;
  /** Most bytes to take, told to the server. Default and at most: the kind's limit. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /**
   * Sees each item on arrival. Returning false means the item is provably wrong: the request ends
   * with `NETWORK_REQUEST_REJECTED` and the server is scored. With it, items are not collected.
   */
  readonly onItem?: (item: Uint8Array, index: number) => boolean | Promise<boolean>;
}

/** What a server handler gets beside the request's payload. */
export interface RequestContext {
  readonly from: Sender;
  /** Bytes that the asker will take, capped by the kind's limit. */
  readonly maxBytes: number;
  /** Aborted when the asker cancels, vanishes or the deadline passes. */
  readonly signal: AbortSignal;
}

/**
 * Serves one kind. Yields the answer's items in order and returns how it ended; items beyond
 * `maxBytes` are not sent and the answer ends as `partial`. A throw is answered as `unavailable`.
 */
export type RequestHandler = (
  payload: Uint8Array,
  context: RequestContext,
) => AsyncGenerator<Uint8Array, AnswerEnd, void> | Generator<Uint8Array, AnswerEnd, void>;

/** Questions and answers over streams of their own. */
export interface RequestProtocols {
  request(
    to: PeerId,
    kind: RequestKind,
    payload: Uint8Array,
    options?: RequestOptions,
  ): Promise<RequestResult>;
  /** Sets the server of a kind; without one the kind is answered as `unavailable`. */
  serve(kind: RequestKind, handler: RequestHandler): void;
}

/** A transaction as relayed: its bytes and its full id (the 64-byte wtxid). */
export interface RelayedTransaction {
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Judges a batch that a peer sent: one verdict each, in order. Only `accept` travels on. */
export type TransactionHandler = (
  batch: readonly RelayedTransaction[],
  from: Sender,
) => Promise<readonly Verdict[]> | readonly Verdict[];

/** Moves transactions in batches, each to each peer at most once. */
export interface TransactionRelay {
  /** Hands over transactions that this node itself accepted first (from its API). */
  submit(batch: readonly RelayedTransaction[]): void;
  /** Sets the one judge and receiver. */
  onTransactions(handler: TransactionHandler): void;
  /** Stops relaying ids (in a block, expired, evicted); they stay known. */
  forget(ids: readonly Uint8Array[]): void;
  /** Marks ids as known without relaying them (loaded from disk, seen in a block). */
  known(ids: readonly Uint8Array[]): void;
  /** Takes ids as unknown again: they were ignored for a reason that has passed. */
  reconsider(ids: readonly Uint8Array[]): void;
}

/** What is known about one peer, for operators. */
export interface PeerInspection {
  readonly peerId: PeerId;
  readonly validatorId: ValidatorId | undefined;
  readonly direction: 'inbound' | 'outbound';
  /** The address at the other end of the connection, as a multiaddr. */
  readonly address: string;
  readonly agent: string;
  readonly protocolVersion: number;
  readonly connectedAtMs: number;
  readonly roundTripMs: number | undefined;
  readonly clockOffsetMs: number | undefined;
  readonly score: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Bytes waiting in the outbox, per lane. */
  readonly queuedBytes: Readonly<Record<Lane | 'transactions', number>>;
  readonly dropped: number;
}

/** Where peers are looked at and influenced. */
export interface Peers {
  list(): readonly PeerInspection[];
  get(peerId: PeerId): PeerInspection | undefined;
  /** Charges proven misbehaviour (`limits.score*`); may disconnect and ban. */
  penalize(peerId: PeerId, offence: Offence): void;
  ban(peerId: PeerId, durationMs: number, reason: string): void;
  unban(peerId: PeerId): void;
  bans(): readonly { readonly peerId: PeerId; readonly untilMs: number; readonly reason: string }[];
  disconnect(peerId: PeerId, reason: string): void;
  on(listener: (event: PeerEvent) => void): () => void;
}

/** Misbehaviour that can be proven from bytes. Slowness and policy are not in it. */
export type Offence =
  | 'malformed' // bytes that no honest encoder makes
  | 'oversized' // a frame beyond its limit
  | 'invalid' // well-formed, provably invalid content
  | 'flood' // beyond the rate that its own limits allow any honest peer
  | 'unsolicited'; // an answer that nobody asked for

/** Everything a node uses. */
export interface Network {
  readonly self: {
    readonly peerId: PeerId;
    readonly validatorId: ValidatorId | undefined;
    /** Addresses that others can dial, as multiaddrs with the peer id. */
    addresses(): readonly string[];
  };
  readonly links: ValidatorLinks;
  readonly gossip: Gossip;
  readonly requests: RequestProtocols;
  readonly transactions: TransactionRelay;
  readonly peers: Peers;
  /** All counters as one flat record of plain numbers: `docs/protocol/network.md`, "Counters". */
  counters(): Readonly<Record<string, number>>;
  start(): Promise<void>;
  stop(): Promise<void>;
}
