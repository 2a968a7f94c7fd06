import { type PeerId } from '../contract.ts';
import { type Counters } from '../counters.ts';
import { limits } from '../limits.ts';

/** What the table of wanted ids needs: time. */
export interface WantedPort {
  nowMs(): number;
  schedule(delayMs: number, callback: () => void): void;
}

interface Want {
  readonly shortId: Uint8Array;
  /** Peers that announced it and have not been asked yet, in order. */
  readonly announcers: PeerId[];
  asked: PeerId | undefined;
  askedAtMs: number;
}

const maxAnnouncers = 8;

/** Ids that were announced and are not here: whom to ask, whom to ask next. */
export class Wanted {
  readonly #port: WantedPort;
  readonly #counters: Counters;
  readonly #fetch: (peerId: PeerId, ids: readonly Uint8Array[]) => boolean;
  readonly #wants = new Map<string, Want>();
  /** Ids that nobody is being asked for. */
  readonly #open = new Set<string>();
  /** Ids being asked of each peer. */
  readonly #asked = new Map<PeerId, Set<string>>();
  #watching = false;

  constructor(
    port: WantedPort,
    counters: Counters,
    fetch: (peerId: PeerId, ids: readonly Uint8Array[]) => boolean,
  ) {
    this.#port = port;
    this.#counters = counters;
    this.#fetch = fetch;
  }

  get size(): number {
    return this.#wants.size;
  }

  /** Notes an announcement of an id that is unknown here; `ask` follows. */
  announced(key: string, shortId: Uint8Array, peerId: PeerId): void {
    const want = this.#wants.get(key);
    if (want !== undefined) {
      if (want.asked !== peerId && want.announcers.length < maxAnnouncers) {
        if (!want.announcers.includes(peerId)) want.announcers.push(peerId);
        if (want.asked === undefined) this.#open.add(key);
      }
      return;
    }
    if (this.#wants.size >= limits.relayWantedIds.value) {
      this.#counters.add('relay_wanted_overflow');
      return;
    }
    this.#wants.set(key, {
      shortId: shortId.slice(),
      announcers: [peerId],
      asked: undefined,
      askedAtMs: 0,
    });
    this.#open.add(key);
  }

  /** The transaction came, from whomever. */
  satisfied(key: string): void {
    const want = this.#wants.get(key);
    if (want === undefined) return;
    this.#wants.delete(key);
    this.#open.delete(key);
    if (want.asked !== undefined) this.#asked.get(want.asked)?.delete(key);
  }

  /** The peer said that it does not have these (any more). */
  answered(peerId: PeerId, missing: readonly string[]): void {
    for (const key of missing) {
      const want = this.#wants.get(key);
      if (want?.asked === peerId) this.#reopen(key, want);
    }
    if (missing.length > 0) this.ask();
  }

  peerDown(peerId: PeerId): void {
    const keys = this.#asked.get(peerId);
    this.#asked.delete(peerId);
    for (const key of keys ?? []) {
      const want = this.#wants.get(key);
      if (want !== undefined) this.#reopen(key, want);
    }
    this.ask();
  }

  #reopen(key: string, want: Want): void {
    if (want.asked !== undefined) this.#asked.get(want.asked)?.delete(key);
    want.asked = undefined;
    if (want.announcers.length === 0) this.#wants.delete(key);
    else this.#open.add(key);
  }

  /** Asks for what is open, in one fetch per peer. */
  ask(): void {
    if (this.#open.size === 0) return;
    const perPeer = new Map<PeerId, string[]>();
    const most = limits.relayAnnounceIds.value;
    for (const key of this.#open) {
      const want = this.#wants.get(key);
      const peerId = want?.announcers[0];
      if (want === undefined || peerId === undefined) {
        this.#open.delete(key);
        if (want !== undefined) this.#wants.delete(key);
        continue;
      }
      const underWay = this.#asked.get(peerId)?.size ?? 0;
      const keys = perPeer.get(peerId) ?? [];
      if (keys.length >= most || underWay + keys.length >= most * 2) continue;
      keys.push(key);
      perPeer.set(peerId, keys);
    }
    for (const [peerId, keys] of perPeer) this.#askPeer(peerId, keys);
    if (perPeer.size > 0) this.#watch();
  }

  #askPeer(peerId: PeerId, keys: readonly string[]): void {
    const wants = keys.map((key) => this.#wants.get(key) as Want);
    const sent = this.#fetch(
      peerId,
      wants.map((want) => want.shortId),
    );
    const nowMs = this.#port.nowMs();
    let asked = this.#asked.get(peerId);
    if (asked === undefined) {
      asked = new Set();
      this.#asked.set(peerId, asked);
    }
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      const want = wants[i] as Want;
      want.announcers.shift();
      if (!sent) {
        // Unconnected or its outbox is full: the next announcer's turn.
        this.#reopen(key, want);
        continue;
      }
      want.asked = peerId;
      want.askedAtMs = nowMs;
      asked.add(key);
      this.#open.delete(key);
    }
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#port.schedule(limits.relayFetchTimeoutMs.value / 2, () => {
      this.#watching = false;
      this.#expire();
    });
  }

  #expire(): void {
    const before = this.#port.nowMs() - limits.relayFetchTimeoutMs.value;
    let waiting = false;
    for (const [key, want] of this.#wants) {
      if (want.asked === undefined) continue;
      if (want.askedAtMs > before) {
        waiting = true;
        continue;
      }
      this.#counters.add('relay_fetch_timeouts');
      this.#reopen(key, want);
    }
    this.ask();
    if (waiting || this.#open.size > 0) this.#watch();
  }
}
