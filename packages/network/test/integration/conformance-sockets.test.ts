import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { transportConformance } from '../support/conformance.ts';
import { makeNodes, stopAll, until } from '../support/nodes.ts';

transportConformance('sockets', async (count, validators) => {
  const nodes = await makeNodes(count, validators);
  for (const node of nodes) await node.start();
  const dial = async (a: number, b: number): Promise<void> => {
    const address = nodes[b]!.self.addresses()[0]!;
    await nodes[a]!.host.dial(multiaddr(address)).catch(() => undefined);
  };
  for (let b = 0; b < count; b++) for (let a = b + 1; a < count; a++) await dial(a, b);
  await until('mesh', () => nodes.every((node) => node.peers.list().length === count - 1));
  return {
    nodes,
    // A hard end of the connection, as when a cable is pulled.
    cut: async (a, b) => {
      for (const connection of nodes[a]!.host.getConnections(
        peerIdFromString(nodes[b]!.self.peerId),
      )) {
        connection.abort(new Error('cut'));
      }
    },
    heal: (a, b) => dial(a, b),
    stop: () => stopAll(nodes),
  };
});
