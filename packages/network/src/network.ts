import { equalBytes } from '@mxd/codec';
import { multiaddr } from '@multiformats/multiaddr';
import type { Connection } from '@libp2p/interface';
import {
  type Gossip,
  type Network,
  type PeerId,
  type RequestHandler,
  type RequestKind,
  type RequestOptions,
  type RequestProtocols,
  type RequestResult,
  type TransactionRelay,
  type ValidatorId,
  type ValidatorLinks,
} from './contract.ts';
import { ClockWatch } from './clock/watch.ts';
import { type ClockReport } from './clock/offset.ts';
import { Counters } from './counters.ts';
import { NetworkError, type CloseReason } from './errors.ts';
import { GossipHub, gossipOptions } from './gossip/gossip.ts';
import { Gate } from './host/gate.ts';
import { createHost, type Host } from './host/host.ts';
import { laneLimits, limits } from './limits.ts';
import { Links } from './links/links.ts';
import { checkOptions, type CheckedOptions, type NetworkOptions } from './options.ts';
import { AddressBook, type RandomSource } from './peers/address-book.ts';
import { decodeAddress, isRelayed, remoteIp } from './peers/addresses.ts';
import { Connector } from './peers/connector.ts';
import { onTablePeers } from './peers/discovery.ts';
import { learnPeers, servePeers } from './peers/exchange.ts';
import { isPrivateIp } from './peers/ip.ts';
import { PeerDirectory } from './peers/peers.ts';
import { Scores } from './peers/scores.ts';
import { Relay } from './relay/relay.ts';
import { RequestClient } from './requests/client.ts';
import { RequestServer } from './requests/server.ts';
import { type HandshakeResult, type ValidatorIdentity } from './session/handshake.ts';
import { type Session, type WireLane } from './session/session.ts';
import { Sessions } from './session/sessions.ts';
import { frame } from './wire/frames.ts';

/** A network over sockets, with what only sockets have. */
export interface SocketNetwork extends Network {
  /** The libp2p host, for tests and for embedding: nothing in MXD needs it. */
  readonly host: Host;
  /** Judges all validator proofs again after the table of validators has changed. */
  validatorsChanged(): Promise<void>;
  /** Becomes a validator, changes its key, or stops being one; proves it on all sessions. */
  setValidator(identity: ValidatorIdentity | undefined): Promise<void>;
  /** Keeps a peer connected from now on. @throws NetworkError NETWORK_ADDRESS. */
  addStaticPeer(address: string): void;
  /** Clock offsets as measured; for display and alerts only. */
  clock(): ClockReport;
  /** Writes the address book and the bans now. */
  savePeers(): Promise<void>;
}

/**
 * Makes a network node that is not started yet.
 * @throws NetworkError NETWORK_CONFIG, NETWORK_KEY, NETWORK_ADDRESS, NETWORK_CIDR.
 */
export async function createNetwork(options: NetworkOptions): Promise<SocketNetwork> {
  const checked = checkOptions(options);
  const counters = new Counters();
  const scores = new Scores(() => Date.now());
  const gate = makeGate(checked, counters, scores);
  const sentryListen = checked.sentries.map((sentry) => `${sentry.address.toString()}/p2p-circuit`);
  const host = await createHost({
    nodeKey: options.nodeKey,
    listen: [...options.listen, ...sentryListen],
    announce: options.announce ?? [],
    features: options.features ?? {},
    gate,
    gossip: gossipOptions(checked.networkTag),
    networkTag: checked.networkTag,
    agent: checked.agent,
    keepPrivateAddresses: options.keepPrivateAddresses === true,
    isPrivate: checked.isPrivate,
  });
  return new LibP2pNetwork(checked, host, gate, counters, scores);
}

/** Uniform in [0, 1): unpredictable to peers, who must not guess whom this node dials next. */
function secureRandom(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}

