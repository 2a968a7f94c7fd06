import { autoNAT } from '@libp2p/autonat';
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { gossipsub, type GossipSub, type GossipsubOpts } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { Ed25519PrivateKey, Libp2p } from '@libp2p/interface';
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht';
import { ping, type Ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { uPnPNAT } from '@libp2p/upnp-nat';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import { NetworkError } from '../errors.ts';
import { limits } from '../limits.ts';
import { leanNoise } from './noise.ts';
import { frugalYamux, maxWindowBytes } from './muxer.ts';
import { type Gate } from './gate.ts';

/** Parts of libp2p that a node may switch on. */
export interface HostFeatures {
  /** Finds peers by a Kademlia table of this network's own. */
  readonly dht?: boolean;
  /** Asks the router for a port; peers are asked whether it works (`autonat` is implied). */
  readonly upnp?: boolean;
  /** Asks peers whether this node can be reached from outside. */
  readonly autonat?: boolean;
  /** Serves as relay (a sentry), for `relayClients` only where that is given. */
  readonly relay?: boolean;
}

export interface HostOptions {
  /** 32-byte Ed25519 seed of the node key. It is not the consensus key. */
  readonly nodeKey: Uint8Array;
  /** Multiaddrs, such as /ip4/0.0.0.0/tcp/7979 or /ip4/0.0.0.0/tcp/7980/ws. */
  readonly listen: readonly string[];
  /** Multiaddrs to advertise instead of the ones listened on. */
  readonly announce: readonly string[];
  readonly features: HostFeatures;
  readonly gate: Gate;
  readonly gossip: Partial<GossipsubOpts>;
  /** Distinguishes the Kademlia tables of networks: first bytes of the chain tag in hex. */
  readonly networkTag: string;
  readonly agent: string;
  /** Whether private addresses are worth keeping: test clusters, company networks. */
  readonly keepPrivateAddresses: boolean;
  /** A peer that is not to be found: it asks the Kademlia table and is not in it. */
  readonly isPrivate: boolean;
}

/** The services that are always there. */
export interface HostServices extends Record<string, unknown> {
  readonly identify: unknown;
  readonly ping: Ping;
  readonly gossip: GossipSub;
}

export type Host = Libp2p<HostServices>;

/** The libp2p key of a node key seed. @throws NetworkError NETWORK_KEY for a wrong length. */
export async function nodeKeyOf(seed: Uint8Array): Promise<Ed25519PrivateKey> {
  if (seed.length !== 32) {
    throw new NetworkError('NETWORK_KEY', `the node key has ${seed.length} bytes, not 32`);
  }
  return generateKeyPairFromSeed('Ed25519', seed);
}

/**
 * A libp2p host that is not started yet. The settings that are not self-evident were found by
 * measurement: pings may not abort connections under load, and the per-host connection threshold
 * of libp2p (5 per second) refuses loopback clusters; the gate has limits in its place.
 */
export async function createHost(options: HostOptions): Promise<Host> {
  const { features } = options;
  const optional: Record<string, (components: never) => unknown> = {};
  if (features.dht === true) {
    optional['dht'] = kadDHT({
      protocol: `/mxd/${options.networkTag}/kad/1`,
      clientMode: options.isPrivate,
      peerInfoMapper: options.keepPrivateAddresses
        ? passthroughMapper
        : removePrivateAddressesMapper,
    });
  }
  if (features.upnp === true) optional['upnp'] = uPnPNAT();
  // A mapped port counts once peers have reached it: libp2p does not start one without the other.
  if (features.autonat === true || features.upnp === true) {
    optional['autonat'] = autoNAT({ protocolPrefix: 'mxd' });
  }
  if (features.relay === true) {
    optional['relay'] = circuitRelayServer({
      reservations: { maxReservations: 64, applyDefaultLimit: false },
    });
  }
  const streamsPerPeer = limits.streamsPerPeer.value;
  const init = {
    start: false,
    privateKey: await nodeKeyOf(options.nodeKey),
    nodeInfo: { name: 'mxd', version: '1', userAgent: options.agent },
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports: [
      tcp({
        inboundSocketInactivityTimeout: 300_000,
        outboundSocketInactivityTimeout: 300_000,
        backlog: 511,
      }),
      webSockets(),
      circuitRelayTransport(),
    ],
    connectionEncrypters: [leanNoise()],
    streamMuxers: [
      frugalYamux({
        maxInboundStreams: streamsPerPeer,
        maxOutboundStreams: 256,
        // A paused stream buffers at most one window: the read buffer must hold it.
        streamOptions: {
          maxStreamWindowSize: maxWindowBytes,
          maxReadBufferLength: maxWindowBytes + 1024 * 1024,
        },
      }),
    ],
    connectionGater: options.gate,
    connectionMonitor: { abortConnectionOnPingFailure: false, pingInterval: 30_000 },
    connectionManager: {
      maxConnections: limits.connections.value * 2,
      inboundConnectionThreshold: 100_000,
      maxIncomingPendingConnections: 4_096,
      inboundUpgradeTimeout: limits.upgradeTimeoutMs.value,
      dialTimeout: limits.dialTimeoutMs.value,
      addressDialTimeout: limits.dialTimeoutMs.value,
      maxParallelDials: limits.parallelDials.value * 2,
      reconnectRetries: 0,
    },
    services: {
      identify: identify({ maxInboundStreams: 2 }),
      ping: ping({ maxInboundStreams: 4 }),
      gossip: gossipsub(options.gossip),
      ...optional,
    },
  };
  return createLibp2p(init as unknown as Libp2pOptions<HostServices>);
}
