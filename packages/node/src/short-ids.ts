import type { Mempool, PooledTransaction } from '@mxd/ledger';
import { shortIdOf } from '@mxd/protocol/messages';
import { wtxidOfBytes } from '@mxd/protocol/transaction';

const wtxids = new WeakMap<PooledTransaction, Uint8Array>();

/** The wtxid of a waiting transaction, hashed once. */
function wtxidOf(transaction: PooledTransaction): Uint8Array {
  const known = wtxids.get(transaction);
  if (known !== undefined) return known;
  const wtxid = wtxidOfBytes(transaction.bytes);
  wtxids.set(transaction, wtxid);
  return wtxid;
}

const keyAt = (bytes: Uint8Array, at: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0);

/**
 * The transactions behind short ids, from the mempool: undefined for none or several matches. Stops
 * as soon as every id has been seen; later doubles then cost a fetch, never a wrong block, since the
 * list must hash to the block's root.
 */
export function resolveShortIds(
  mempool: Mempool,
  salt: bigint,
  shortIds: Uint8Array,
): readonly (Uint8Array | undefined)[] {
  const count = shortIds.length / 8;
  const places = new Map<bigint, number>();
  for (let i = 0; i < count; i++) places.set(keyAt(shortIds, 8 * i), i);
  const found: (Uint8Array | undefined)[] = Array.from({ length: count });
  const ambiguous = new Set<number>();
  let missing = count;
  for (const transaction of mempool.transactions()) {
    if (missing === 0) break;
    const place = places.get(keyAt(shortIdOf(salt, wtxidOf(transaction)), 0));
    if (place === undefined) continue;
    if (found[place] === undefined) missing--;
    else ambiguous.add(place);
    found[place] = transaction.bytes;
  }
  for (const place of ambiguous) found[place] = undefined;
  return found;
}
