import type { StreamEvent, StreamTopic, TransactionState } from '@mxd/api';

import { limits } from '../limits.ts';

/** What a final block tells readers. */
export interface FinalEvents {
  readonly height: number;
  /** Transaction events in block order, then the block event. */
  readonly events: readonly StreamEvent[];
}

/** Rebuilds the events of an old block from the chain; undefined if it has been pruned. */
export type LoadEvents = (height: number) => Promise<FinalEvents | undefined>;

export interface SubscriptionOptions {
  readonly topics: ReadonlySet<StreamTopic>;
  /** Only transactions of this address. */
  readonly address: string | undefined;
  /** Resume right after this event; undefined starts with what comes next. */
  readonly cursor: string | undefined;
}

interface Place {
  readonly height: number;
  /** Events of the block that have been delivered. */
  offset: number;
}

/** `17.3`: block 17, three of its events delivered. */
export const formatPlace = ({ height, offset }: Place): string => `${height}.${offset}`;

/** The place of a cursor, or undefined if it is none. */
export function parsePlace(cursor: string): Place | undefined {
  const match = /^(\d{1,15})\.(\d{1,7})$/.exec(cursor);
  return match === null ? undefined : { height: Number(match[1]), offset: Number(match[2]) };
}

const touches = (event: StreamEvent, address: string | undefined): boolean =>
  address === undefined || event.topic !== 'transaction' || event.data.addresses.includes(address);

/**
 * Events of the node. Final events are read from the chain by place, so that a reader who was away
 * or slow loses none and sees none twice; passing ones (pending transactions, status) wait in a
 * bounded queue, and what does not fit is counted and told.
 */
export class EventFeed {
  readonly #recent = new Map<number, Promise<FinalEvents | undefined>>();
  readonly #sizes = new Map<number, number>();
  #kept = 0;
  readonly #subscriptions = new Set<Subscription>();
  readonly #load: LoadEvents;
  #head: number;
  missedTotal = 0;

  constructor(load: LoadEvents, head: number) {
    this.#load = load;
    this.#head = head;
  }

  get head(): number {
    return this.#head;
  }

  get subscribers(): number {
    return this.#subscriptions.size;
  }

