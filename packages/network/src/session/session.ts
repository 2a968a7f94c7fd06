import type { Connection, Stream } from '@libp2p/interface';
import { type Lane, type PeerId, type Sender, type ValidatorId } from '../contract.ts';
import { type Counters } from '../counters.ts';
import { type CloseReason } from '../errors.ts';
import { laneLimits, limits } from '../limits.ts';
import { Outbox } from '../links/outbox.ts';
import { TokenBucket } from '../peers/buckets.ts';
import { type FrameStream } from '../wire/frame-stream.ts';
import { FrameReader } from '../wire/frames.ts';
import { encodeHelloMessage, type Hello } from '../wire/hello.ts';
import { type HandshakeResult, type ProofPayloads, type ValidatorClaim } from './handshake.ts';

/** The lanes of a link on the wire; `transactions` is the relay's. */
export type WireLane = Lane | 'transactions';

/** In the order of urgency, which is the order of writing. */
export const wireLanes: readonly WireLane[] = ['vote', 'proposal', 'rest', 'transactions'];

/** The libp2p protocol of a lane. The opener writes, the other side reads. */
export const laneProtocols: Readonly<Record<WireLane, string>> = {
  vote: '/mxd/lane/vote/1',
  proposal: '/mxd/lane/proposal/1',
  rest: '/mxd/lane/rest/1',
  transactions: '/mxd/lane/transactions/1',
};

/** What a session calls back. */
export interface SessionHost {
  readonly counters: Counters;
  deliver(session: Session, lane: WireLane, bytes: Uint8Array): void | Promise<void>;
  /** The session did something provably wrong, or came to its end. */
  fail(session: Session, reason: CloseReason): void;
  /** Asks for `flush` soon: once per turn of the event loop for all sessions. */
  markDirty(session: Session): void;
}

interface LaneState {
  readonly name: WireLane;
  readonly outbox: Outbox;
  out: Stream | undefined;
  opening: boolean;
  openFailures: number;
  in: Stream | undefined;
  readonly reader: FrameReader;
  busy: boolean;
  partialSinceMs: number;
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
  lastProgressMs: number;
  readonly sentCell: { value: number };
  readonly receivedCell: { value: number };
}

/** One handshaken connection with its lanes. */
export class Session {
  readonly connection: Connection;
  readonly peerId: PeerId;
  readonly host: SessionHost;
  readonly connectedAtMs: number;
  readonly control: FrameStream;
  remote: Hello;
  readonly version: number;
  readonly payloads: ProofPayloads;
  sender: Sender;
  claim: ValidatorClaim | undefined;
  closed = false;
  /** Small number given by the relay's table of who has what. */
  slot = -1;
  bytesIn = 0;
  bytesOut = 0;
  messagesIn = 0;
  messagesOut = 0;
  roundTripMs: number | undefined;
  /** When anything came from the peer last, on the monotonic clock. */
  lastReceivedMs: number;
  readonly clockSamples: { readonly offsetMs: number; readonly roundTripMs: number }[] = [];
  readonly #lanes: Record<WireLane, LaneState>;
  readonly #order: readonly LaneState[];

