import type { Connection, Stream } from '@libp2p/interface';
import { type PeerId, type Sender, type ValidatorId } from '../contract.ts';
import { type Counters } from '../counters.ts';
import { type CloseReason } from '../errors.ts';
import { type Host } from '../host/host.ts';
import { limits } from '../limits.ts';
import { toHex } from '@mxd/codec';
import { TokenBucket } from '../peers/buckets.ts';
import { FrameStream } from '../wire/frame-stream.ts';
import {
  decodeHelloMessage,
  encodeHelloMessage,
  helloMaxBytes,
  helloProtocol,
  type HelloMessage,
} from '../wire/hello.ts';
import {
  handshake,
  judgeClaim,
  proofFrame,
  type HandshakeContext,
  type HandshakeResult,
  type ValidatorClaim,
  type ValidatorAuthority,
  type ValidatorIdentity,
} from './handshake.ts';
import { laneProtocols, Session, wireLanes, type SessionHost, type WireLane } from './session.ts';

const watchIntervalMs = 1_000;

// Pings and proofs of one peer.
const controlPerSecond = 5;

/** What the sessions need from the rest of the network. */
export interface SessionsContext {
  readonly networkId: number;
  readonly chainTag: Uint8Array;
  readonly agent: string;
  readonly isPrivate: boolean;
  readonly authority: ValidatorAuthority;
  readonly counters: Counters;
  identity(): ValidatorIdentity | undefined;
  listen(): readonly Uint8Array[];
  admit(
    remote: PeerId,
    validatorId: ValidatorId | undefined,
    inbound: boolean,
  ): CloseReason | undefined;
  onUp(session: Session): void;
  onDown(session: Session, reason: CloseReason, text: string): void;
  /** A connection that did not become a session: for scores, the address book and logs. */
  onRefused(peerId: PeerId, connection: Connection, result: HandshakeResult & { ok: false }): void;
  deliver(session: Session, lane: WireLane, bytes: Uint8Array): void | Promise<void>;
}

interface Pending {
  readonly connection: Connection;
  readonly ready: Promise<Session | undefined>;
  readonly settle: (session: Session | undefined) => void;
  timer: NodeJS.Timeout | undefined;
  running: boolean;
}

/** Turns connections into sessions and keeps the tables of who is connected. */
export class Sessions implements SessionHost {
  readonly counters: Counters;
  readonly #context: SessionsContext;
  readonly #host: Host;
  readonly #pending = new Map<string, Pending>();
  readonly #byConnection = new Map<string, Session>();
  readonly #byPeer = new Map<PeerId, Session>();
  readonly #byValidator = new Map<ValidatorId, Session>();
  readonly #dirty: Session[] = [];
  readonly #isDirty = new Set<Session>();
  #flushing = false;
  #watch: NodeJS.Timeout | undefined;
  #watchedAtMs = 0;
  #pingId = 0;
  readonly #pings = new Map<Session, { id: number; sentMs: number; clockMs: number }>();
  #onOpen: ((event: CustomEvent<Connection>) => void) | undefined;
  #onClose: ((event: CustomEvent<Connection>) => void) | undefined;
  #stopped = false;

  constructor(host: Host, context: SessionsContext) {
    this.#host = host;
    this.#context = context;
    this.counters = context.counters;
  }

