import type { AddressBalance, Page, Status, UnspentOutput } from '@mxd/api';
import { fromHex } from '@mxd/codec';
import { formatAddress } from '@mxd/crypto/address';
import type { Owner } from '@mxd/protocol/transaction';
import type { Coin } from '@mxd/wallet';

import type { Target, TargetNode } from './target.ts';

/** Unspent plain coins of an owner that nothing waiting spends, those that rested longest first. */
export async function coinsOf(
  target: Target,
  owner: Owner,
  most: number,
): Promise<readonly Coin[]> {
  const { http } = target.nodes[0] as TargetNode;
  const address = formatAddress(owner, target.chain.network);
  const coins: Coin[] = [];
  let cursor: string | undefined;
  do {
    const from = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await http.get<Page<UnspentOutput>>(
      `/v1/addresses/${address}/unspent?limit=1000${from}`,
    );
    for (const item of page.items) {
      if (item.lock !== 'plain' || item.spentBy !== undefined) continue;
      coins.push({
        outpoint: { txid: fromHex(item.txid), index: item.index },
        owner,
        amount: BigInt(item.amount),
        createdHeight: item.createdHeight,
        lock: { kind: 'plain' },
      });
    }
    cursor = page.next;
  } while (cursor !== undefined && coins.length < most);
  return coins.toSorted((a, b) => a.createdHeight - b.createdHeight);
}

/** Sum of what owners have, and the supply, as one node says. */
export interface Holdings {
  readonly owned: bigint;
  readonly supply: bigint;
}

export async function holdingsOf(
  target: Target,
  node: TargetNode,
  owners: readonly Owner[],
): Promise<Holdings> {
  const balances = await Promise.all(
    owners.map((owner) => {
      const address = formatAddress(owner, target.chain.network);
      return node.http.get<AddressBalance>(`/v1/addresses/${address}/balance`);
    }),
  );
  const { totalSupply } = await node.http.get<Status>('/v1/status');
  const owned = balances.reduce((sum, { available }) => sum + BigInt(available), 0n);
  return { owned, supply: BigInt(totalSupply) };
}

/** The height of a node's final head. */
export async function heightOf({ http }: TargetNode): Promise<number> {
  return (await http.get<Status>('/v1/status')).height;
}
