import { multiaddr } from '@multiformats/multiaddr';
import { type PeerId } from '../contract.ts';
import { limits } from '../limits.ts';
import { inspectAddress, type DialAddress } from './addresses.ts';
import { isPrivateIp, subnetKey, wideSubnetKey, type IpBytes } from './ip.ts';

/** What is remembered about a peer that may be dialled. */
export interface BookEntry {
  readonly peerId: PeerId;
  /** Multiaddrs in text form, the last that worked first. */
  addresses: string[];
  /** Who told us; `self` for what was connected or configured, `dht` for the Kademlia table. */
  source: PeerId | 'self' | 'dht';
  /** Wall-clock ms of the last session, 0 for never: such an entry is only hearsay. */
  lastSessionMs: number;
  lastTriedMs: number;
  failures: number;
  /** Was among the longest-lived outbound peers: dialled first after a restart. */
  anchor: boolean;
  /** Wants not to be passed on. */
  isPrivate: boolean;
}

/** Randomness in [0, 1), passed in so that tests and the simulator can repeat a run. */
export type RandomSource = () => number;

/** The address that places an entry in the network's geography. */
function ipOf(entry: BookEntry): IpBytes | undefined {
  for (const text of entry.addresses) {
    const parsed = safeInspect(text);
    if (parsed?.ip !== undefined) return parsed.ip;
  }
  return undefined;
}

function safeInspect(text: string): DialAddress | undefined {
  try {
    return inspectAddress(multiaddr(text));
  } catch {
    return undefined;
  }
}

/**
 * Known peers with bounds against poisoning: hearsay never displaces a peer that was reached, no
 * subnet and no teller can fill the book.
 */
export class AddressBook {
  readonly #entries = new Map<PeerId, BookEntry>();
  readonly #perSubnet = new Map<string, number>();
  readonly #perSource = new Map<string, number>();
  readonly #nowMs: () => number;
  readonly #random: RandomSource;
  readonly #keepPrivate: boolean;
  dirty = false;

  constructor(options: { nowMs: () => number; random: RandomSource; keepPrivate: boolean }) {
    this.#nowMs = options.nowMs;
    this.#random = options.random;
    this.#keepPrivate = options.keepPrivate;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(peerId: PeerId): BookEntry | undefined {
    return this.#entries.get(peerId);
  }

  entries(): IterableIterator<BookEntry> {
    return this.#entries.values();
  }

  /** Notes addresses that somebody told. False when a bound kept it out. */
  hear(
    peerId: PeerId,
    addresses: readonly string[],
    source: PeerId | 'self' | 'dht',
    isPrivate = false,
  ): boolean {
    const usable = addresses
      .filter((text) => this.#usable(text))
      .slice(0, limits.addressesPerPeer.value);
    if (usable.length === 0) return false;
    const existing = this.#entries.get(peerId);
    if (existing !== undefined) {
      // Only the peer itself or this node may change what is known of a peer that was reached.
      if (source !== 'self' && existing.lastSessionMs > 0) return false;
      const merged = [...new Set([...usable, ...existing.addresses])];
      existing.addresses = merged.slice(0, limits.addressesPerPeer.value);
      existing.isPrivate ||= isPrivate;
      this.dirty = true;
      return true;
    }
    const entry: BookEntry = {
      peerId,
      addresses: usable,
      source,
      lastSessionMs: 0,
      lastTriedMs: 0,
      failures: 0,
      anchor: false,
      isPrivate,
    };
    return this.#insert(entry);
  }

  #usable(text: string): boolean {
    const parsed = safeInspect(text);
    if (parsed === undefined) return false;
    return this.#keepPrivate || parsed.ip === undefined || !isPrivateIp(parsed.ip);
  }

