import {
  type Offence,
  type PeerId,
  type RelayedTransaction,
  type Sender,
  type TransactionHandler,
  type TransactionRelay,
  type Verdict,
} from '../contract.ts';
import { type Counters } from '../counters.ts';
import { limits } from '../limits.ts';
import {
  decodeRelayMessage,
  encodeAnswer,
  encodeIds,
  encodePush,
  shortIdBytes,
} from '../wire/relay.ts';
import { addSlot, hasSlot, newSlotSet, SlotTable, type SlotSet } from './slots.ts';
import { Wanted } from './wanted.ts';

/** A peer as the relay sees it. */
export interface RelayPeer {
  readonly peerId: PeerId;
  sender: Sender;
  slot: number;
  /** Batches of this peer that are being judged. */
  judging: number;
}

/** Timers and links, so that the same relay runs over sockets and in the simulator. */
export interface RelayPort {
  send(peerId: PeerId, bytes: Uint8Array): boolean;
  nowMs(): number;
  /** Calls back once after `delayMs`; 0 means after the current turn. */
  schedule(delayMs: number, callback: () => void): void;
  penalize(peerId: PeerId, offence: Offence): void;
  isValidator(): boolean;
  /** The full id (wtxid) of a transaction's bytes; undefined for bytes that are none. */
  idOf(bytes: Uint8Array): Uint8Array | undefined;
}

interface Entry {
  readonly key: string;
  readonly shortId: Uint8Array;
  readonly id: Uint8Array;
  /** Held while it may be fetched. */
  bytes: Uint8Array | undefined;
  /** Peers that have it, as far as is known: they told us, or we sent it. */
  readonly has: SlotSet;
  /** Peers to which it was announced. */
  readonly told: SlotSet;
  readonly push: 'validators' | 'one' | 'none';
  /** Came from a validator, which pushes to the other validators itself. */
  readonly pushedByValidator: boolean;
}

const noBytes = new Uint8Array(0);

/** Stands for every id of which only the key is remembered. */
const settled: Entry = {
  key: '',
  shortId: noBytes,
  id: noBytes,
  bytes: undefined,
  has: newSlotSet(),
  told: newSlotSet(),
  push: 'none',
  pushedByValidator: false,
};

const keyOf = (id: Uint8Array): string =>
  Buffer.from(id.buffer, id.byteOffset, shortIdBytes).toString('latin1');

/**
 * Moves transactions: pushes what this validator received first to the other validators, announces
 * everything else by short id, fetches what it lacks from one announcer after the other, and sends
 * no transaction to a peer that is known to have it.
 */
export class Relay implements TransactionRelay {
  readonly #port: RelayPort;
  readonly #counters: Counters;
  readonly #entries = new Map<string, Entry>();
  readonly #peers = new Map<PeerId, RelayPeer>();
  readonly #slots = new SlotTable();
  readonly #wanted: Wanted;
  #window: Entry[] = [];
  #lazy: { readonly entry: Entry; readonly dueMs: number }[] = [];
  #heldBytes = 0;
  #scheduled = false;
  #lazyScheduled = false;
  #lastFlushMs = -1e9;
  #handler: TransactionHandler | undefined;

  constructor(port: RelayPort, counters: Counters) {
    this.#port = port;
    this.#counters = counters;
    this.#wanted = new Wanted(port, counters, (peerId, ids) => this.#sendFetch(peerId, ids));
  }

  /** Ids remembered and bytes held, for the metrics. */
  get sizes(): { readonly entries: number; readonly heldBytes: number; readonly wanted: number } {
    return { entries: this.#entries.size, heldBytes: this.#heldBytes, wanted: this.#wanted.size };
  }

  onTransactions(handler: TransactionHandler): void {
    this.#handler = handler;
  }

  peerUp(sender: Sender): void {
    const existing = this.#peers.get(sender.peerId);
    if (existing !== undefined) {
      existing.sender = sender;
      return;
    }
    const slot = this.#slots.take(() => this.#allSets());
    this.#peers.set(sender.peerId, { peerId: sender.peerId, sender, slot, judging: 0 });
  }

  peerDown(peerId: PeerId): void {
    const peer = this.#peers.get(peerId);
    if (peer === undefined) return;
    this.#peers.delete(peerId);
    this.#slots.free(peer.slot);
    this.#wanted.peerDown(peerId);
  }

  *#allSets(): Generator<SlotSet> {
    for (const entry of this.#entries.values()) {
      if (entry === settled) continue;
      yield entry.has;
      yield entry.told;
    }
  }

