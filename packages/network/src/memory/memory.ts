import {
  type Gossip,
  type GossipHandler,
  type GossipTopic,
  type Lane,
  type MessageHandler,
  type Network,
  type Offence,
  type PeerEvent,
  type PeerId,
  type PeerInspection,
  type Peers,
  type RequestProtocols,
  type SendOutcome,
  type Sender,
  type TransactionRelay,
  type ValidatorId,
  type ValidatorLinks,
} from '../contract.ts';
import { Counters } from '../counters.ts';
import { laneLimits, limits } from '../limits.ts';
import { Scores } from '../peers/scores.ts';
import { Relay } from '../relay/relay.ts';
import { MemoryLink, type MemoryLane } from './link.ts';
import { MemoryRequests } from './requests.ts';

/** Time and chance of a memory network: the simulator's, or real ones. */
export interface MemoryWorld {
  nowMs(): number;
  /** Calls back once; equal times in the order of scheduling. */
  schedule(delayMs: number, callback: () => void): void;
  /** One-way delay of a message in ms, or undefined when it is lost with its link's order kept. */
  delayMs(from: PeerId, to: PeerId, lane: MemoryLane, bytes: number): number;
}

/** A node of a memory network. */
export interface MemoryNodeOptions {
  readonly peerId: string;
  readonly validatorId?: string;
  readonly transactionId: (bytes: Uint8Array) => Uint8Array | undefined;
}

/** Nodes in one process that talk by the same contract as nodes over sockets. */
export interface MemoryHub {
  /** Makes a node; it takes part from its `start` on, connected with all others. */
  createNode(options: MemoryNodeOptions): Network;
  /** Ends the sessions between two nodes and keeps them apart until `join`. */
  cut(a: PeerId, b: PeerId): void;
  join(a: PeerId, b: PeerId): void;
}

const pairKey = (a: PeerId, b: PeerId): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** A world on real timers without delays. */
export const realWorld: MemoryWorld = {
  nowMs: () => performance.now(),
  schedule: (delayMs, callback) => {
    if (delayMs <= 0) setImmediate(callback);
    else setTimeout(callback, delayMs);
  },
  delayMs: () => 0,
};

/** Makes an empty hub. */
export function createMemoryHub(world: MemoryWorld = realWorld): MemoryHub {
  const nodes = new Map<PeerId, MemoryNetwork>();
  const cuts = new Set<string>();
  const connected = (a: MemoryNetwork, b: MemoryNetwork): boolean =>
    !cuts.has(pairKey(a.self.peerId, b.self.peerId));
  const tryConnect = (a: MemoryNetwork, b: MemoryNetwork): void => {
    if (!a.running || !b.running || !connected(a, b) || a.session(b.self.peerId) !== undefined)
      return;
    if (a.refuses(b.self.peerId) || b.refuses(a.self.peerId)) return;
    a.connect(b, 'outbound');
    b.connect(a, 'inbound');
  };
  const hub = {
    world,
    onStart(node: MemoryNetwork): void {
      nodes.set(node.self.peerId, node);
      for (const other of nodes.values()) if (other !== node) tryConnect(node, other);
    },
    onStop(node: MemoryNetwork): void {
      nodes.delete(node.self.peerId);
    },
    cut(a: PeerId, b: PeerId): void {
      cuts.add(pairKey(a, b));
      nodes.get(a)?.disconnected(b, 'connection-lost');
      nodes.get(b)?.disconnected(a, 'connection-lost');
    },
    join(a: PeerId, b: PeerId): void {
      cuts.delete(pairKey(a, b));
      const first = nodes.get(a);
      const second = nodes.get(b);
      if (first !== undefined && second !== undefined) tryConnect(first, second);
    },
    createNode: (options: MemoryNodeOptions): Network => new MemoryNetwork(hub, options),
  };
  return hub;
}

interface HubInside {
  readonly world: MemoryWorld;
  onStart(node: MemoryNetwork): void;
  onStop(node: MemoryNetwork): void;
}

/** One side of a session in memory. */
export interface MemorySession {
  readonly sender: Sender;
  readonly other: MemoryNetwork;
  readonly link: MemoryLink;
  readonly direction: 'inbound' | 'outbound';
  readonly connectedAtMs: number;
  readonly signal: AbortController;
}

/** A network node in memory: the same contract, limits, relay and scores as over sockets. */
export class MemoryNetwork implements Network {
  readonly self: Network['self'];
  readonly links: ValidatorLinks;
  readonly gossip: Gossip;
  readonly requests: RequestProtocols;
  readonly transactions: TransactionRelay;
  readonly peers: Peers;
  readonly world: MemoryWorld;
  readonly own: Counters = new Counters();
  running = false;
  readonly #hub: HubInside;
  readonly #sessions = new Map<PeerId, MemorySession>();
  readonly #scores: Scores;
  readonly #relay: Relay;
  readonly #requests: MemoryRequests;
  readonly #listeners = new Set<(event: PeerEvent) => void>();
  readonly #seenGossip = new Set<string>();
  #handler: MessageHandler | undefined;
  #gossipHandler: GossipHandler | undefined;

