import {
  type PeerId,
  type RequestKind,
  type RequestProtocols,
  type RequestResult,
} from '../contract.ts';
import { type Counters } from '../counters.ts';
import { limits } from '../limits.ts';

/** Peers, requests and time for a synchronisation; the simulator passes its own. */
export interface SyncPort {
  /** Peers that may be asked now. */
  peers(): readonly PeerId[];
  readonly requests: Pick<RequestProtocols, 'request'>;
  readonly counters: Counters;
  nowMs(): number;
  schedule(delayMs: number, callback: () => void): void;
}

/** Numbered pieces to fetch: ranges of blocks, chunks of a snapshot. */
export interface PieceJob {
  readonly kind: RequestKind;
  readonly count: number;
  /** Pieces that are here already (an interrupted run). */
  has(piece: number): boolean;
  /** Items that make the piece whole. */
  itemsOf(piece: number): number;
  /** The request for the items of a piece from `offset` on. */
  payload(piece: number, offset: number): Uint8Array;
  /** Whether an item is provably the right one. */
  check(piece: number, index: number, item: Uint8Array): boolean | Promise<boolean>;
  /** Takes a whole, checked piece; in order of the pieces when `ordered`. */
  deliver(piece: number, items: readonly Uint8Array[]): Promise<void>;
  readonly ordered: boolean;
}

/** How a job ended. */
export type PiecesEnd = 'done' | 'no-peers' | 'cancelled';

interface Piece {
  readonly items: Uint8Array[];
  bytes: number;
  attempts: number;
  state: 'open' | 'asked' | 'ready' | 'delivered';
}

interface Server {
  asked: number;
  failures: number;
  /** Not asked before this time: it was slow, busy or did not have it. */
  restUntilMs: number;
  excluded: boolean;
}

/**
 * Fetches pieces from several peers at once. Each item is checked on arrival; a peer that sends a
 * wrong one is excluded (and scored by the request client), one that is slow, busy or gone merely
 * loses the piece to another. Bounded ahead of the first undelivered piece, in pieces and bytes.
 */
export class PieceFetcher {
  readonly #port: SyncPort;
  readonly #job: PieceJob;
  readonly #signal: AbortSignal;
  readonly #pieces = new Map<number, Piece>();
  readonly #servers = new Map<PeerId, Server>();
  readonly #done = Promise.withResolvers<PiecesEnd>();
  #next = 0;
  #heldBytes = 0;
  #underWay = 0;
  #delivering = false;
  #ended = false;
  #waking = false;

  constructor(port: SyncPort, job: PieceJob, signal: AbortSignal) {
    this.#port = port;
    this.#job = job;
    this.#signal = signal;
  }

  /** Runs until every piece is delivered, nobody is left to ask, or the signal says stop. */
  async run(): Promise<PiecesEnd> {
    const onAbort = (): void => this.#end('cancelled');
    this.#signal.addEventListener('abort', onAbort, { once: true });
    if (this.#signal.aborted) this.#end('cancelled');
    this.#pump();
    try {
      return await this.#done.promise;
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
    }
  }

  #end(how: PiecesEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#done.resolve(how);
  }

