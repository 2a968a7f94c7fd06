import { type Lane, type PeerId } from '../contract.ts';
import { type Counters } from '../counters.ts';
import { laneLimits } from '../limits.ts';
import { Outbox } from '../links/outbox.ts';
import { type MemoryWorld } from './memory.ts';

export type MemoryLane = Lane | 'transactions';

const laneNames: readonly MemoryLane[] = ['vote', 'proposal', 'rest', 'transactions'];

// As much as a socket and a stream window take before the sender's outbox begins to fill.
const windowBytes = 256 * 1024;

interface LaneState {
  readonly outbox: Outbox;
  /** Sent and not yet taken by the receiver, in order. */
  readonly inFlight: Uint8Array[];
  inFlightBytes: number;
  /** Of those in flight, how many have arrived and wait for the receiver. */
  arrived: number;
  busy: boolean;
  pumping: boolean;
  /** Deliveries keep their order: none is due before the one sent before it. */
  lastDueMs: number;
}

/** One direction of a session in memory: four lanes with the outboxes of the real ones. */
export class MemoryLink {
  readonly #world: MemoryWorld;
  readonly #from: PeerId;
  readonly #to: PeerId;
  readonly #counters: Counters;
  readonly #deliver: (lane: MemoryLane, bytes: Uint8Array) => void | Promise<void>;
  readonly #lanes: Record<MemoryLane, LaneState>;
  #closed = false;
  bytesOut = 0;
  messagesOut = 0;

  constructor(
    world: MemoryWorld,
    from: PeerId,
    to: PeerId,
    counters: Counters,
    deliver: (lane: MemoryLane, bytes: Uint8Array) => void | Promise<void>,
  ) {
    this.#world = world;
    this.#from = from;
    this.#to = to;
    this.#counters = counters;
    this.#deliver = deliver;
    this.#lanes = {
      vote: laneState('vote'),
      proposal: laneState('proposal'),
      rest: laneState('rest'),
      transactions: laneState('transactions'),
    };
  }

  get dropped(): number {
    return laneNames.reduce((sum, lane) => sum + this.#lanes[lane].outbox.dropped, 0);
  }

  queuedBytes(): Readonly<Record<MemoryLane, number>> {
    const bytes = (lane: MemoryLane): number => this.#lanes[lane].outbox.bytes;
    return {
      vote: bytes('vote'),
      proposal: bytes('proposal'),
      rest: bytes('rest'),
      transactions: bytes('transactions'),
    };
  }

  push(name: MemoryLane, bytes: Uint8Array): boolean {
    const lane = this.#lanes[name];
    const { dropped } = lane.outbox;
    // The receiver gets bytes of its own, as it would from a socket.
    const taken = lane.outbox.push(bytes.slice());
    if (lane.outbox.dropped !== dropped) {
      this.#counters.add(`dropped_${name}`, lane.outbox.dropped - dropped);
    }
    if (!taken) return false;
    this.messagesOut += 1;
    this.#counters.add(`sent_${name}`);
    this.#schedulePump(name, lane);
    return true;
  }

  #schedulePump(name: MemoryLane, lane: LaneState): void {
    if (lane.pumping || this.#closed) return;
    lane.pumping = true;
    this.#world.schedule(0, () => {
      lane.pumping = false;
      this.#pump(name, lane);
    });
  }

  #pump(name: MemoryLane, lane: LaneState): void {
    while (!this.#closed && lane.outbox.length > 0 && lane.inFlightBytes < windowBytes) {
      const bytes = lane.outbox.takeFrame();
      if (bytes === undefined) return;
      lane.inFlight.push(bytes);
      lane.inFlightBytes += bytes.length;
      this.bytesOut += bytes.length;
      const nowMs = this.#world.nowMs();
      const delayMs = this.#world.delayMs(this.#from, this.#to, name, bytes.length);
      lane.lastDueMs = Math.max(lane.lastDueMs, nowMs + delayMs);
      this.#world.schedule(Math.max(0, lane.lastDueMs - nowMs), () => this.#arrive(name, lane));
    }
  }

  #arrive(name: MemoryLane, lane: LaneState): void {
    lane.arrived += 1;
    this.#handOver(name, lane);
  }

  #handOver(name: MemoryLane, lane: LaneState): void {
    while (!this.#closed && !lane.busy && lane.arrived > 0) {
      const bytes = lane.inFlight.shift();
      if (bytes === undefined) return;
      lane.arrived -= 1;
      lane.inFlightBytes -= bytes.length;
      this.#schedulePump(name, lane);
      const pending = this.#deliver(name, bytes);
      if (pending === undefined) continue;
      lane.busy = true;
      void pending
        .catch(() => this.#counters.add('handler_failures'))
        .then(() => {
          lane.busy = false;
          this.#handOver(name, lane);
        });
    }
  }

  close(): void {
    this.#closed = true;
    for (const lane of laneNames) {
      const state = this.#lanes[lane];
      const lost = state.outbox.clear() + state.inFlight.length;
      state.inFlight.length = 0;
      if (lost > 0) this.#counters.add('dropped_at_close', lost);
    }
  }
}

function laneState(name: MemoryLane): LaneState {
  return {
    outbox: new Outbox(laneLimits[name]),
    inFlight: [],
    inFlightBytes: 0,
    arrived: 0,
    busy: false,
    pumping: false,
    lastDueMs: 0,
  };
}