  #insert(entry: BookEntry): boolean {
    const subnet = this.#subnetOf(entry);
    if (entry.source !== 'self') {
      const fromSource = this.#perSource.get(entry.source) ?? 0;
      if (fromSource >= limits.addressesPerSource.value) return false;
      if (subnet !== undefined) {
        if ((this.#perSubnet.get(subnet) ?? 0) >= limits.addressBookPerSubnet.value) return false;
      }
    }
    if (this.#entries.size >= limits.addressBookEntries.value && !this.#evict(entry)) return false;
    this.#entries.set(entry.peerId, entry);
    this.#count(entry, 1);
    this.dirty = true;
    return true;
  }

  #subnetOf(entry: BookEntry): string | undefined {
    const ip = ipOf(entry);
    return ip === undefined || isPrivateIp(ip) ? undefined : subnetKey(ip);
  }

  #count(entry: BookEntry, by: 1 | -1): void {
    const subnet = this.#subnetOf(entry);
    if (subnet !== undefined) bump(this.#perSubnet, subnet, by);
    if (entry.source !== 'self') bump(this.#perSource, entry.source, by);
  }

  /** Makes room: the worst hearsay goes; for hearsay nothing that was reached goes. */
  #evict(newcomer: BookEntry): boolean {
    let worst: BookEntry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.anchor) continue;
      if (newcomer.source !== 'self' && entry.lastSessionMs > 0) continue;
      if (worst === undefined || worseThan(entry, worst)) worst = entry;
    }
    if (worst === undefined) return false;
    this.remove(worst.peerId);
    return true;
  }

  remove(peerId: PeerId): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    this.#entries.delete(peerId);
    this.#count(entry, -1);
    this.dirty = true;
  }

  tried(peerId: PeerId): void {
    const entry = this.#entries.get(peerId);
    if (entry !== undefined) entry.lastTriedMs = this.#nowMs();
  }

  failed(peerId: PeerId): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    entry.failures += 1;
    this.dirty = true;
    if (entry.failures >= 10 && entry.lastSessionMs === 0) this.remove(peerId);
  }

  /** A session came about. */
  reached(peerId: PeerId, addresses: readonly string[], isPrivate: boolean): void {
    this.hear(peerId, addresses, 'self', isPrivate);
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    this.#count(entry, -1);
    entry.source = 'self';
    entry.lastSessionMs = this.#nowMs();
    entry.failures = 0;
    this.#count(entry, 1);
    this.dirty = true;
  }

  setAnchors(peerIds: readonly PeerId[]): void {
    const wanted = new Set(peerIds);
    for (const entry of this.#entries.values()) {
      const anchor = wanted.has(entry.peerId);
      if (entry.anchor !== anchor) this.dirty = true;
      entry.anchor = anchor;
    }
  }

  /** Whether the entry may be dialled now: the wait doubles with each failure, up to a day. */
  #due(entry: BookEntry): boolean {
    const waitMs = Math.min(30_000 * 2 ** Math.min(entry.failures, 12), 86_400_000);
    return entry.lastTriedMs + (entry.failures === 0 ? 5_000 : waitMs) <= this.#nowMs();
  }

  /**
   * A peer to dial next: anchors first, then by even chance one that was reached before or one only
   * heard of, none whose wide subnet is in `usedSubnets`.
   */
  pick(skip: (peerId: PeerId) => boolean, usedSubnets: ReadonlySet<string>): BookEntry | undefined {
    const anchors: BookEntry[] = [];
    const reached: BookEntry[] = [];
    const heard: BookEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (skip(entry.peerId) || !this.#due(entry)) continue;
      const ip = ipOf(entry);
      if (ip !== undefined && !isPrivateIp(ip) && usedSubnets.has(wideSubnetKey(ip))) continue;
      if (entry.anchor) anchors.push(entry);
      else if (entry.lastSessionMs > 0) reached.push(entry);
      else heard.push(entry);
    }
    if (anchors.length > 0) return this.#anyOf(anchors);
    const first = this.#random() < 0.5 ? reached : heard;
    return this.#anyOf(first) ?? this.#anyOf(first === reached ? heard : reached);
  }

  #anyOf(list: readonly BookEntry[]): BookEntry | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  /** A random sample for peer exchange: reached lately, not private. */
  sample(count: number, excluding: PeerId): readonly BookEntry[] {
    const sinceMs = this.#nowMs() - 86_400_000;
    const pool = [...this.#entries.values()].filter(
      (entry) => !entry.isPrivate && entry.lastSessionMs > sinceMs && entry.peerId !== excluding,
    );
    for (let i = pool.length - 1; i > 0; i--) {
      const j = Math.floor(this.#random() * (i + 1));
      const swapped = pool[i] as BookEntry;
      pool[i] = pool[j] as BookEntry;
      pool[j] = swapped;
    }
    return pool.slice(0, count);
  }

  load(entries: readonly BookEntry[]): void {
    for (const entry of entries) if (!this.#entries.has(entry.peerId)) this.#insert({ ...entry });
    this.dirty = false;
  }
}

function worseThan(a: BookEntry, b: BookEntry): boolean {
  const reachedA = a.lastSessionMs > 0;
  const reachedB = b.lastSessionMs > 0;
  if (reachedA !== reachedB) return !reachedA;
  if (a.failures !== b.failures) return a.failures > b.failures;
  return a.lastSessionMs < b.lastSessionMs;
}

function bump(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}

/** The wide subnet of an entry's first IP address, for the diversity of outbound peers. */
export function entryWideSubnet(entry: BookEntry): string | undefined {
  const ip = ipOf(entry);
  return ip === undefined || isPrivateIp(ip) ? undefined : wideSubnetKey(ip);
}