function makeGate(checked: CheckedOptions, counters: Counters, scores: Scores): Gate {
  return new Gate({
    rules: {
      ...(checked.allowedPeers === undefined ? {} : { allowedPeers: checked.allowedPeers }),
      allowedRanges: checked.allowedRanges,
      deniedRanges: checked.deniedRanges,
      validatorsMayProve: checked.allowedValidators !== undefined,
    },
    limits: checked.gate,
    counters,
    isBanned: (peerId) => scores.isBanned(peerId),
    isBannedIp: (ip) => scores.isBannedHost(ip),
    relays: checked.sentryIds,
    relayClients: checked.relayClients,
    nowMs: () => performance.now(),
  });
}

class LibP2pNetwork implements SocketNetwork {
  readonly host: Host;
  readonly self: Network['self'];
  readonly links: ValidatorLinks;
  readonly gossip: Gossip;
  readonly requests: RequestProtocols;
  readonly transactions: TransactionRelay;
  readonly peers: PeerDirectory;
  readonly #checked: CheckedOptions;
  readonly #counters: Counters;
  readonly #gate: Gate;
  readonly #scores: Scores;
  readonly #book: AddressBook;
  readonly #sessions: Sessions;
  readonly #links: Links;
  readonly #gossip: GossipHub;
  readonly #server: RequestServer;
  readonly #relay: Relay;
  readonly #connector: Connector;
  readonly #clock: ClockWatch;
  readonly #random: RandomSource;
  #identity: ValidatorIdentity | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #relayTimers = new Set<NodeJS.Timeout>();
  #state: 'made' | 'running' | 'stopped' = 'made';