  async start(): Promise<void> {
    const host = this.#host;
    await host.handle(helloProtocol, (stream, connection) => this.#onHello(stream, connection), {
      maxInboundStreams: 2,
    });
    for (const lane of wireLanes) {
      const onStream = (stream: Stream, connection: Connection): void => {
        void this.#onLane(lane, stream, connection);
      };
      await host.handle(laneProtocols[lane], onStream, { maxInboundStreams: 2 });
    }
    this.#onOpen = (event) => this.#opened(event.detail);
    this.#onClose = (event) => this.#closed(event.detail);
    host.addEventListener('connection:open', this.#onOpen);
    host.addEventListener('connection:close', this.#onClose);
    this.#watchedAtMs = performance.now();
    this.#watch = setInterval(() => this.#watchAll(), watchIntervalMs);
    this.#watch.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#watch);
    if (this.#onOpen) this.#host.removeEventListener('connection:open', this.#onOpen);
    for (const session of this.#byConnection.values()) this.end(session, 'shutdown', 'shutdown');
    // Room for the farewell frames to leave before the sockets do.
    await new Promise((resolve) => setTimeout(resolve, this.#byConnection.size > 0 ? 20 : 0));
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.settle(undefined);
    }
    this.#pending.clear();
    if (this.#onClose) this.#host.removeEventListener('connection:close', this.#onClose);
  }

  byPeer(peerId: PeerId): Session | undefined {
    return this.#byPeer.get(peerId);
  }

  byValidator(id: ValidatorId): Session | undefined {
    return this.#byValidator.get(id);
  }

  /** Live sessions, one per peer. */
  all(): IterableIterator<Session> {
    return this.#byPeer.values();
  }

  /** Sessions with proven validators. */
  validatorSessions(): IterableIterator<Session> {
    return this.#byValidator.values();
  }

  validatorIds(): ValidatorId[] {
    return [...this.#byValidator.keys()];
  }

  get size(): number {
    return this.#byPeer.size;
  }

  /** The session of a connection, once its handshake has ended well. */
  async ready(connection: Connection): Promise<Session | undefined> {
    const session = this.#byConnection.get(connection.id);
    if (session !== undefined) return session.closed ? undefined : session;
    return this.#pendingOf(connection).ready;
  }

  #pendingOf(connection: Connection): Pending {
    const existing = this.#pending.get(connection.id);
    if (existing !== undefined) return existing;
    const { promise, resolve } = Promise.withResolvers<Session | undefined>();
    const pending: Pending = {
      connection,
      ready: promise,
      settle: resolve,
      running: false,
      timer: setTimeout(() => this.#expire(connection), limits.helloTimeoutMs.value),
    };
    this.#pending.set(connection.id, pending);
    return pending;
  }

  #expire(connection: Connection): void {
    const pending = this.#pending.get(connection.id);
    if (pending === undefined || pending.running) return;
    this.counters.add('handshakes_timed_out');
    this.#drop(connection, pending);
  }

  #drop(connection: Connection, pending: Pending): void {
    clearTimeout(pending.timer);
    this.#pending.delete(connection.id);
    pending.settle(undefined);
    const signal = AbortSignal.timeout(500);
    connection.close({ signal }).catch(() => connection.abort(new Error('handshake failed')));
  }

  #opened(connection: Connection): void {
    if (this.#stopped) return;
    const pending = this.#pendingOf(connection);
    if (connection.direction === 'outbound') void this.#dialHello(connection, pending);
  }

  async #dialHello(connection: Connection, pending: Pending): Promise<void> {
    try {
      const stream = await connection.newStream(helloProtocol, {
        signal: AbortSignal.timeout(limits.helloTimeoutMs.value),
      });
      await this.#shake('dialer', stream, connection, pending);
    } catch {
      this.counters.add('handshakes_failed_connection-lost');
      this.#drop(connection, pending);
    }
  }

  #onHello(stream: Stream, connection: Connection): void {
    const established = this.#byConnection.get(connection.id);
    if (established !== undefined || connection.direction === 'outbound') {
      this.counters.add('handshakes_out_of_turn');
      stream.abort(new Error('the handshake is done, or not yours to begin'));
      return;
    }
    const pending = this.#pendingOf(connection);
    if (pending.running) {
      stream.abort(new Error('a handshake is under way'));
      return;
    }
    void this.#shake('listener', stream, connection, pending);
  }

  #handshakeContext(connection: Connection): HandshakeContext {
    const context = this.#context;
    const inbound = connection.direction === 'inbound';
    return {
      networkId: context.networkId,
      chainTag: context.chainTag,
      agent: context.agent,
      isPrivate: context.isPrivate,
      identity: context.identity(),
      authority: context.authority,
      ownPeer: this.#host.peerId.toMultihash().bytes,
      remotePeer: connection.remotePeer.toMultihash().bytes,
      remotePeerId: connection.remotePeer.toString() as PeerId,
      listen: () => context.listen(),
      admit: (peerId, validatorId) => {
        if (connection.remotePeer.type !== 'Ed25519') return 'unsupported-key';
        return context.admit(peerId, validatorId, inbound);
      },
      clockMs: () => Date.now(),
      timeoutMs: limits.helloTimeoutMs.value,
    };
  }

  async #shake(
    role: 'dialer' | 'listener',
    stream: Stream,
    connection: Connection,
    pending: Pending,
  ): Promise<void> {
    pending.running = true;
    const control = new FrameStream(stream, helloMaxBytes);
    const result = await handshake(role, this.#handshakeContext(connection), control);
    if (!result.ok) {
      this.counters.add(`handshakes_failed_${result.reason}`);
      const peerId = connection.remotePeer.toString() as PeerId;
      this.#context.onRefused(peerId, connection, result);
      this.#drop(connection, pending);
      return;
    }
    clearTimeout(pending.timer);
    this.#pending.delete(connection.id);
    if (connection.status !== 'open' || this.#stopped) {
      pending.settle(undefined);
      return;
    }
    const session = this.#establish(connection, control, result);
    pending.settle(session);
  }

  #establish(
    connection: Connection,
    control: FrameStream,
    result: HandshakeResult & { ok: true },
  ): Session | undefined {
    const peerId = connection.remotePeer.toString() as PeerId;
    const sender: Sender = { peerId, validatorId: result.validatorId };
    const session = new Session(this, connection, control, sender, result);
    this.counters.add('sessions_established');
    const rival = this.#byPeer.get(peerId);
    if (rival !== undefined && !this.#replaces(session, rival)) {
      this.counters.add('sessions_duplicate');
      this.#byConnection.set(connection.id, session);
      this.#retire(session);
      return session;
    }
    this.#byConnection.set(connection.id, session);
    this.#byPeer.set(peerId, session);
    if (rival !== undefined) {
      this.counters.add('sessions_duplicate');
      this.#forgetValidator(rival);
      this.#retire(rival);
    }
    this.#rememberValidator(session);
    this.#control(session);
    if (session.validatorId !== undefined) session.openLanes();
    this.#context.onUp(session);
    return session;
  }

