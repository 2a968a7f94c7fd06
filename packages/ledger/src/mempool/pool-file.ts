import {
  asciiBytes,
  bytes,
  bytesU32,
  constant,
  equalBytes,
  struct,
  u32,
  u53,
  u8,
  type Codec,
} from '@mxd/codec';
import { sha512 } from '@mxd/crypto/hash';
import { limits as protocolLimits } from '@mxd/protocol/limits';

/** A waiting transaction in a file. */
export interface StoredTransaction {
  readonly arrivedMs: number;
  readonly bytes: Uint8Array;
}

const headCodec = struct({
  magic: constant(asciiBytes('MXDPOOL')),
  version: u8,
  chainTag: bytes(32),
  count: u32,
});
const headBytes = headCodec.maxBytes;
const version = 1;

const recordCodec: Codec<StoredTransaction> = struct({
  arrivedMs: u53,
  bytes: bytesU32(protocolLimits.transactionBytes.value),
});

/** The file of a pool without the SHA-512 that ends it: head, then records in order of arrival. */
export function* poolFileParts(
  chainTag: Uint8Array,
  transactions: readonly StoredTransaction[],
): Generator<Uint8Array, void> {
  yield headCodec.encode({ magic: undefined, version, chainTag, count: transactions.length });
  for (const transaction of transactions) yield recordCodec.encode(transaction);
}

/** The file of a pool: head, records in order of arrival, SHA-512 over all of it. */
export function encodePoolFile(
  chainTag: Uint8Array,
  transactions: readonly StoredTransaction[],
): Uint8Array {
  const parts = [...poolFileParts(chainTag, transactions)];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const file = new Uint8Array(length + 64);
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  file.set(sha512(file.subarray(0, length)), length);
  return file;
}

/** What a file holds; `damaged` if it is of another chain, cut short or altered. */
export function decodePoolFile(
  chainTag: Uint8Array,
  file: Uint8Array,
): { readonly transactions: readonly StoredTransaction[]; readonly damaged: boolean } {
  const nothing = { transactions: [], damaged: true };
  const head = headCodec.tryDecode(file.subarray(0, headBytes));
  if (!head.ok || head.value.version !== version) return nothing;
  if (!equalBytes(head.value.chainTag, chainTag)) return nothing;
  const transactions: StoredTransaction[] = [];
  let offset = headBytes;
  const end = file.length - 64;
  // Every record is judged again when it is admitted, so what can be read is worth keeping.
  while (transactions.length < head.value.count && offset + 12 <= file.length) {
    const view = new DataView(file.buffer, file.byteOffset + offset + 8, 4);
    const length = 12 + view.getUint32(0);
    const record = recordCodec.tryDecode(file.subarray(offset, offset + length));
    if (!record.ok) break;
    transactions.push(record.value);
    offset += length;
  }
  const whole =
    offset === end &&
    transactions.length === head.value.count &&
    equalBytes(sha512(file.subarray(0, end)), file.subarray(end));
  return { transactions, damaged: !whole };
}
