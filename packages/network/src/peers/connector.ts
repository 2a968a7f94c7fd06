import type { Multiaddr } from '@multiformats/multiaddr';
import { multiaddr } from '@multiformats/multiaddr';
import { type PeerId } from '../contract.ts';
import { type Counters } from '../counters.ts';
import { type Host } from '../host/host.ts';
import { limits } from '../limits.ts';
import { entryWideSubnet, type AddressBook, type RandomSource } from './address-book.ts';
import { type DialAddress } from './addresses.ts';

/** What the connector needs to know. */
export interface ConnectorContext {
  readonly host: Host;
  readonly book: AddressBook;
  readonly counters: Counters;
  readonly random: RandomSource;
  readonly ownPeerId: PeerId;
  /** Peers that are kept connected at all costs: other validators, sentries, seed nodes. */
  readonly staticPeers: readonly DialAddress[];
  /** Sessions that this node wants to have opened itself, beside static ones. */
  readonly outboundPeers: number;
  hasSession(peerId: PeerId): boolean;
  mayDial(peerId: PeerId): boolean;
  /** Peers of this node's own outbound, non-static sessions. */
  outboundSessions(): readonly PeerId[];
}

interface Target {
  readonly addresses: Multiaddr[];
  peerId: PeerId | undefined;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  dialling: boolean;
}

/** Keeps static peers connected and fills the outbound places from the address book. */
export class Connector {
  readonly #context: ConnectorContext;
  readonly #targets: Target[] = [];
  #running = false;
  #dials = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: ConnectorContext) {
    this.#context = context;
    for (const address of context.staticPeers) this.#addTarget(address);
  }

  #addTarget(address: DialAddress): Target | undefined {
    if (address.peerId === this.#context.ownPeerId) return undefined;
    const same = this.#targets.find((t) => t.peerId !== undefined && t.peerId === address.peerId);
    if (same !== undefined) {
      same.addresses.push(address.address);
      return undefined;
    }
    const target: Target = {
      addresses: [address.address],
      peerId: address.peerId,
      failures: 0,
      timer: undefined,
      dialling: false,
    };
    this.#targets.push(target);
    return target;
  }

  start(): void {
    this.#running = true;
    for (const target of this.#targets) this.#schedule(target, 0);
    this.#timer = setInterval(() => this.fill(), 2_000);
    this.#timer.unref();
    this.fill();
  }

  stop(): void {
    this.#running = false;
    clearInterval(this.#timer);
    for (const target of this.#targets) clearTimeout(target.timer);
  }

  /** Adds a peer to keep connected while the node runs. */
  add(address: DialAddress): void {
    const target = this.#addTarget(address);
    if (target !== undefined && this.#running) this.#schedule(target, 0);
  }

  isStatic(peerId: PeerId): boolean {
    return this.#targets.some((target) => target.peerId === peerId);
  }

  /** A session came: the wait starts from the beginning at the next loss. */
  peerUp(peerId: PeerId): void {
    for (const target of this.#targets) if (target.peerId === peerId) target.failures = 0;
  }

  peerDown(peerId: PeerId): void {
    for (const target of this.#targets) {
      if (target.peerId === peerId) this.#schedule(target, limits.reconnectMinMs.value);
    }
    // Not at once: a peer that has closed on purpose is not dialled in the same breath.
    if (this.#running) setTimeout(() => this.fill(), 500).unref();
  }

  #schedule(target: Target, minMs: number): void {
    if (!this.#running || target.dialling) return;
    clearTimeout(target.timer);
    const exponential = limits.reconnectMinMs.value * 2 ** Math.min(target.failures, 10);
    const waitMs =
      target.failures === 0 ? minMs : Math.min(exponential, limits.reconnectMaxMs.value);
    // Full jitter over the upper half: nodes that lost each other do not knock in step.
    const jittered = waitMs * (0.5 + this.#context.random() * 0.5);
    const start = minMs === 0 && target.failures === 0 ? this.#context.random() * 30 : jittered;
    target.timer = setTimeout(() => void this.#dialTarget(target), start);
    target.timer.unref();
  }

  async #dialTarget(target: Target): Promise<void> {
    if (!this.#running || target.dialling) return;
    if (target.peerId !== undefined && this.#context.hasSession(target.peerId)) return;
    target.dialling = true;
    const connected = await this.#dial(target.addresses);
    target.dialling = false;
    if (connected !== undefined) {
      target.peerId ??= connected;
      if (connected === this.#context.ownPeerId) return;
    }
    // The session follows the connection; if it does not come, this is tried again.
    target.failures += 1;
    this.#schedule(target, limits.reconnectMinMs.value);
  }

  async #dial(addresses: readonly Multiaddr[]): Promise<PeerId | undefined> {
    this.#context.counters.add('dials');
    this.#dials += 1;
    try {
      const signal = AbortSignal.timeout(limits.dialTimeoutMs.value);
      const connection = await this.#context.host.dial([...addresses], { signal });
      return connection.remotePeer.toString() as PeerId;
    } catch {
      this.#context.counters.add('dials_failed');
      return undefined;
    } finally {
      this.#dials -= 1;
    }
  }

  /** Dials from the address book until the outbound places are taken. */
  fill(): void {
    if (!this.#running) return;
    const { book, outboundPeers } = this.#context;
    const outbound = this.#context.outboundSessions();
    let open = outboundPeers - outbound.length;
    const subnets = this.#usedSubnets(outbound);
    const skip = (peerId: PeerId): boolean =>
      peerId === this.#context.ownPeerId ||
      this.#context.hasSession(peerId) ||
      this.isStatic(peerId) ||
      !this.#context.mayDial(peerId);
    while (open > 0 && this.#dials < limits.parallelDials.value) {
      const entry = book.pick(skip, subnets);
      if (entry === undefined) return;
      const subnet = entryWideSubnet(entry);
      if (subnet !== undefined) subnets.add(subnet);
      book.tried(entry.peerId);
      open -= 1;
      void this.#dialEntry(entry.peerId, entry.addresses);
    }
  }

  #usedSubnets(outbound: readonly PeerId[]): Set<string> {
    const counts = new Map<string, number>();
    for (const peerId of outbound) {
      const entry = this.#context.book.get(peerId);
      const subnet = entry === undefined ? undefined : entryWideSubnet(entry);
      if (subnet !== undefined) counts.set(subnet, (counts.get(subnet) ?? 0) + 1);
    }
    const full = [...counts].filter(([, count]) => count >= limits.outboundPerSubnet.value);
    return new Set(full.map(([subnet]) => subnet));
  }

  async #dialEntry(peerId: PeerId, addresses: readonly string[]): Promise<void> {
    const targets = addresses.map((text) => {
      const address = multiaddr(text);
      return text.includes('/p2p/') ? address : address.encapsulate(`/p2p/${peerId}`);
    });
    if ((await this.#dial(targets)) === undefined) this.#context.book.failed(peerId);
  }
}