  submit(batch: readonly RelayedTransaction[]): void {
    const push = this.#port.isValidator() ? 'validators' : 'one';
    for (const { id, bytes } of batch) {
      if (this.#entries.has(keyOf(id))) continue;
      this.#spread(this.#remember(id, bytes, push, false));
    }
  }

  forget(ids: readonly Uint8Array[]): void {
    for (const id of ids) {
      const entry = this.#entries.get(keyOf(id));
      if (entry !== undefined) this.#settle(entry);
    }
  }

  known(ids: readonly Uint8Array[]): void {
    for (const id of ids) {
      const key = keyOf(id);
      if (this.#entries.has(key)) continue;
      this.#entries.set(key, settled);
      this.#wanted.satisfied(key);
      this.#trim();
    }
  }

  reconsider(ids: readonly Uint8Array[]): void {
    for (const id of ids) {
      const key = keyOf(id);
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      this.#release(entry);
      this.#entries.delete(key);
    }
  }

  /** From here on only the key counts: the id is known and not relayed. */
  #settle(entry: Entry): void {
    if (entry === settled) return;
    this.#release(entry);
    if (this.#entries.get(entry.key) === entry) this.#entries.set(entry.key, settled);
  }

  #release(entry: Entry): void {
    if (entry.bytes === undefined) return;
    this.#heldBytes -= entry.bytes.length;
    entry.bytes = undefined;
  }

  #remember(
    id: Uint8Array,
    bytes: Uint8Array | undefined,
    push: Entry['push'],
    pushedByValidator: boolean,
  ): Entry {
    const key = keyOf(id);
    const entry: Entry = {
      key,
      id,
      shortId: id.subarray(0, shortIdBytes),
      bytes: undefined,
      has: newSlotSet(),
      told: newSlotSet(),
      push,
      pushedByValidator,
    };
    this.#entries.set(key, entry);
    this.#wanted.satisfied(key);
    if (bytes !== undefined) this.#hold(entry, bytes);
    this.#trim();
    return entry;
  }

