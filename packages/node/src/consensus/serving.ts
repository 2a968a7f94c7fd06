import type { Effect } from '@mxd/consensus';
import type { Ledger } from '@mxd/ledger';
import { messageCodec, type Block, type BlockHash } from '@mxd/protocol';
import { blockCodec } from '@mxd/protocol/block';
import { limits as wire } from '@mxd/protocol/limits';
import { messageType } from '@mxd/protocol/messages';

type Request = Extract<Effect, { readonly type: 'serve' }>['request'];

async function find(ledger: Ledger, hash: BlockHash): Promise<Block | undefined> {
  return ledger.candidate(hash) ?? (await ledger.reader.blockByHash(hash));
}

/** A block and its ancestors, child first, within the size of an answer. */
async function blocks(
  ledger: Ledger,
  hash: BlockHash,
  maxAncestors: number,
): Promise<Uint8Array | undefined> {
  const encoded: Uint8Array[] = [];
  let size = 0;
  let wanted = hash;
  while (encoded.length <= maxAncestors) {
    const block = await find(ledger, wanted);
    if (block === undefined || block.header.height === 0) break;
    const bytes = blockCodec.encode(block);
    size += bytes.length;
    if (encoded.length > 0 && size > wire.blockResponseBytes.value) break;
    encoded.push(bytes);
    wanted = block.header.parentHash;
  }
  if (encoded.length === 0) return undefined;
  return messageCodec.encode({ type: messageType.blockResponse, blocks: encoded });
}

async function transactions(
  ledger: Ledger,
  hash: BlockHash,
  indices: readonly number[],
): Promise<Uint8Array | undefined> {
  const block = await find(ledger, hash);
  if (block === undefined) return undefined;
  const items = indices.flatMap((index) => {
    const transaction = block.transactions[index];
    return transaction === undefined ? [] : [{ index, transaction }];
  });
  return messageCodec.encode({ type: messageType.transactionResponse, blockHash: hash, items });
}

/** The encoded answer to a request of a peer, from candidates and the chain store. */
export async function serveRequest(
  ledger: Ledger,
  request: Request,
): Promise<Uint8Array | undefined> {
  switch (request.type) {
    case 'blocks':
      return blocks(ledger, request.hash, request.maxAncestors);
    case 'transactions':
      return transactions(ledger, request.hash, request.indices);
    case 'epochProofs': {
      const proof = await ledger.reader.epochProof(request.fromEpoch);
      if (proof === undefined) return undefined;
      return messageCodec.encode({ type: messageType.epochProof, ...proof });
    }
    default:
      return request satisfies never;
  }
}