  constructor(checked: CheckedOptions, host: Host, gate: Gate, counters: Counters, scores: Scores) {
    const options = checked.raw;
    this.#checked = checked;
    this.host = host;
    this.#gate = gate;
    this.#counters = counters;
    this.#scores = scores;
    this.#random = options.random ?? secureRandom;
    const ownPeerId = host.peerId.toString() as PeerId;
    this.#identity = options.validator;
    const validatorId = (): ValidatorId | undefined => this.#identity?.id;
    this.self = {
      peerId: ownPeerId,
      get validatorId(): ValidatorId | undefined {
        return validatorId();
      },
      addresses: () => host.getMultiaddrs().map((address) => address.toString()),
    };
    this.#book = new AddressBook({
      nowMs: () => Date.now(),
      random: this.#random,
      keepPrivate: options.keepPrivateAddresses === true,
    });
    this.#sessions = this.#makeSessions();
    this.peers = new PeerDirectory(
      () => this.#sessions,
      scores,
      counters,
      (peerId) => this.#connector.isStatic(peerId),
    );
    this.#links = new Links(this.#sessions, counters, () => this.#identity?.id);
    this.links = this.#links;
    this.#gossip = new GossipHub(host, {
      networkTag: checked.networkTag,
      counters,
      hasSession: (peerId) => this.#sessions.byPeer(peerId) !== undefined,
      penalize: (peerId, offence) => this.peers.penalize(peerId, offence),
    });
    this.gossip = this.#gossip;
    const penalize = this.peers.penalize.bind(this.peers);
    this.#server = new RequestServer(host, this.#sessions, counters, penalize);
    const client = new RequestClient(this.#sessions, counters, penalize);
    this.requests = {
      request: (
        to: PeerId,
        kind: RequestKind,
        payload: Uint8Array,
        own?: RequestOptions,
      ): Promise<RequestResult> => client.request(to, kind, payload, own),
      serve: (kind: RequestKind, handler: RequestHandler) => this.#server.serve(kind, handler),
    };
    this.#relay = this.#makeRelay();
    this.transactions = this.#relay;
    this.#connector = this.#makeConnector(ownPeerId);
    this.#clock = new ClockWatch({
      sessions: this.#sessions,
      ntpServers: options.ntpServers ?? [],
      counters,
    });
    onTablePeers(host, (peerId, addresses) => this.#noteFound(peerId, addresses));
    this.#server.serve('peers', (_payload, { from }) =>
      servePeers(this.#book, from.peerId, checked.privatePeers),
    );
  }

  /** Hearsay of the Kademlia table: bounded in the book like that of one peer. */
  #noteFound(peerId: PeerId, addresses: readonly string[]): void {
    if (peerId === this.self.peerId) return;
    this.#counters.add('dht_peers_heard');
    if (this.#book.hear(peerId, addresses, 'dht')) this.#connector.fill();
  }

  #makeSessions(): Sessions {
    const options = this.#checked.raw;
    return new Sessions(this.host, {
      networkId: options.networkId,
      chainTag: options.chainTag,
      agent: this.#checked.agent,
      isPrivate: this.#checked.isPrivate,
      authority: options.authority,
      counters: this.#counters,
      identity: (): ValidatorIdentity | undefined => this.#identity,
      listen: () => this.#listenBytes(),
      admit: (remote, validatorId, inbound) => this.#admit(remote, validatorId, inbound),
      onUp: (session) => this.#up(session),
      onDown: (session, reason, text) => this.#down(session, reason, text),
      onRefused: (peerId, connection, result) => this.#refused(peerId, connection, result),
      deliver: (session, lane, bytes) => this.#deliver(session, lane, bytes),
    });
  }

  #makeRelay(): Relay {
    const options = this.#checked.raw;
    return new Relay(
      {
        send: (peerId, bytes) => this.#sendRelay(peerId, bytes),
        nowMs: () => performance.now(),
        schedule: (delayMs, callback) => this.#scheduleRelay(delayMs, callback),
        penalize: (peerId, offence) => this.peers.penalize(peerId, offence),
        isValidator: () => this.#identity !== undefined,
        idOf: options.transactionId,
      },
      this.#counters,
    );
  }

  #makeConnector(ownPeerId: PeerId): Connector {
    return new Connector({
      host: this.host,
      book: this.#book,
      counters: this.#counters,
      random: this.#random,
      ownPeerId,
      staticPeers: this.#checked.staticPeers,
      outboundPeers:
        this.#checked.sentryIds === undefined
          ? (this.#checked.raw.outboundPeers ?? limits.outboundPeers.value)
          : 0,
      hasSession: (peerId) => this.#sessions.byPeer(peerId) !== undefined,
      mayDial: (peerId) =>
        !this.#scores.isBanned(peerId) && this.#checked.allowedPeers?.has(peerId) !== false,
      outboundSessions: () => this.#outbound().map((session) => session.peerId),
    });
  }

  #outbound(): Session[] {
    return [...this.#sessions.all()].filter(
      (session) =>
        session.connection.direction === 'outbound' && !this.#connector.isStatic(session.peerId),
    );
  }

  #listenBytes(): readonly Uint8Array[] {
    // A node behind sentries tells only the addresses through them.
    const hidden = this.#checked.sentryIds !== undefined;
    return this.host
      .getMultiaddrs()
      .filter((address) => !hidden || address.toString().includes('/p2p-circuit'))
      .map((address) => address.bytes)
      .filter((bytes) => bytes.length <= 128)
      .slice(0, 8);
  }

  #admit(
    remote: PeerId,
    validatorId: ValidatorId | undefined,
    inbound: boolean,
  ): CloseReason | undefined {
    const { allowedPeers, allowedValidators, sentryIds } = this.#checked;
    if (this.#scores.isBanned(remote)) return 'banned';
    const isStatic = this.#connector.isStatic(remote);
    if (allowedPeers !== undefined || allowedValidators !== undefined) {
      const byPeer = allowedPeers?.has(remote) === true || sentryIds?.has(remote) === true;
      const byValidator = validatorId !== undefined && allowedValidators?.has(validatorId) === true;
      if (!byPeer && !byValidator) return 'not-allowed';
    }
    // Room for a hundred validators is kept free of others.
    const roomForOthers = Math.max(8, this.#checked.gate.connections - 100);
    const important = validatorId !== undefined || isStatic;
    if (inbound && !important && this.#sessions.size >= roomForOthers) return 'too-many-peers';
    return undefined;
  }

  #up(session: Session): void {
    const inspection = this.peers.inspect(session);
    this.#relay.peerUp(session.sender);
    this.#connector.peerUp(session.peerId);
    this.#noteAddresses(session);
    this.peers.emit({ type: 'up', peer: session.sender, inspection });
    if (session.connection.direction === 'outbound' && this.#checked.sentryIds === undefined) {
      void this.#learnFrom(session.peerId);
    }
  }

  /**
   * What was dialled is known to work. What an inbound peer claims counts as much only where the
   * address is the one that it came from: nobody is made to dial third parties on its word.
   */
  #noteAddresses(session: Session): void {
    const { remote, connection, peerId } = session;
    const claimed = remote.listen.flatMap((bytes) => decodeAddress(bytes) ?? []);
    const texts = claimed.map(({ address }) => withPeerId(address.toString(), peerId));
    if (isRelayed(connection.remoteAddr)) {
      this.#book.hear(peerId, texts, peerId, remote.isPrivate);
    } else if (connection.direction === 'outbound') {
      const dialled = connection.remoteAddr.toString();
      this.#book.reached(peerId, [dialled, ...texts], remote.isPrivate);
    } else {
      const from = remoteIp(connection.remoteAddr);
      const own = texts.filter((_, index) => {
        const ip = claimed[index]?.ip;
        return ip !== undefined && from !== undefined && equalBytes(ip, from);
      });
      if (own.length > 0) this.#book.reached(peerId, own, remote.isPrivate);
      else this.#book.hear(peerId, texts, peerId, remote.isPrivate);
    }
  }

  async #learnFrom(peerId: PeerId): Promise<void> {
    const ownPeerId = this.self.peerId;
    const learned = await learnPeers(this.requests, this.#book, peerId, ownPeerId, this.#counters);
    if (learned > 0) this.#connector.fill();
  }

  #down(session: Session, reason: CloseReason, text: string): void {
    this.#relay.peerDown(session.peerId);
    this.#gossip.peerDown(session.peerId);
    if (reason === 'malformed-frame') this.peers.penalize(session.peerId, 'malformed');
    if (reason === 'oversized-frame') this.peers.penalize(session.peerId, 'oversized');
    this.peers.emit({ type: 'down', peer: session.sender, reason: `${reason}: ${text}` });
    if (this.#state === 'running') this.#connector.peerDown(session.peerId);
  }

  #refused(peerId: PeerId, connection: Connection, result: HandshakeResult & { ok: false }): void {
    const foreign = ['wrong-network', 'wrong-chain', 'no-common-version'].includes(result.reason);
    // Whoever is on another network is not worth dialling again.
    if (foreign && connection.direction === 'outbound') this.#book.remove(peerId);
    if (result.byRemote) return;
    if (result.reason !== 'malformed-hello' && result.reason !== 'bad-validator-proof') return;
    this.peers.penalize(peerId, result.reason === 'malformed-hello' ? 'malformed' : 'invalid');
    const ip = remoteIp(connection.remoteAddr);
    // Peer ids are free: the address pays for forged proofs, but not a whole office or test machine.
    if (ip !== undefined && !isPrivateIp(ip)) this.#scores.banHost(ip, 60_000);
  }

  #deliver(session: Session, lane: WireLane, bytes: Uint8Array): void | Promise<void> {
    if (lane === 'transactions') return this.#relay.receive(session.peerId, bytes);
    return this.#links.deliver(session, lane, bytes);
  }

  #sendRelay(peerId: PeerId, bytes: Uint8Array): boolean {
    const session = this.#sessions.byPeer(peerId);
    if (session === undefined || bytes.length > laneLimits.transactions.messageBytes) return false;
    return session.enqueue('transactions', frame(bytes));
  }

  #scheduleRelay(delayMs: number, callback: () => void): void {
    if (delayMs <= 0) {
      setImmediate(callback);
      return;
    }
    const timer = setTimeout(() => {
      this.#relayTimers.delete(timer);
      callback();
    }, delayMs);
    this.#relayTimers.add(timer);
  }

  async start(): Promise<void> {
    if (this.#state !== 'made') throw new NetworkError('NETWORK_STATE', `already ${this.#state}`);
    this.#state = 'running';
    await this.#loadPeers();
    await this.#sessions.start();
    await this.#server.start();
    try {
      await this.host.start();
    } catch (error) {
      this.#state = 'stopped';
      await this.host.stop();
      const text = error instanceof Error ? error.message : String(error);
      throw new NetworkError('NETWORK_LISTEN', text, {}, { cause: error });
    }
    this.#gossip.start();
    this.#connector.start();
    this.#clock.start();
    this.#every(60_000, () => this.#sweep());
    this.#every(5_000, () => this.#dialBootstrap());
    this.#dialBootstrap();
  }

  #every(periodMs: number, run: () => void): void {
    const timer = setInterval(run, periodMs);
    timer.unref();
    this.#timers.push(timer);
  }

  /** Seed nodes are only for those who know nobody. */
  #dialBootstrap(): void {
    if (this.#sessions.size > 0) return;
    for (const { address } of this.#checked.bootstrap) {
      const signal = AbortSignal.timeout(limits.dialTimeoutMs.value);
      this.#counters.add('dials');
      this.host.dial(address, { signal }).catch(() => this.#counters.add('dials_failed'));
    }
  }

  #sweep(): void {
    this.#gate.sweep();
    this.#scores.sweep();
    const outbound = this.#outbound().sort((a, b) => a.connectedAtMs - b.connectedAtMs);
    this.#book.setAnchors(outbound.slice(0, limits.anchors.value).map((s) => s.peerId));
    const any = outbound[Math.floor(this.#random() * outbound.length)];
    if (any !== undefined) void this.#learnFrom(any.peerId);
    if (this.#book.dirty || this.#scores.dirty) void this.savePeers();
  }

  async #loadPeers(): Promise<void> {
    for (const { address, peerId } of this.#checked.bootstrap) {
      if (peerId !== undefined) this.#book.hear(peerId, [address.toString()], 'self');
    }
    const content = await this.#checked.raw.store?.load();
    if (content === undefined) return;
    this.#book.load(content.peers);
    this.#scores.load(content.bans);
  }

  async savePeers(): Promise<void> {
    const { store } = this.#checked.raw;
    if (store === undefined) return;
    this.#book.dirty = false;
    this.#scores.dirty = false;
    try {
      await store.save({ peers: [...this.#book.entries()], bans: this.#scores.saved() });
    } catch {
      this.#book.dirty = true;
      this.#counters.add('peer_store_failures');
    }
  }

  async stop(): Promise<void> {
    if (this.#state !== 'running') return;
    const outbound = this.#outbound().sort((a, b) => a.connectedAtMs - b.connectedAtMs);
    this.#book.setAnchors(outbound.slice(0, limits.anchors.value).map((s) => s.peerId));
    this.#state = 'stopped';
    for (const timer of this.#timers) clearInterval(timer);
    for (const timer of this.#relayTimers) clearTimeout(timer);
    this.#clock.stop();
    this.#connector.stop();
    this.#server.stop();
    await this.savePeers();
    await this.#sessions.stop();
    await this.host.stop();
  }

  async validatorsChanged(): Promise<void> {
    await this.#sessions.validatorsChanged();
  }

  async setValidator(identity: ValidatorIdentity | undefined): Promise<void> {
    this.#identity = identity;
    await this.#sessions.proveAgain();
  }

  addStaticPeer(address: string): void {
    this.#connector.add(parseStatic(address));
  }

  clock(): ClockReport {
    return this.#clock.report();
  }

  counters(): Readonly<Record<string, number>> {
    const { entries, heldBytes, wanted } = this.#relay.sizes;
    return {
      ...this.#counters.snapshot(),
      sessions: this.#sessions.size,
      validators: this.#sessions.validatorIds().length,
      connections_inbound: this.#gate.connections,
      gate_tracked: this.#gate.tracked,
      address_book: this.#book.size,
      relay_entries: entries,
      relay_held_bytes: heldBytes,
      relay_wanted: wanted,
    };
  }
}

function parseStatic(text: string): ReturnType<typeof decodeAddress> & object {
  let parsed: ReturnType<typeof decodeAddress>;
  try {
    parsed = decodeAddress(multiaddr(text).bytes);
  } catch {
    parsed = undefined;
  }
  if (parsed === undefined) {
    throw new NetworkError('NETWORK_ADDRESS', `"${text}" is not a usable multiaddr`, { text });
  }
  return parsed;
}

const withPeerId = (address: string, peerId: PeerId): string =>
  address.endsWith(`/p2p/${peerId}`) ? address : `${address}/p2p/${peerId}`;