  /**
   * Of two connections with one peer both sides keep the same one: the one dialled by the smaller
   * peer id, or the newer one when the same side dialled both (the older one is half dead then).
   */
  #replaces(session: Session, rival: Session): boolean {
    if (rival.closed || rival.connection.status !== 'open') return true;
    if (session.connection.direction === rival.connection.direction) return true;
    const own = this.#host.peerId.toString();
    const wanted = own < session.peerId ? 'outbound' : 'inbound';
    return session.connection.direction === wanted;
  }

  /** Reads a superseded session for a little longer, then closes it. */
  #retire(session: Session): void {
    this.#control(session);
    const timer = setTimeout(() => {
      this.end(session, 'duplicate-connection', 'another connection with this peer is kept');
    }, 1_000);
    timer.unref();
  }

  #rememberValidator(session: Session): void {
    const id = session.validatorId;
    if (id === undefined) return;
    const other = this.#byValidator.get(id);
    if (other !== undefined && other !== session && other.peerId !== session.peerId) {
      this.counters.add('validators_seen_twice');
    }
    this.#byValidator.set(id, session);
  }

  #forgetValidator(session: Session): void {
    const id = session.validatorId;
    if (id === undefined || this.#byValidator.get(id) !== session) return;
    this.#byValidator.delete(id);
    // A second node with the same proof may still be connected.
    for (const other of this.#byPeer.values()) {
      if (other !== session && other.validatorId === id && !other.closed) {
        this.#byValidator.set(id, other);
      }
    }
  }

  /** Judges all claims again: the table of validators has changed. */
  async validatorsChanged(): Promise<void> {
    for (const session of this.#byPeer.values()) {
      if (session.claim !== undefined) await this.#judgeAgain(session, session.claim);
    }
  }

  async #judgeAgain(
    session: Session,
    claim: ValidatorClaim,
  ): Promise<'true' | 'false' | 'unknown'> {
    const verdict = await judgeClaim(this.#context.authority, claim);
    const validatorId = verdict === 'true' ? claim.id : undefined;
    if (session.closed || validatorId === session.validatorId) return verdict;
    this.#forgetValidator(session);
    session.sender = { peerId: session.peerId, validatorId };
    if (this.#byPeer.get(session.peerId) !== session) return verdict;
    this.#rememberValidator(session);
    if (validatorId !== undefined) session.openLanes();
    this.#context.onUp(session);
    return verdict;
  }

  /** Proves this node's present identity on all sessions: it has become a validator. */
  async proveAgain(): Promise<void> {
    const identity = this.#context.identity();
    if (identity === undefined) return;
    for (const session of this.#byPeer.values()) {
      const payload = await proofFrame(identity, session.payloads.own);
      if (!session.closed) session.control.send(payload);
    }
  }

  /** A proof after the handshake: the peer has become a validator, or has changed its key. */
  async #onLaterProof(
    session: Session,
    message: Extract<HelloMessage, { type: 'proof' }>,
  ): Promise<void> {
    const claim: ValidatorClaim = {
      id: toHex(message.validatorId) as ValidatorId,
      signature: message.signature,
      payload: session.payloads.remote,
    };
    session.claim = claim;
    if ((await this.#judgeAgain(session, claim)) === 'false') {
      this.end(session, 'bad-validator-proof', `no valid proof for validator ${claim.id}`);
    }
  }

  async #onLane(lane: WireLane, stream: Stream, connection: Connection): Promise<void> {
    const session = await this.ready(connection);
    if (session === undefined) {
      this.counters.add('streams_without_session');
      stream.abort(new Error('no session'));
      return;
    }
    session.acceptLane(lane, stream);
  }

  #closed(connection: Connection): void {
    const pending = this.#pending.get(connection.id);
    if (pending !== undefined) {
      clearTimeout(pending.timer);
      this.#pending.delete(connection.id);
      pending.settle(undefined);
    }
    const session = this.#byConnection.get(connection.id);
    if (session === undefined) return;
    session.closed = true;
    this.#remove(session, 'connection-lost', 'the connection ended');
  }

  #remove(session: Session, reason: CloseReason, text: string): void {
    if (!this.#byConnection.delete(session.connection.id)) return;
    session.control.cancelRead();
    this.#pings.delete(session);
    const primary = this.#byPeer.get(session.peerId) === session;
    if (primary) this.#byPeer.delete(session.peerId);
    this.#forgetValidator(session);
    this.counters.add(`sessions_ended_${reason}`);
    if (primary) this.#context.onDown(session, reason, text);
  }

  deliver(session: Session, lane: WireLane, bytes: Uint8Array): void | Promise<void> {
    return this.#context.deliver(session, lane, bytes);
  }

  fail(session: Session, reason: CloseReason): void {
    this.end(session, reason, reason);
  }

  /** Ends a session with a reason that the peer is told. */
  end(session: Session, reason: CloseReason, text: string): void {
    const lost = session.close(reason, text);
    if (lost > 0) this.counters.add('dropped_at_close', lost);
    this.#remove(session, reason, text);
  }

  markDirty(session: Session): void {
    if (this.#isDirty.has(session)) return;
    this.#isDirty.add(session);
    this.#dirty.push(session);
    if (this.#flushing) return;
    this.#flushing = true;
    // After the callbacks of this turn: what they send to one peer leaves in one write.
    setImmediate(() => this.#flushAll());
  }

  #flushAll(): void {
    this.#flushing = false;
    const batch = this.#dirty.splice(0);
    this.#isDirty.clear();
    for (const session of batch) session.flush();
  }

  #watchAll(): void {
    const nowMs = performance.now();
    // After a pause of this process nobody else is to blame for silence.
    const paused = nowMs - this.#watchedAtMs > watchIntervalMs * 3;
    this.#watchedAtMs = nowMs;
    if (paused) {
      this.counters.add('own_pauses');
      for (const session of this.#byConnection.values()) session.lastReceivedMs = nowMs;
      this.#pings.clear();
      return;
    }
    for (const session of this.#byConnection.values()) {
      const reason = session.watch(nowMs) ?? this.#checkAlive(session, nowMs);
      if (reason !== undefined) this.end(session, reason, reason);
    }
  }

  #checkAlive(session: Session, nowMs: number): CloseReason | undefined {
    if (nowMs - session.lastReceivedMs < limits.livenessPingMs.value) return undefined;
    const ping = this.#pings.get(session);
    if (ping === undefined || ping.sentMs < session.lastReceivedMs) {
      this.#ping(session);
      return undefined;
    }
    const silent = nowMs - ping.sentMs > limits.livenessTimeoutMs.value;
    if (silent) this.counters.add('peers_silent');
    return silent ? 'connection-lost' : undefined;
  }

  /** Measures round trip and clock offset of all sessions over their control streams. */
  pingAll(): void {
    for (const session of this.#byPeer.values()) this.#ping(session);
  }

  #ping(session: Session): void {
    this.#pingId = (this.#pingId + 1) >>> 0;
    const clockMs = Date.now();
    this.#pings.set(session, { id: this.#pingId, sentMs: performance.now(), clockMs });
    session.control.send(encodeHelloMessage({ type: 'ping', id: this.#pingId, clockMs }));
  }

  #control(session: Session): void {
    // What can throw here is this node's own verifier: the peer is let go, nothing else suffers.
    this.#runControl(session).catch(() => {
      this.counters.add('handler_failures');
      this.end(session, 'own-error', 'internal failure');
    });
  }

  async #runControl(session: Session): Promise<void> {
    const budget = new TokenBucket(controlPerSecond, controlPerSecond * 10, performance.now());
    while (!session.closed) {
      const payload = await session.control.read(600_000);
      if (payload === 'timeout') continue;
      if (payload === 'ended') return;
      session.lastReceivedMs = performance.now();
      const message = typeof payload === 'string' ? undefined : decodeHelloMessage(payload);
      if (message?.type === 'refuse') return this.#left(session, message.reason, message.text);
      if (!budget.take(1, performance.now())) {
        this.counters.add('control_frames_ignored');
        continue;
      }
      switch (message?.type) {
        case 'ping':
          session.control.send(
            encodeHelloMessage({ type: 'pong', id: message.id, clockMs: Date.now() }),
          );
          break;
        case 'pong':
          this.#onPong(session, message.id, message.clockMs);
          break;
        case 'proof':
          await this.#onLaterProof(session, message);
          break;
        default:
          return this.end(session, 'malformed-frame', 'not a control frame');
      }
    }
  }

  #left(session: Session, reason: CloseReason, text: string): void {
    this.counters.add(`sessions_left_${reason}`);
    session.closed = true;
    session.connection.close().catch(() => session.connection.abort(new Error('left')));
    this.#remove(session, reason, `the peer left: ${text}`);
  }

  #onPong(session: Session, id: number, clockMs: number): void {
    const sent = this.#pings.get(session);
    if (sent === undefined || sent.id !== id) return;
    this.#pings.delete(session);
    const roundTripMs = performance.now() - sent.sentMs;
    session.roundTripMs = roundTripMs;
    session.clockSamples.push({
      offsetMs: clockMs - (sent.clockMs + roundTripMs / 2),
      roundTripMs,
    });
    if (session.clockSamples.length > limits.clockSamples.value) session.clockSamples.shift();
  }
}