  #hold(entry: Entry, bytes: Uint8Array): void {
    entry.bytes = bytes;
    this.#heldBytes += bytes.length;
  }

  #trim(): void {
    while (
      this.#entries.size > limits.relayEntries.value ||
      this.#heldBytes > limits.relayHeldBytes.value
    ) {
      const oldest = this.#entries.entries().next();
      if (oldest.done === true) return;
      this.#release(oldest.value[1]);
      this.#entries.delete(oldest.value[0]);
      this.#counters.add('relay_entries_evicted');
    }
  }

  /** Takes one message of a peer. A promise holds the lane back: too much is being judged. */
  receive(peerId: PeerId, bytes: Uint8Array): void | Promise<void> {
    const peer = this.#peers.get(peerId);
    if (peer === undefined) return undefined;
    const message = decodeRelayMessage(bytes);
    if (message === undefined) {
      this.#counters.add('relay_malformed');
      this.#port.penalize(peerId, 'malformed');
      return undefined;
    }
    switch (message.type) {
      case 'announce':
        return this.#onAnnounce(peer, message.ids);
      case 'fetch':
        return this.#onFetch(peer, message.ids);
      case 'answer':
        this.#wanted.answered(peerId, message.missing.map(keyOf));
        return this.#onTransactions(peer, message.transactions, 'answer');
      case 'push':
        return this.#onTransactions(peer, message.transactions, 'push');
    }
  }

  #onAnnounce(peer: RelayPeer, ids: readonly Uint8Array[]): void {
    this.#counters.add('relay_announced_in', ids.length);
    for (const id of ids) {
      const key = keyOf(id);
      const entry = this.#entries.get(key);
      if (entry !== undefined) addSlot(entry.has, peer.slot);
      else this.#wanted.announced(key, id, peer.peerId);
    }
    this.#wanted.ask();
  }

  #sendFetch(peerId: PeerId, ids: readonly Uint8Array[]): boolean {
    this.#counters.add('relay_fetched_out', ids.length);
    return this.#port.send(peerId, encodeIds('fetch', ids));
  }

  #onFetch(peer: RelayPeer, ids: readonly Uint8Array[]): void {
    const missing: Uint8Array[] = [];
    let found: Uint8Array[] = [];
    let size = 0;
    for (const id of ids) {
      const entry = this.#entries.get(keyOf(id));
      // Only what was announced to this very peer, and once: no amplification by repetition.
      if (
        entry?.bytes === undefined ||
        !hasSlot(entry.told, peer.slot) ||
        hasSlot(entry.has, peer.slot)
      ) {
        missing.push(id);
        continue;
      }
      if (size + entry.bytes.length > limits.relayBatchBytes.value && found.length > 0) {
        this.#port.send(peer.peerId, encodeAnswer([], found));
        found = [];
        size = 0;
      }
      addSlot(entry.has, peer.slot);
      found.push(entry.bytes);
      size += entry.bytes.length;
      this.#counters.add('relay_served');
    }
    if (missing.length > 0) this.#counters.add('relay_fetch_misses', missing.length);
    if (found.length + missing.length > 0) {
      this.#port.send(peer.peerId, encodeAnswer(missing, found));
    }
  }

  #onTransactions(
    peer: RelayPeer,
    transactions: readonly Uint8Array[],
    how: 'push' | 'answer',
  ): void | Promise<void> {
    const fresh: RelayedTransaction[] = [];
    const entries: Entry[] = [];
    const pushed = how === 'push' && peer.sender.validatorId !== undefined;
    for (const view of transactions) {
      const id = this.#port.idOf(view);
      if (id === undefined) {
        this.#counters.add('relay_malformed');
        this.#port.penalize(peer.peerId, 'malformed');
        continue;
      }
      const known = this.#entries.get(keyOf(id));
      if (known !== undefined) {
        addSlot(known.has, peer.slot);
        this.#counters.add('relay_duplicates_in');
        continue;
      }
      // A copy: the view pins the whole batch.
      const bytes = view.slice();
      const push = this.#port.isValidator() && peer.sender.validatorId === undefined;
      const entry = this.#remember(id, undefined, push ? 'validators' : 'none', pushed);
      addSlot(entry.has, peer.slot);
      entries.push(entry);
      fresh.push({ id, bytes });
    }
    if (fresh.length === 0) return undefined;
    this.#counters.add('relay_received', fresh.length);
    return this.#judge(peer, fresh, entries);
  }

  #judge(
    peer: RelayPeer,
    fresh: readonly RelayedTransaction[],
    entries: readonly Entry[],
  ): void | Promise<void> {
    if (this.#handler === undefined) return undefined;
    let verdicts: readonly Verdict[] | Promise<readonly Verdict[]>;
    try {
      verdicts = this.#handler(fresh, peer.sender);
    } catch {
      this.#counters.add('handler_failures');
      return undefined;
    }
    if (!(verdicts instanceof Promise)) {
      this.#apply(peer, fresh, entries, verdicts);
      return undefined;
    }
    peer.judging += 1;
    const done = verdicts
      .then((settled) => this.#apply(peer, fresh, entries, settled))
      .catch(() => this.#counters.add('handler_failures'))
      .finally(() => (peer.judging -= 1));
    return peer.judging >= limits.relayPendingBatches.value ? done : undefined;
  }

  #apply(
    peer: RelayPeer,
    fresh: readonly RelayedTransaction[],
    entries: readonly Entry[],
    verdicts: readonly Verdict[],
  ): void {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      const verdict = verdicts[i] ?? 'ignore';
      const isWanted = this.#entries.get(entry.key) === entry;
      if (verdict === 'accept' && isWanted) {
        this.#hold(entry, (fresh[i] as RelayedTransaction).bytes);
        this.#spread(entry);
        continue;
      }
      this.#settle(entry);
      if (verdict === 'invalid') {
        this.#counters.add('relay_invalid');
        this.#port.penalize(peer.peerId, 'invalid');
      } else if (verdict === 'ignore') {
        this.#counters.add('relay_ignored');
      }
    }
    this.#trim();
  }

  #spread(entry: Entry): void {
    this.#window.push(entry);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // The first one after a quiet period leaves at once, the next ones collect.
    const sinceMs = this.#port.nowMs() - this.#lastFlushMs;
    const waitMs = Math.max(0, limits.relayDelayMs.value - sinceMs);
    this.#port.schedule(waitMs, () => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    this.#lastFlushMs = this.#port.nowMs();
    const window = this.#window;
    this.#window = [];
    const chosen = this.#choosePushTarget();
    const batches = new Batches();
    const lazyDueMs = this.#lastFlushMs + limits.relayLazyDelayMs.value;
    const selfIsValidator = this.#port.isValidator();
    const lazy = new Set<Entry>();
    const chosenIsValidator = chosen?.sender.validatorId !== undefined;
    const handledByValidator = (entry: Entry): boolean =>
      selfIsValidator ? entry.pushedByValidator : entry.push === 'one' && chosenIsValidator;
    for (const peer of this.#peers.values()) {
      const push: Entry[] = [];
      const announce: Entry[] = [];
      const isValidator = peer.sender.validatorId !== undefined;
      for (const entry of window) {
        if (entry.bytes === undefined || hasSlot(entry.has, peer.slot)) continue;
        if (isValidator && entry.push === 'validators') push.push(entry);
        else if (entry.push === 'one' && peer === chosen) push.push(entry);
        // A validator that has it pushes it to its colleagues; an announcement would race with that.
        else if (isValidator && handledByValidator(entry)) lazy.add(entry);
        else if (!hasSlot(entry.told, peer.slot)) announce.push(entry);
      }
      this.#sendPush(peer, push, batches, announce);
      this.#sendAnnounce(peer, announce, batches);
    }
    for (const entry of lazy) this.#lazy.push({ entry, dueMs: lazyDueMs });
    this.#scheduleLazy();
  }

  /** A non-validator gives what it received first to one validator at once, and announces it. */
  #choosePushTarget(): RelayPeer | undefined {
    let first: RelayPeer | undefined;
    for (const peer of this.#peers.values()) {
      if (peer.sender.validatorId !== undefined) return peer;
      first ??= peer;
    }
    return first;
  }

  #sendPush(peer: RelayPeer, push: readonly Entry[], batches: Batches, announce: Entry[]): void {
    if (push.length === 0) return;
    for (const batch of batches.pushes(push)) {
      if (this.#port.send(peer.peerId, batch.message)) {
        for (const entry of batch.entries) addSlot(entry.has, peer.slot);
        this.#counters.add('relay_pushed', batch.entries.length);
      } else {
        // The outbox is full: an announcement is small, and the peer fetches when it can.
        this.#counters.add('relay_push_refused', batch.entries.length);
        announce.push(...batch.entries);
      }
    }
  }

  #sendAnnounce(peer: RelayPeer, announce: readonly Entry[], batches: Batches): void {
    if (announce.length === 0) return;
    for (const batch of batches.announcements(announce)) {
      if (!this.#port.send(peer.peerId, batch.message)) {
        this.#counters.add('relay_announce_refused', batch.entries.length);
        continue;
      }
      for (const entry of batch.entries) addSlot(entry.told, peer.slot);
      this.#counters.add('relay_announced_out', batch.entries.length);
    }
  }

  #scheduleLazy(): void {
    const first = this.#lazy[0];
    if (first === undefined || this.#lazyScheduled) return;
    this.#lazyScheduled = true;
    const waitMs = Math.max(50, first.dueMs - this.#port.nowMs());
    this.#port.schedule(waitMs, () => this.#flushLazy());
  }

  /** Announces to validators what their colleague should have pushed to them, if it is still open. */
  #flushLazy(): void {
    this.#lazyScheduled = false;
    const nowMs = this.#port.nowMs();
    let count = 0;
    while (count < this.#lazy.length && (this.#lazy[count]?.dueMs ?? 0) <= nowMs) count += 1;
    const due = this.#lazy.splice(0, count).map((item) => item.entry);
    const batches = new Batches();
    for (const peer of this.#peers.values()) {
      if (peer.sender.validatorId === undefined) continue;
      const announce = due.filter(
        (entry) =>
          entry.bytes !== undefined &&
          !hasSlot(entry.has, peer.slot) &&
          !hasSlot(entry.told, peer.slot),
      );
      this.#sendAnnounce(peer, announce, batches);
    }
    this.#scheduleLazy();
  }
}

