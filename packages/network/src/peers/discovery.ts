import type { PeerInfo } from '@libp2p/interface';
import { type PeerId } from '../contract.ts';
import { type Host } from '../host/host.ts';

/** The part of the Kademlia service that is used: it tells of each peer that it hears of. */
interface PeerTable {
  addEventListener(type: 'peer', listener: (event: CustomEvent<PeerInfo>) => void): void;
}

/** Calls back for every peer that the host's Kademlia table hears of; never where it has none. */
export function onTablePeers(
  host: Host,
  found: (peerId: PeerId, addresses: readonly string[]) => void,
): void {
  const table = host.services['dht'] as PeerTable | undefined;
  table?.addEventListener('peer', ({ detail }) => {
    found(
      detail.id.toString() as PeerId,
      detail.multiaddrs.map((address) => address.toString()),
    );
  });
}
