import type {
  ConnectionGater,
  MultiaddrConnection,
  PeerId as Libp2pPeerId,
} from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { type PeerId } from '../contract.ts';
import { type Counters } from '../counters.ts';
import { limits } from '../limits.ts';
import { inspectAddress, isRelayed, remoteIp } from '../peers/addresses.ts';
import { TokenBucket } from '../peers/buckets.ts';
import {
  cidrContains,
  hostKey,
  isPrivateIp,
  subnetKey,
  type Cidr,
  type IpBytes,
} from '../peers/ip.ts';

/** Who may connect: the permissioned mode of a network. Empty lists allow everybody. */
export interface AccessRules {
  /** Peer ids that may connect; validators by id are let in by their proof instead. */
  readonly allowedPeers?: ReadonlySet<PeerId>;
  /** Address ranges from which connections are taken and to which they are made. */
  readonly allowedRanges?: readonly Cidr[];
  readonly deniedRanges?: readonly Cidr[];
  /** True: unknown peers are let in only until the handshake shows an allowed validator. */
  readonly validatorsMayProve?: boolean;
}

/** Numbers of `limits` that an operator may change for the gate. */
export interface GateLimits {
  readonly connections: number;
  readonly connectionsPerIp: number;
  readonly connectionsPerSubnet: number;
  readonly connectionsPerPrivateIp: number;
  readonly attempts: number;
  readonly attemptsPerIp: number;
  readonly attemptsPerPrivateIp: number;
  readonly pendingHandshakes: number;
}

/** What the gate needs to know from elsewhere. */
export interface GateContext {
  readonly rules: AccessRules;
  readonly limits: GateLimits;
  readonly counters: Counters;
  isBanned(peerId: PeerId): boolean;
  isBannedIp(ip: IpBytes): boolean;
  /** Relayed connections are taken only through these (sentries), when it is defined. */
  readonly relays: ReadonlySet<PeerId> | undefined;
  /** Peers that may reserve a relay slot here; undefined: everybody when the relay is on. */
  readonly relayClients: ReadonlySet<PeerId> | undefined;
  nowMs(): number;
}

/**
 * Decides about connections before any cryptography is spent on them, from one table of limits.
 * Counted are live connections; attempts are rated per address and in all.
 */
export class Gate implements ConnectionGater {
  readonly #context: GateContext;
  readonly #perHost = new Map<string, number>();
  readonly #perSubnet = new Map<string, number>();
  readonly #attempts = new Map<string, TokenBucket>();
  readonly #allAttempts: TokenBucket;
  #connections = 0;
  #pending = 0;
  readonly #pendingDone = new WeakMap<MultiaddrConnection, () => void>();

  constructor(context: GateContext) {
    this.#context = context;
    const { attempts } = context.limits;
    this.#allAttempts = new TokenBucket(attempts, attempts * 2, context.nowMs());
  }

  /** Live inbound connections, handshakes included. */
  get connections(): number {
    return this.#connections;
  }

  /** Entries of the tables, to show that they are bounded and empty again. */
  get tracked(): number {
    return this.#perHost.size + this.#perSubnet.size + this.#attempts.size;
  }

