import type { HeaderProof } from '@mxd/api';
import { Connection, LightClient } from '@mxd/client';
import { checkpointOfGenesis } from '@mxd/client/genesis';
import { fromHex } from '@mxd/codec';
import { genesisValidatorState } from '@mxd/ledger/validators';
import { headerCodec } from '@mxd/protocol/block';
import { zeroHash } from '@mxd/protocol/primitives';

import type { Target, TargetNode } from './target.ts';
import type { Payment } from './tracker.ts';

/** Proofs asked for at the same time. */
const parallel = 4;

/** A light client that trusts the genesis document and asks one node alone. */
async function lightClientOf(target: Target, node: TargetNode): Promise<LightClient> {
  const proof = await node.http.get<HeaderProof>('/v1/blocks/0/header');
  // The table follows from the document; the header's application root is the node's word, and a
  // wrong one lets no later proof pass.
  const { table } = genesisValidatorState(target.genesis.document, zeroHash);
  const header = headerCodec.decode(fromHex(proof.header));
  const checkpoint = checkpointOfGenesis(target.genesis, { header, table });
  return new LightClient({
    connection: new Connection({ endpoints: [node.http.url] }),
    checkpoint,
  });
}

/**
 * Proves payments final by certificates and inclusion, each at the node that observed it. Gives how
 * many proofs held.
 * @throws ClientError for a proof that does not.
 */
export async function provePayments(
  target: Target,
  payments: readonly Payment[],
  observerOf: (node: number) => number,
): Promise<number> {
  const clients = new Map<number, LightClient>();
  const queue = [...payments];
  let proven = 0;
  for (const { node } of queue) {
    const observer = observerOf(node);
    if (clients.has(observer)) continue;
    clients.set(observer, await lightClientOf(target, target.nodes[observer] as TargetNode));
  }
  const work = async (): Promise<void> => {
    for (let payment = queue.shift(); payment !== undefined; payment = queue.shift()) {
      const client = clients.get(observerOf(payment.node)) as LightClient;
      await client.transaction(fromHex(payment.txid));
      proven++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return proven;
}