  #fail(error: unknown): void {
    this.#ended = true;
    this.#done.reject(error);
  }

  #pieceOf(index: number): Piece {
    let piece = this.#pieces.get(index);
    if (piece === undefined) {
      const state = this.#job.has(index) ? 'delivered' : 'open';
      piece = { items: [], bytes: 0, attempts: 0, state };
      this.#pieces.set(index, piece);
    }
    return piece;
  }

  #advance(): void {
    while (this.#next < this.#job.count && this.#pieceOf(this.#next).state === 'delivered') {
      this.#pieces.delete(this.#next);
      this.#next += 1;
    }
  }

  #pump(): void {
    if (this.#ended) return;
    this.#advance();
    if (this.#next >= this.#job.count) return this.#end('done');
    for (let index = this.#nextOpen(0); index !== undefined; index = this.#nextOpen(index + 1)) {
      const peer = this.#freeServer();
      if (peer === undefined) break;
      void this.#ask(index, this.#pieceOf(index), peer);
    }
    if (this.#underWay === 0 && !this.#delivering) this.#waitOrGiveUp();
  }

  #nextOpen(from: number): number | undefined {
    const last = Math.min(this.#job.count, this.#next + limits.syncAhead.value);
    for (let index = Math.max(from, this.#next); index < last; index++) {
      // The first undelivered piece is always allowed: it is what frees memory.
      const full = this.#heldBytes >= limits.syncHeldBytes.value;
      if (full && index !== this.#next) return undefined;
      if (this.#pieceOf(index).state === 'open') return index;
    }
    return undefined;
  }

  #serverOf(peerId: PeerId): Server {
    let server = this.#servers.get(peerId);
    if (server === undefined) {
      server = { asked: 0, failures: 0, restUntilMs: 0, excluded: false };
      this.#servers.set(peerId, server);
    }
    return server;
  }

  /** The peer with the fewest requests under way, then the fewest failures. */
  #freeServer(): PeerId | undefined {
    const nowMs = this.#port.nowMs();
    let best: PeerId | undefined;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (const peerId of this.#port.peers()) {
      const server = this.#serverOf(peerId);
      if (server.excluded || server.restUntilMs > nowMs) continue;
      if (server.asked >= limits.syncPerPeer.value) continue;
      const load = server.asked * 1_000 + server.failures;
      if (load < bestLoad) {
        best = peerId;
        bestLoad = load;
      }
    }
    return best;
  }

  #waitOrGiveUp(): void {
    const usable = this.#port.peers().some((peerId) => !this.#serverOf(peerId).excluded);
    const attempts = this.#pieceOf(this.#next).attempts;
    if (!usable || attempts >= limits.syncRetries.value) return this.#end('no-peers');
    if (this.#waking) return;
    this.#waking = true;
    this.#port.schedule(250, () => {
      this.#waking = false;
      this.#pump();
    });
  }

  async #ask(index: number, piece: Piece, peerId: PeerId): Promise<void> {
    const server = this.#serverOf(peerId);
    piece.state = 'asked';
    piece.attempts += 1;
    server.asked += 1;
    this.#underWay += 1;
    const before = piece.items.length;
    let result: RequestResult;
    try {
      result = await this.#request(index, piece, peerId);
    } catch (error) {
      // `check` threw: a fault of this node, not of the peer.
      return this.#fail(error);
    } finally {
      server.asked -= 1;
      this.#underWay -= 1;
    }
    this.#settle(index, piece, server, result, piece.items.length > before);
    this.#pump();
  }

  #request(index: number, piece: Piece, peerId: PeerId): Promise<RequestResult> {
    const offset = piece.items.length;
    const wanted = this.#job.itemsOf(index);
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    this.#signal.addEventListener('abort', onAbort, { once: true });
    let lastItemMs = this.#port.nowMs();
    let running = true;
    const watch = (): void => {
      if (!running) return;
      const idleMs = this.#port.nowMs() - lastItemMs;
      if (idleMs >= limits.syncStallMs.value) stop.abort();
      else this.#port.schedule(limits.syncStallMs.value - idleMs, watch);
    };
    this.#port.schedule(limits.syncStallMs.value, watch);
    const onItem = async (item: Uint8Array): Promise<boolean> => {
      lastItemMs = this.#port.nowMs();
      const position = piece.items.length;
      if (position >= wanted || !(await this.#job.check(index, position, item))) return false;
      piece.items.push(item);
      piece.bytes += item.length;
      this.#heldBytes += item.length;
      return true;
    };
    return this.#port.requests
      .request(peerId, this.#job.kind, this.#job.payload(index, offset), {
        onItem,
        signal: stop.signal,
      })
      .finally(() => {
        running = false;
        this.#signal.removeEventListener('abort', onAbort);
      });
  }

  #settle(
    index: number,
    piece: Piece,
    server: Server,
    result: RequestResult,
    progressed: boolean,
  ): void {
    if (piece.items.length >= this.#job.itemsOf(index)) {
      piece.state = 'ready';
      piece.attempts = 0;
      void this.#deliver();
      return;
    }
    piece.state = 'open';
    if (progressed) piece.attempts = 0;
    const nowMs = this.#port.nowMs();
    if (!result.ok) {
      this.#port.counters.add(`sync_failed_${result.code}`);
      server.failures += 1;
      const lied =
        result.code === 'NETWORK_REQUEST_REJECTED' ||
        result.code === 'NETWORK_REQUEST_MALFORMED' ||
        result.code === 'NETWORK_REQUEST_OVERSIZED';
      if (lied) server.excluded = true;
      else server.restUntilMs = nowMs + Math.min(500 * 2 ** server.failures, 30_000);
      return;
    }
    // `partial` with something new is an honest answer; everything else is no help just now.
    if (progressed && result.end === 'partial') return;
    server.failures += 1;
    const waitMs = result.end === 'busy' ? 500 : 5_000;
    server.restUntilMs = nowMs + waitMs;
    this.#port.counters.add(`sync_unserved_${result.end}`);
  }

  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (;;) {
        const index = this.#nextReady();
        if (index === undefined || this.#ended) break;
        const piece = this.#pieceOf(index);
        await this.#job.deliver(index, piece.items);
        this.#heldBytes -= piece.bytes;
        piece.items.length = 0;
        piece.state = 'delivered';
        this.#advance();
        this.#pump();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#delivering = false;
    }
    this.#pump();
  }

  #nextReady(): number | undefined {
    if (this.#job.ordered) {
      return this.#pieces.get(this.#next)?.state === 'ready' ? this.#next : undefined;
    }
    for (const [index, piece] of this.#pieces) if (piece.state === 'ready') return index;
    return undefined;
  }
}