  /** Why this address may not be talked to at all, if so. */
  #rangeProblem(ip: IpBytes): string | undefined {
    const { rules } = this.#context;
    if (rules.deniedRanges?.some((range) => cidrContains(range, ip)) === true)
      return 'range_denied';
    const allowed = rules.allowedRanges;
    if (allowed !== undefined && allowed.length > 0) {
      if (!allowed.some((range) => cidrContains(range, ip))) return 'range_not_allowed';
    }
    return this.#context.isBannedIp(ip) ? 'ip_banned' : undefined;
  }

  #peerProblem(peerId: PeerId): string | undefined {
    const { rules } = this.#context;
    if (this.#context.isBanned(peerId)) return 'peer_banned';
    if (rules.allowedPeers === undefined || rules.validatorsMayProve === true) return undefined;
    return rules.allowedPeers.has(peerId) ? undefined : 'peer_not_allowed';
  }

  #deny(reason: string | undefined): boolean {
    if (reason === undefined) return false;
    this.#context.counters.add(`connections_refused_${reason}`);
    return true;
  }

  denyDialMultiaddr = (address: Multiaddr): boolean => {
    const inspected = inspectAddress(address);
    if (inspected === undefined) return this.#deny('address');
    if (inspected.ip === undefined || inspected.relayed) return false;
    return this.#deny(this.#rangeProblem(inspected.ip));
  };

  denyDialPeer = (peerId: Libp2pPeerId): boolean =>
    this.#deny(this.#peerProblem(peerId.toString() as PeerId));

  denyInboundConnection = (connection: MultiaddrConnection): boolean => {
    this.#context.counters.add('connections_attempted');
    if (isRelayed(connection.remoteAddr)) return false;
    const ip = remoteIp(connection.remoteAddr);
    const problem = ip === undefined ? 'address' : this.#inboundProblem(ip);
    if (problem !== undefined || ip === undefined) {
      this.#deny(problem);
      // A reset at once: the upgrader would wait for a graceful close.
      connection.abort(new Error('refused by the connection gate'));
      return true;
    }
    this.#track(connection, ip);
    return false;
  };

  #inboundProblem(ip: IpBytes): string | undefined {
    const { limits: own } = this.#context;
    const range = this.#rangeProblem(ip);
    if (range !== undefined) return range;
    const isPrivate = isPrivateIp(ip);
    const nowMs = this.#context.nowMs();
    const host = hostKey(ip);
    const rate = isPrivate ? own.attemptsPerPrivateIp : own.attemptsPerIp;
    if (!this.#bucketOf(host, rate, nowMs).take(1, nowMs)) return 'attempts_per_ip';
    if (!this.#allAttempts.take(1, nowMs)) return 'attempts';
    if (this.#connections >= own.connections) return 'connections';
    if (this.#pending >= own.pendingHandshakes) return 'pending_handshakes';
    const perHost = isPrivate ? own.connectionsPerPrivateIp : own.connectionsPerIp;
    if ((this.#perHost.get(host) ?? 0) >= perHost) return 'connections_per_ip';
    if (!isPrivate && (this.#perSubnet.get(subnetKey(ip)) ?? 0) >= own.connectionsPerSubnet) {
      return 'connections_per_subnet';
    }
    return undefined;
  }

  #bucketOf(host: string, perSecond: number, nowMs: number): TokenBucket {
    const existing = this.#attempts.get(host);
    if (existing !== undefined) return existing;
    if (this.#attempts.size >= limits.trackedAddresses.value) {
      const oldest = this.#attempts.keys().next();
      if (oldest.done !== true) this.#attempts.delete(oldest.value);
    }
    const bucket = new TokenBucket(perSecond, perSecond * 4, nowMs);
    this.#attempts.set(host, bucket);
    return bucket;
  }

  #track(connection: MultiaddrConnection, ip: IpBytes): void {
    const host = hostKey(ip);
    const subnet = subnetKey(ip);
    this.#connections += 1;
    this.#pending += 1;
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1);
    this.#perSubnet.set(subnet, (this.#perSubnet.get(subnet) ?? 0) + 1);
    let pending = true;
    const settle = (): void => {
      if (pending) this.#pending -= 1;
      pending = false;
    };
    this.#pendingDone.set(connection, settle);
    connection.addEventListener(
      'close',
      () => {
        settle();
        this.#connections -= 1;
        decrement(this.#perHost, host);
        decrement(this.#perSubnet, subnet);
      },
      { once: true },
    );
  }

  denyInboundEncryptedConnection = (peer: Libp2pPeerId): boolean =>
    this.#deny(this.#peerProblem(peer.toString() as PeerId));

  denyOutboundEncryptedConnection = (peer: Libp2pPeerId): boolean =>
    this.#deny(this.#peerProblem(peer.toString() as PeerId));

  denyInboundUpgradedConnection = (
    _peer: Libp2pPeerId,
    connection: MultiaddrConnection,
  ): boolean => {
    this.#pendingDone.get(connection)?.();
    return false;
  };

  denyInboundRelayReservation = (source: Libp2pPeerId): boolean => {
    const { relayClients } = this.#context;
    if (relayClients === undefined || relayClients.has(source.toString() as PeerId)) return false;
    return this.#deny('relay_reservation');
  };

  denyInboundRelayedConnection = (relay: Libp2pPeerId): boolean => {
    const { relays } = this.#context;
    if (relays === undefined || relays.has(relay.toString() as PeerId)) return false;
    return this.#deny('relay');
  };

  /** Forgets buckets that are full again; called once a minute. */
  sweep(): void {
    const nowMs = this.#context.nowMs();
    for (const [host, bucket] of this.#attempts) {
      if (bucket.isFull(nowMs)) this.#attempts.delete(host);
    }
  }
}

function decrement(counts: Map<string, number>, key: string): void {
  const count = (counts.get(key) ?? 1) - 1;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
