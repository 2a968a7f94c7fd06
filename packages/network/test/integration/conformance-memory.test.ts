import { createMemoryHub } from '../../src/memory/index.ts';
import { transportConformance } from '../support/conformance.ts';
import { transactionId, until, validatorIdOf } from '../support/nodes.ts';

transportConformance('memory', async (count, validators) => {
  const hub = createMemoryHub();
  const nodes = Array.from({ length: count }, (_, index) =>
    hub.createNode({
      peerId: `peer-${index}`,
      transactionId,
      ...(index < validators ? { validatorId: validatorIdOf(index) } : {}),
    }),
  );
  for (const node of nodes) await node.start();
  await until('mesh', () => nodes.every((node) => node.peers.list().length === count - 1));
  const peer = (index: number) => nodes[index]!.self.peerId;
  return {
    nodes,
    cut: async (a, b) => hub.cut(peer(a), peer(b)),
    heal: async (a, b) => hub.join(peer(a), peer(b)),
    stop: async () => {
      for (const node of nodes) await node.stop();
    },
  };
});