interface Batch {
  readonly entries: readonly Entry[];
  readonly message: Uint8Array;
}

/** Encodes the batches of one flush; peers that get the same entries share the bytes. */
class Batches {
  readonly #made: {
    readonly kind: string;
    readonly of: readonly Entry[];
    readonly batches: Batch[];
  }[] = [];

  #shared(kind: string, entries: readonly Entry[], make: () => Batch[]): Batch[] {
    for (const made of this.#made) {
      const { of } = made;
      if (
        made.kind === kind &&
        of.length === entries.length &&
        of.every((e, i) => e === entries[i])
      ) {
        return made.batches;
      }
    }
    const batches = make();
    if (this.#made.length < 8) this.#made.push({ kind, of: [...entries], batches });
    return batches;
  }

  pushes(entries: readonly Entry[]): Batch[] {
    return this.#shared('push', entries, () => {
      const batches: Batch[] = [];
      let part: Entry[] = [];
      let size = 0;
      const close = (): void => {
        if (part.length === 0) return;
        const message = encodePush(part.map((entry) => entry.bytes as Uint8Array));
        batches.push({ entries: part, message });
        part = [];
        size = 0;
      };
      for (const entry of entries) {
        const length = entry.bytes?.length ?? 0;
        if (size + length > limits.relayBatchBytes.value) close();
        part.push(entry);
        size += length;
      }
      close();
      return batches;
    });
  }

  announcements(entries: readonly Entry[]): Batch[] {
    return this.#shared('announce', entries, () => {
      const batches: Batch[] = [];
      for (let i = 0; i < entries.length; i += limits.relayAnnounceIds.value) {
        const part = entries.slice(i, i + limits.relayAnnounceIds.value);
        const message = encodeIds(
          'announce',
          part.map((entry) => entry.shortId),
        );
        batches.push({ entries: part, message });
      }
      return batches;
    });
  }
}