  /** Whether a reader follows a topic. */
  wants(topic: StreamTopic): boolean {
    for (const { topics } of this.#subscriptions) if (topics.has(topic)) return true;
    return false;
  }

  /** A block has become final; heights follow each other. `make` gives its events if asked. */
  final(height: number, make?: () => Promise<FinalEvents>): void {
    this.#head = height;
    if (make !== undefined && this.#subscriptions.size > 0) this.#keep(height, make());
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  /** Something that is not part of the chain. */
  passing(make: (cursor: string) => StreamEvent): void {
    if (this.#subscriptions.size === 0) return;
    const event = make(formatPlace({ height: this.#head + 1, offset: 0 }));
    for (const subscription of this.#subscriptions) subscription.offer(event);
  }

  /** A pending transaction changed its state. */
  transaction(txid: string, state: TransactionState, addresses: readonly string[]): void {
    this.passing((cursor) => ({ topic: 'transaction', cursor, data: { txid, state, addresses } }));
  }

  /** Events of a block: built when the first reader wants them, then kept for the others. */
  at(height: number): Promise<FinalEvents | undefined> {
    const known = this.#recent.get(height);
    if (known !== undefined) return known;
    const loading = this.#load(height);
    this.#keep(height, loading);
    return loading;
  }

  #keep(height: number, events: Promise<FinalEvents | undefined>): void {
    this.#drop(height);
    this.#recent.set(height, events);
    const count = (made: FinalEvents | undefined): void => {
      if (this.#recent.get(height) !== events) return;
      const size = made?.events.length ?? 0;
      this.#sizes.set(height, size);
      this.#kept += size;
      this.#trim();
    };
    events.then(count, () => {
      // The reader that waits for them is told; the next one tries again.
      if (this.#recent.get(height) === events) this.#recent.delete(height);
    });
    this.#trim();
  }

  /** Blocks may hold thousands of payments: their events are bounded by number, the newest stays. */
  #trim(): void {
    for (const oldest of this.#recent.keys()) {
      const isFull = this.#kept > limits.streamEvents.value && this.#recent.size > 1;
      if (!isFull && this.#recent.size <= limits.streamBlocks.value) return;
      this.#drop(oldest);
    }
  }

  #drop(height: number): void {
    this.#recent.delete(height);
    this.#kept -= this.#sizes.get(height) ?? 0;
    this.#sizes.delete(height);
  }

  subscribe(options: SubscriptionOptions): Subscription {
    const subscription = new Subscription(this, options, () => {
      this.#subscriptions.delete(subscription);
    });
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Ends every stream, as the node stops. */
  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }
}

/** One reader's way through the feed: an async iterator of events. */
export class Subscription implements AsyncIterableIterator<StreamEvent, undefined> {
  readonly #feed: EventFeed;
  readonly #options: SubscriptionOptions;
  readonly #onClose: () => void;
  readonly #passing: StreamEvent[] = [];
  #place: Place;
  /** The block that is being delivered. */
  #block: FinalEvents | undefined;
  #missed = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(feed: EventFeed, options: SubscriptionOptions, onClose: () => void) {
    this.#feed = feed;
    this.#options = options;
    this.#onClose = onClose;
    const start = options.cursor === undefined ? undefined : parsePlace(options.cursor);
    this.#place = start ?? { height: feed.head + 1, offset: 0 };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get topics(): ReadonlySet<StreamTopic> {
    return this.#options.topics;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  offer(event: StreamEvent): void {
    const { topics, address } = this.#options;
    if (event.topic !== 'missed' && !topics.has(event.topic)) return;
    if (!touches(event, address)) return;
    if (this.#passing.length >= limits.streamQueue.value) {
      this.#missed++;
      this.#feed.missedTotal++;
    } else {
      this.#passing.push(event);
    }
    this.wake();
  }

  close(): void {
    this.#closed = true;
    this.#onClose();
    this.wake();
  }

  async next(): Promise<IteratorResult<StreamEvent, undefined>> {
    while (!this.#closed) {
      const event = this.#notice() ?? this.#passing.shift() ?? (await this.#nextFinal());
      if (event !== undefined) return { done: false, value: event };
      if (this.#closed || this.#place.height <= this.#feed.head || this.#passing.length > 0)
        continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return { done: true, value: undefined };
  }

  /**
   * Further events that need no waiting, `most` of them: a writer sends what is there at once. What
   * it takes counts as delivered.
   */
  rest(most: number): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    while (events.length < most && !this.#closed) {
      const event = this.#notice() ?? this.#passing.shift() ?? this.#nextOf(this.#block);
      if (event === undefined) break;
      events.push(event);
    }
    return events;
  }

  return(): Promise<IteratorResult<StreamEvent, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  #notice(): StreamEvent | undefined {
    if (this.#missed === 0) return undefined;
    const count = this.#missed;
    this.#missed = 0;
    const data = { count, fromHeight: this.#place.height };
    return { topic: 'missed', cursor: formatPlace(this.#place), data };
  }

  /** The next event of the chain that this reader wants; undefined when it has caught up. */
  async #nextFinal(): Promise<StreamEvent | undefined> {
    const behind = this.#feed.head - this.#place.height;
    if (behind > limits.streamReplay.value) return this.#skip(behind);
    while (this.#place.height <= this.#feed.head && !this.#closed) {
      this.#block = await this.#feed.at(this.#place.height);
      if (this.#block === undefined) return this.#skip(1);
      const event = this.#nextOf(this.#block);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  /** The next event of a block that this reader wants; after its last one, the next block's turn. */
  #nextOf(block: FinalEvents | undefined): StreamEvent | undefined {
    const { topics, address } = this.#options;
    if (block?.height !== this.#place.height) return undefined;
    const { events } = block;
    while (this.#place.offset < events.length) {
      const event = events[this.#place.offset] as StreamEvent;
      this.#place.offset++;
      const wanted = event.topic !== 'missed' && topics.has(event.topic);
      if (wanted && touches(event, address)) return event;
    }
    this.#block = undefined;
    this.#place = { height: this.#place.height + 1, offset: 0 };
    return undefined;
  }

  /** Gives up blocks that are too far back or gone, and says how many. */
  #skip(blocks: number): StreamEvent {
    const fromHeight = this.#place.height;
    this.#feed.missedTotal += blocks;
    this.#place = { height: fromHeight + blocks, offset: 0 };
    const cursor = formatPlace(this.#place);
    return { topic: 'missed', cursor, data: { count: blocks, fromHeight } };
  }
}