  constructor(
    host: SessionHost,
    connection: Connection,
    control: FrameStream,
    sender: Sender,
    handshake: HandshakeResult & { ok: true },
  ) {
    this.host = host;
    this.connection = connection;
    this.control = control;
    this.peerId = sender.peerId;
    this.remote = handshake.remote;
    this.version = handshake.version;
    this.payloads = handshake.payloads;
    this.sender = sender;
    this.claim = handshake.claim;
    this.connectedAtMs = Date.now();
    const nowMs = performance.now();
    this.lastReceivedMs = nowMs;
    const lane = (name: WireLane): LaneState => laneState(name, host.counters, nowMs);
    this.#lanes = {
      vote: lane('vote'),
      proposal: lane('proposal'),
      rest: lane('rest'),
      transactions: lane('transactions'),
    };
    this.#order = wireLanes.map((name) => this.#lanes[name]);
  }

  get validatorId(): ValidatorId | undefined {
    return this.sender.validatorId;
  }

  queuedBytes(lane: WireLane): number {
    return this.#lanes[lane].outbox.bytes;
  }

  get dropped(): number {
    return this.#order.reduce((sum, lane) => sum + lane.outbox.dropped, 0);
  }

  /** Puts a frame (header included) into a lane's outbox; false when it was refused. */
  enqueue(name: WireLane, frame: Uint8Array): boolean {
    const lane = this.#lanes[name];
    const before = lane.outbox.length;
    const dropped = lane.outbox.dropped;
    const taken = lane.outbox.push(frame);
    if (lane.outbox.dropped !== dropped) {
      this.host.counters.add(`dropped_${name}`, lane.outbox.dropped - dropped);
    }
    if (!taken) return false;
    if (before === 0) lane.lastProgressMs = performance.now();
    this.messagesOut += 1;
    lane.sentCell.value += 1;
    this.host.markDirty(this);
    return true;
  }

  /** Opens the lanes ahead of their first message: between validators every one is needed. */
  openLanes(): void {
    for (const lane of this.#order) if (lane.out === undefined) void this.#open(lane);
  }

  /** Writes what the connection takes, most urgent lane first. */
  flush(): void {
    if (this.closed) return;
    for (const lane of this.#order) {
      if (lane.outbox.length === 0) continue;
      const stream = lane.out;
      if (stream === undefined) {
        void this.#open(lane);
        continue;
      }
      this.#flushLane(lane, stream);
    }
  }

  #flushLane(lane: LaneState, stream: Stream): void {
    const slice = limits.writeSliceBytes.value;
    while (!stream.writableNeedsDrain && stream.writeStatus === 'writable') {
      const bytes = lane.outbox.take(slice);
      if (bytes === undefined) return;
      this.bytesOut += bytes.length;
      lane.lastProgressMs = performance.now();
      try {
        if (!stream.send(bytes)) return;
      } catch {
        this.host.fail(this, 'connection-lost');
        return;
      }
    }
  }

  async #open(lane: LaneState): Promise<void> {
    if (lane.opening || this.closed) return;
    lane.opening = true;
    try {
      const stream = await this.connection.newStream(laneProtocols[lane.name], {
        signal: AbortSignal.timeout(limits.helloTimeoutMs.value),
      });
      stream.addEventListener('drain', () => this.host.markDirty(this));
      stream.addEventListener('close', () => {
        if (lane.out === stream) lane.out = undefined;
        if (!this.closed && lane.outbox.length > 0) this.host.fail(this, 'connection-lost');
      });
      lane.out = stream;
      lane.openFailures = 0;
      this.host.markDirty(this);
    } catch {
      lane.openFailures += 1;
      if (!this.closed) this.host.fail(this, 'connection-lost');
    } finally {
      lane.opening = false;
    }
  }

  /** Takes over a lane stream that the peer opened; a newer one replaces the old. */
  acceptLane(name: WireLane, stream: Stream): void {
    const lane = this.#lanes[name];
    if (lane.in !== undefined) {
      stream.abort(new Error('the lane is open already'));
      this.host.counters.add('lanes_refused');
      return;
    }
    lane.in = stream;
    stream.addEventListener('message', (event) => {
      this.bytesIn += event.data.byteLength;
      this.lastReceivedMs = performance.now();
      lane.reader.push(event.data);
      this.#drainLane(lane, stream);
    });
    stream.addEventListener('close', () => {
      if (lane.in === stream) lane.in = undefined;
    });
  }

  #drainLane(lane: LaneState, stream: Stream): void {
    while (!lane.busy && !this.closed) {
      const payload = lane.reader.next();
      if (payload === undefined) {
        if (lane.reader.oversized) return this.host.fail(this, 'oversized-frame');
        if (lane.reader.buffered === 0) lane.partialSinceMs = 0;
        else if (lane.partialSinceMs === 0) lane.partialSinceMs = performance.now();
        return;
      }
      lane.partialSinceMs = 0;
      this.messagesIn += 1;
      lane.receivedCell.value += 1;
      const pending = this.host.deliver(this, lane.name, payload);
      const waitMs = this.#charge(lane, payload.length);
      if (waitMs > 0) this.host.counters.add(`throttled_${lane.name}`);
      if (pending !== undefined || waitMs > 0) this.#hold(lane, stream, pending, waitMs);
    }
  }

  #charge(lane: LaneState, bytes: number): number {
    const nowMs = performance.now();
    return Math.max(lane.messages.charge(1, nowMs), lane.bytes.charge(bytes + 4, nowMs));
  }

  /** Stops reading the lane until the receiver is done and the rate allows more. */
  #hold(lane: LaneState, stream: Stream, pending: void | Promise<void>, waitMs: number): void {
    lane.busy = true;
    if (stream.readStatus === 'readable') stream.pause();
    const wait = waitMs > 0 ? new Promise((resolve) => setTimeout(resolve, waitMs)) : undefined;
    void Promise.allSettled([pending, wait]).then((outcomes) => {
      if (outcomes[0].status === 'rejected') this.host.counters.add('handler_failures');
      lane.busy = false;
      if (this.closed) return;
      this.#drainLane(lane, stream);
      if (!lane.busy && stream.readStatus === 'paused') stream.resume();
    });
  }

  /** Ends sessions that keep a frame or an outbox waiting for too long; called every second. */
  watch(nowMs: number): CloseReason | undefined {
    for (const lane of this.#order) {
      const partial = lane.partialSinceMs;
      if (!lane.busy && partial > 0 && nowMs - partial > limits.frameTimeoutMs.value) {
        return 'too-slow';
      }
      const waiting = lane.outbox.length > 0;
      if (waiting && nowMs - lane.lastProgressMs > limits.slowReaderMs.value) return 'too-slow';
    }
    return undefined;
  }

  /** Says why, then closes the connection. Queued frames are lost; their number is returned. */
  close(reason: CloseReason, text: string): number {
    if (this.closed) return 0;
    this.closed = true;
    let lost = 0;
    for (const lane of this.#order) lost += lane.outbox.clear();
    if (reason === 'connection-lost') {
      this.connection.abort(new Error(reason));
      return lost;
    }
    this.control.send(encodeHelloMessage({ type: 'refuse', reason, text }));
    const signal = AbortSignal.timeout(1_000);
    this.connection.close({ signal }).catch((error: unknown) => {
      this.connection.abort(error instanceof Error ? error : new Error(reason));
    });
    return lost;
  }
}

function laneState(name: WireLane, counters: Counters, nowMs: number): LaneState {
  const own = laneLimits[name];
  return {
    name,
    outbox: new Outbox(own),
    out: undefined,
    opening: false,
    openFailures: 0,
    in: undefined,
    reader: new FrameReader(own.messageBytes),
    busy: false,
    partialSinceMs: 0,
    messages: new TokenBucket(own.messagesPerSecond, own.messagesPerSecond, nowMs),
    bytes: new TokenBucket(
      own.bytesPerSecond,
      Math.max(own.bytesPerSecond, own.messageBytes * 2),
      nowMs,
    ),
    lastProgressMs: nowMs,
    sentCell: counters.cell(`sent_${name}`),
    receivedCell: counters.cell(`received_${name}`),
  };
}