  constructor(hub: HubInside, options: MemoryNodeOptions) {
    this.#hub = hub;
    this.world = hub.world;
    const peerId = options.peerId as PeerId;
    const validatorId = options.validatorId as ValidatorId | undefined;
    this.self = { peerId, validatorId, addresses: () => [`/memory/${peerId}`] };
    this.#scores = new Scores(() => this.world.nowMs());
    this.#relay = new Relay(
      {
        send: (to, bytes) => this.#send(to, 'transactions', bytes) === 'queued',
        nowMs: () => this.world.nowMs(),
        schedule: (delayMs, callback) => this.#after(delayMs, callback),
        penalize: (to, offence) => this.#penalize(to, offence),
        isValidator: () => validatorId !== undefined,
        idOf: options.transactionId,
      },
      this.own,
    );
    this.transactions = this.#relay;
    this.#requests = new MemoryRequests(this, (to, offence) => this.#penalize(to, offence));
    this.requests = this.#requests;
    this.links = this.#makeLinks();
    this.gossip = {
      publish: (topic, bytes) => this.#publish(topic, bytes),
      onMessage: (handler) => {
        this.#gossipHandler = handler;
      },
    };
    this.peers = this.#makePeers();
  }

  #after(delayMs: number, callback: () => void): void {
    this.world.schedule(delayMs, () => {
      if (this.running) callback();
    });
  }

  session(peerId: PeerId): MemorySession | undefined {
    return this.#sessions.get(peerId);
  }

  /** The request server of this node, for the other side's client. */
  get server(): MemoryRequests {
    return this.#requests;
  }

  refuses(peerId: PeerId): boolean {
    return this.#scores.isBanned(peerId);
  }

  connect(other: MemoryNetwork, direction: 'inbound' | 'outbound'): void {
    const { peerId, validatorId } = other.self;
    const link = new MemoryLink(this.world, this.self.peerId, peerId, this.own, (lane, bytes) =>
      other.receive(this.self.peerId, lane, bytes),
    );
    const sender: Sender = { peerId, validatorId };
    const session: MemorySession = {
      sender,
      other,
      link,
      direction,
      connectedAtMs: this.world.nowMs(),
      signal: new AbortController(),
    };
    this.#sessions.set(peerId, session);
    this.own.add('sessions_established');
    this.#relay.peerUp(sender);
    // Both sides exist before anybody hears of it.
    this.#after(0, () => {
      if (this.#sessions.get(peerId) === session) {
        this.#emit({ type: 'up', peer: sender, inspection: this.#inspect(session) });
      }
    });
  }

  disconnected(peerId: PeerId, reason: string): void {
    const session = this.#sessions.get(peerId);
    if (session === undefined) return;
    this.#sessions.delete(peerId);
    session.link.close();
    session.signal.abort();
    this.#relay.peerDown(peerId);
    this.#emit({ type: 'down', peer: session.sender, reason });
  }

  /** A message of a peer; a promise holds its lane back. */
  receive(from: PeerId, lane: MemoryLane, bytes: Uint8Array): void | Promise<void> {
    const session = this.#sessions.get(from);
    if (session === undefined || !this.running) return undefined;
    this.own.add(`received_${lane}`);
    if (lane === 'transactions') return this.#relay.receive(from, bytes);
    if (this.#handler === undefined) {
      this.own.add('messages_unhandled');
      return undefined;
    }
    try {
      return this.#handler(session.sender, lane, bytes);
    } catch {
      this.own.add('handler_failures');
      return undefined;
    }
  }

  #send(to: PeerId | undefined, lane: MemoryLane, bytes: Uint8Array): SendOutcome {
    if (bytes.length > laneLimits[lane].messageBytes) return 'oversized';
    const session = to === undefined ? undefined : this.#sessions.get(to);
    if (session === undefined) {
      this.own.add('sends_unconnected');
      return 'unconnected';
    }
    return session.link.push(lane, bytes) ? 'queued' : 'full';
  }

  #byValidator(id: ValidatorId): PeerId | undefined {
    for (const session of this.#sessions.values()) {
      if (session.sender.validatorId === id) return session.sender.peerId;
    }
    return undefined;
  }

  #makeLinks(): ValidatorLinks {
    return {
      sendToValidator: (to, lane: Lane, bytes) => this.#send(this.#byValidator(to), lane, bytes),
      sendToPeer: (to, lane: Lane, bytes) => this.#send(to, lane, bytes),
      broadcast: (lane, bytes, except) => {
        let count = 0;
        for (const { sender } of this.#sessions.values()) {
          const id = sender.validatorId;
          if (id === undefined || id === except || id === this.self.validatorId) continue;
          if (this.#send(sender.peerId, lane, bytes) === 'queued') count += 1;
        }
        return count;
      },
      onMessage: (handler) => {
        this.#handler = handler;
      },
      validators: () =>
        [...this.#sessions.values()].flatMap(({ sender }) => sender.validatorId ?? []),
    };
  }

  async #publish(topic: GossipTopic, bytes: Uint8Array): Promise<number> {
    if (bytes.length > limits.gossipBytes.value) return 0;
    this.own.add(`gossip_published_${topic}`);
    this.#seenGossip.add(gossipKey(topic, bytes));
    return this.#spread(topic, bytes, undefined);
  }

  #spread(topic: GossipTopic, bytes: Uint8Array, except: PeerId | undefined): number {
    let count = 0;
    for (const { sender, other } of this.#sessions.values()) {
      if (sender.peerId === except) continue;
      count += 1;
      const delayMs = this.world.delayMs(this.self.peerId, sender.peerId, 'rest', bytes.length);
      const copy = bytes.slice();
      this.#after(delayMs, () => void other.gossiped(this.self.peerId, topic, copy));
    }
    return count;
  }

  /** A gossiped payload of a peer. */
  async gossiped(from: PeerId, topic: GossipTopic, bytes: Uint8Array): Promise<void> {
    const key = gossipKey(topic, bytes);
    if (!this.running || !this.#sessions.has(from) || this.#seenGossip.has(key)) return;
    this.#seenGossip.add(key);
    if (this.#seenGossip.size > 10_000) {
      const oldest = this.#seenGossip.values().next();
      if (oldest.done !== true) this.#seenGossip.delete(oldest.value);
    }
    this.own.add(`gossip_received_${topic}`);
    try {
      const verdict = (await this.#gossipHandler?.(from, topic, bytes)) ?? 'ignore';
      if (verdict === 'accept') this.#spread(topic, bytes, from);
      if (verdict === 'invalid') this.#penalize(from, 'invalid');
    } catch {
      this.own.add('handler_failures');
    }
  }

  #makePeers(): Peers {
    return {
      list: () => [...this.#sessions.values()].map((session) => this.#inspect(session)),
      get: (peerId) => {
        const session = this.#sessions.get(peerId);
        return session === undefined ? undefined : this.#inspect(session);
      },
      penalize: (peerId, offence) => this.#penalize(peerId, offence),
      ban: (peerId, durationMs, reason) => {
        this.#scores.ban(peerId, durationMs, reason);
        this.#leave(peerId, `banned: ${reason}`);
      },
      unban: (peerId) => this.#scores.unban(peerId),
      bans: () => this.#scores.bans(),
      disconnect: (peerId, reason) => this.#leave(peerId, `operator-request: ${reason}`),
      on: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  #inspect(session: MemorySession): PeerInspection {
    const { link, sender } = session;
    return {
      ...sender,
      direction: session.direction,
      address: `/memory/${sender.peerId}`,
      agent: 'memory',
      protocolVersion: 1,
      connectedAtMs: session.connectedAtMs,
      roundTripMs: undefined,
      clockOffsetMs: undefined,
      score: this.#scores.pointsOf(sender.peerId),
      bytesIn: 0,
      bytesOut: link.bytesOut,
      messagesIn: 0,
      messagesOut: link.messagesOut,
      queuedBytes: link.queuedBytes(),
      dropped: link.dropped,
    };
  }

  #penalize(peerId: PeerId, offence: Offence): void {
    this.own.add(`offences_${offence}`);
    if (!this.#scores.charge(peerId, offence)) return;
    this.#scores.banByScore(peerId, offence);
    this.#leave(peerId, `score-too-low: ${offence}`);
  }

  #leave(peerId: PeerId, reason: string): void {
    const session = this.#sessions.get(peerId);
    if (session === undefined) return;
    this.disconnected(peerId, reason);
    session.other.disconnected(this.self.peerId, `the peer left: ${reason}`);
  }

  #emit(event: PeerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        this.own.add('handler_failures');
      }
    }
  }

  counters(): Readonly<Record<string, number>> {
    const { entries, heldBytes, wanted } = this.#relay.sizes;
    return {
      ...this.own.snapshot(),
      sessions: this.#sessions.size,
      validators: this.links.validators().length,
      relay_entries: entries,
      relay_held_bytes: heldBytes,
      relay_wanted: wanted,
    };
  }

  async start(): Promise<void> {
    this.running = true;
    this.#hub.onStart(this);
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    for (const peerId of this.#sessions.keys()) this.#leave(peerId, 'shutdown');
    this.running = false;
    this.#hub.onStop(this);
  }
}

const gossipKey = (topic: GossipTopic, bytes: Uint8Array): string =>
  `${topic} ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')}`;
