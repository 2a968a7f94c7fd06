import type { Mempool } from '@mxd/ledger';
import { shortIdOf } from '@mxd/protocol/messages';

const keyAt = (bytes: Uint8Array, at: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0);

/**
 * The transactions behind short ids, from the mempool: undefined for none or several matches. Stops
 * as soon as every id has been seen; later doubles then cost a fetch, never a wrong block, since the
 * list must hash to the block's root. Best first, since the leader chose so: the cost is that of the
 * block, not that of all that waits (a hash of 3 us each).
 */
export function resolveShortIds(
  mempool: Pick<Mempool, 'bestFirst'>,
  wtxidOf: (transaction: Uint8Array) => Uint8Array,
  salt: bigint,
  shortIds: Uint8Array,
): readonly (Uint8Array | undefined)[] {
  const count = shortIds.length / 8;
  const places = new Map<bigint, number>();
  for (let i = 0; i < count; i++) places.set(keyAt(shortIds, 8 * i), i);
  const found: (Uint8Array | undefined)[] = Array.from({ length: count });
  const ambiguous = new Set<number>();
  let missing = count;
  for (const transaction of mempool.bestFirst()) {
    if (missing === 0) break;
    const place = places.get(keyAt(shortIdOf(salt, wtxidOf(transaction.bytes)), 0));
    if (place === undefined) continue;
    if (found[place] === undefined) missing--;
    else ambiguous.add(place);
    found[place] = transaction.bytes;
  }
  for (const place of ambiguous) found[place] = undefined;
  return found;
}
