import { Reader } from '@mxd/codec';
import { limits } from '../limits.ts';

/** Messages of the transactions lane: docs/protocol/network.md, "Transaction relay". */

/** First byte of each message. */
export const relayTypes = { push: 1, announce: 2, fetch: 3, answer: 4 } as const;

/** Length of a short id: the first bytes of the transaction's id. 2^64 work for a collision. */
export const shortIdBytes = 16;

/** One message, decoded; byte fields are views. */
export type RelayMessage =
  | { readonly type: 'push'; readonly transactions: readonly Uint8Array[] }
  | { readonly type: 'announce'; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'fetch'; readonly ids: readonly Uint8Array[] }
  | {
      readonly type: 'answer';
      readonly missing: readonly Uint8Array[];
      readonly transactions: readonly Uint8Array[];
    };

const lengthBytes = 4;

function writeTransactions(out: Buffer, start: number, transactions: readonly Uint8Array[]): void {
  let offset = start;
  for (const transaction of transactions) {
    out.writeUInt32BE(transaction.length, offset);
    out.set(transaction, offset + lengthBytes);
    offset += lengthBytes + transaction.length;
  }
}

const transactionBytes = (transactions: readonly Uint8Array[]): number =>
  transactions.reduce((sum, transaction) => sum + lengthBytes + transaction.length, 0);

/** 1 || for each transaction: length u32, bytes. */
export function encodePush(transactions: readonly Uint8Array[]): Uint8Array {
  const out = Buffer.allocUnsafe(1 + transactionBytes(transactions));
  out[0] = relayTypes.push;
  writeTransactions(out, 1, transactions);
  return out;
}

/** 2 or 3 || short ids. */
export function encodeIds(type: 'announce' | 'fetch', ids: readonly Uint8Array[]): Uint8Array {
  const out = Buffer.allocUnsafe(1 + ids.length * shortIdBytes);
  out[0] = relayTypes[type];
  for (let i = 0; i < ids.length; i++) out.set(ids[i] as Uint8Array, 1 + i * shortIdBytes);
  return out;
}

/** 4 || missing count u16 || missing short ids || for each transaction: length u32, bytes. */
export function encodeAnswer(
  missing: readonly Uint8Array[],
  transactions: readonly Uint8Array[],
): Uint8Array {
  const start = 3 + missing.length * shortIdBytes;
  const out = Buffer.allocUnsafe(start + transactionBytes(transactions));
  out[0] = relayTypes.answer;
  out.writeUInt16BE(missing.length, 1);
  for (let i = 0; i < missing.length; i++) out.set(missing[i] as Uint8Array, 3 + i * shortIdBytes);
  writeTransactions(out, start, transactions);
  return out;
}

function readIds(bytes: Uint8Array, start: number, end: number): readonly Uint8Array[] | undefined {
  const count = (end - start) / shortIdBytes;
  if (!Number.isInteger(count) || count > limits.relayAnnounceIds.value) return undefined;
  const ids: Uint8Array[] = [];
  for (let at = start; at < end; at += shortIdBytes)
    ids.push(bytes.subarray(at, at + shortIdBytes));
  return ids;
}

function readTransactions(bytes: Uint8Array, start: number): readonly Uint8Array[] | undefined {
  const reader = new Reader(bytes);
  reader.offset = start;
  const transactions: Uint8Array[] = [];
  while (reader.remaining > 0) {
    if (reader.remaining < lengthBytes) return undefined;
    const length = reader.u32();
    if (length === 0 || length > limits.relayTransactionBytes.value) return undefined;
    if (length > reader.remaining) return undefined;
    transactions.push(reader.take(length));
  }
  return transactions;
}

/** The message of these bytes, or undefined when they are none. Allocates no more than they hold. */
export function decodeRelayMessage(bytes: Uint8Array): RelayMessage | undefined {
  switch (bytes[0]) {
    case relayTypes.push: {
      const transactions = readTransactions(bytes, 1);
      if (transactions === undefined || transactions.length === 0) return undefined;
      return { type: 'push', transactions };
    }
    case relayTypes.announce:
    case relayTypes.fetch: {
      const ids = readIds(bytes, 1, bytes.length);
      if (ids === undefined || ids.length === 0) return undefined;
      return { type: bytes[0] === relayTypes.fetch ? 'fetch' : 'announce', ids };
    }
    case relayTypes.answer: {
      if (bytes.length < 3) return undefined;
      const count = ((bytes[1] as number) << 8) | (bytes[2] as number);
      const start = 3 + count * shortIdBytes;
      if (start > bytes.length) return undefined;
      const missing = readIds(bytes, 3, start);
      const transactions = readTransactions(bytes, start);
      if (missing === undefined || transactions === undefined) return undefined;
      return { type: 'answer', missing, transactions };
    }
    default:
      return undefined;
  }
}
