import { type PeerId, type ValidatorId } from './contract.ts';
import { NetworkError } from './errors.ts';
import { type GateLimits } from './host/gate.ts';
import { type HostFeatures } from './host/host.ts';
import { limits } from './limits.ts';
import { type RandomSource } from './peers/address-book.ts';
import { parseAddress, type DialAddress } from './peers/addresses.ts';
import { parseCidr, type Cidr } from './peers/ip.ts';
import { type PeerStore } from './peers/peer-store.ts';
import { type ValidatorAuthority, type ValidatorIdentity } from './session/handshake.ts';

/** Permissioned operation. Absent lists allow everybody. */
export interface AccessOptions {
  readonly allowedPeers?: readonly string[];
  readonly allowedValidators?: readonly string[];
  /** Address ranges (CIDR) from which connections are taken and to which they are made. */
  readonly allowedRanges?: readonly string[];
  readonly deniedRanges?: readonly string[];
  /**
   * Multiaddrs with peer ids. When given, this node talks to these directly and to everybody else
   * only through them: it listens on their relays and refuses other direct connections.
   */
  readonly sentries?: readonly string[];
  /** On a sentry: the peers that may be reached through it. Needs `features.relay`. */
  readonly relayClients?: readonly string[];
  /** Peers that are never passed on in peer exchange. */
  readonly privatePeers?: readonly string[];
}

/** How a network node is made. */
export interface NetworkOptions {
  /** 32-byte Ed25519 seed of the node key: the peer id. Never the consensus key. */
  readonly nodeKey: Uint8Array;
  readonly networkId: number;
  /** First 32 bytes of the genesis hash (docs/protocol/rsc.md 2.3). */
  readonly chainTag: Uint8Array;
  readonly listen: readonly string[];
  readonly announce?: readonly string[];
  /** Software name and version, printable ASCII, at most 64. */
  readonly agent?: string;
  /** Present on validators. */
  readonly validator?: ValidatorIdentity;
  readonly authority: ValidatorAuthority;
  /** The 64-byte id (wtxid) of a transaction's bytes; undefined for bytes that are none. */
  readonly transactionId: (bytes: Uint8Array) => Uint8Array | undefined;
  /** Multiaddrs that are kept connected: other validators, sentries. */
  readonly staticPeers?: readonly string[];
  /** Multiaddrs to begin with when nobody is known. */
  readonly bootstrap?: readonly string[];
  /** Wanted sessions to peers of the address book. Default: `limits.outboundPeers`. */
  readonly outboundPeers?: number;
  readonly access?: AccessOptions;
  /** Asks others not to pass this node's addresses on. Implied by sentries. */
  readonly isPrivate?: boolean;
  readonly features?: HostFeatures;
  /** Keeps and exchanges private addresses: test clusters, company networks. */
  readonly keepPrivateAddresses?: boolean;
  readonly store?: PeerStore;
  /** NTP servers (`host` or `host:port`) for the clock check; none by default. */
  readonly ntpServers?: readonly string[];
  readonly gate?: Partial<GateLimits>;
  readonly random?: RandomSource;
}

/** Options after checking, with the defaults in place. */
export interface CheckedOptions {
  readonly raw: NetworkOptions;
  readonly agent: string;
  readonly networkTag: string;
  readonly staticPeers: readonly DialAddress[];
  readonly bootstrap: readonly DialAddress[];
  readonly sentries: readonly DialAddress[];
  readonly sentryIds: ReadonlySet<PeerId> | undefined;
  readonly allowedPeers: ReadonlySet<PeerId> | undefined;
  readonly allowedValidators: ReadonlySet<ValidatorId> | undefined;
  readonly allowedRanges: readonly Cidr[];
  readonly deniedRanges: readonly Cidr[];
  readonly relayClients: ReadonlySet<PeerId> | undefined;
  readonly privatePeers: ReadonlySet<PeerId>;
  readonly isPrivate: boolean;
  readonly gate: GateLimits;
}

const config = (message: string): NetworkError => new NetworkError('NETWORK_CONFIG', message);

function checkAgent(agent: string): string {
  if (!/^[\x20-\x7e]{0,64}$/.test(agent)) {
    throw config('agent is not printable ASCII of at most 64 characters');
  }
  return agent;
}

/** @throws NetworkError NETWORK_CONFIG, NETWORK_ADDRESS, NETWORK_CIDR for options that cannot work. */
export function checkOptions(options: NetworkOptions): CheckedOptions {
  const { access = {} } = options;
  if (options.chainTag.length !== 32) throw config('chainTag is not 32 bytes');
  if (
    !Number.isInteger(options.networkId) ||
    options.networkId < 0 ||
    options.networkId > 0xffff_ffff
  ) {
    throw config('networkId is not a u32');
  }
  if (options.validator !== undefined && !/^[0-9a-f]{40}$/.test(options.validator.id)) {
    throw config('validator.id is not 40 lower-case hexadecimal digits');
  }
  const sentries = (access.sentries ?? []).map(parseAddress);
  const sentryIds = sentries.map((sentry) => {
    if (sentry.peerId === undefined) throw config('a sentry address lacks its /p2p/ peer id');
    return sentry.peerId;
  });
  const peerSet = (list: readonly string[] | undefined): ReadonlySet<PeerId> | undefined =>
    list === undefined ? undefined : new Set(list as readonly PeerId[]);
  const allowedValidators = access.allowedValidators;
  return {
    raw: options,
    agent: checkAgent(options.agent ?? 'mxd/0.1.0'),
    networkTag: Buffer.from(options.chainTag.subarray(0, 8)).toString('hex'),
    staticPeers: [...(options.staticPeers ?? []).map(parseAddress), ...sentries],
    bootstrap: (options.bootstrap ?? []).map(parseAddress),
    sentries,
    sentryIds: sentries.length === 0 ? undefined : new Set(sentryIds),
    allowedPeers: peerSet(access.allowedPeers),
    allowedValidators:
      allowedValidators === undefined
        ? undefined
        : new Set(allowedValidators as readonly ValidatorId[]),
    allowedRanges: (access.allowedRanges ?? []).map(parseCidr),
    deniedRanges: (access.deniedRanges ?? []).map(parseCidr),
    relayClients: peerSet(access.relayClients),
    privatePeers: peerSet(access.privatePeers) ?? new Set(),
    isPrivate: options.isPrivate === true || sentries.length > 0,
    gate: gateLimits(options.gate ?? {}),
  };
}

function gateLimits(own: Partial<GateLimits>): GateLimits {
  return {
    connections: limits.connections.value,
    connectionsPerIp: limits.connectionsPerIp.value,
    connectionsPerSubnet: limits.connectionsPerSubnet.value,
    connectionsPerPrivateIp: limits.connectionsPerPrivateIp.value,
    attempts: limits.attempts.value,
    attemptsPerIp: limits.attemptsPerIp.value,
    attemptsPerPrivateIp: limits.attemptsPerPrivateIp.value,
    pendingHandshakes: limits.pendingHandshakes.value,
    ...own,
  };
}
