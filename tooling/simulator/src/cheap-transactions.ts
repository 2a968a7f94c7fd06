import { Reader, Writer } from '@mxd/codec';

/** What the cheap application understands. `part` stands for a witness: the same id, other bytes. */
export interface CheapTransaction {
  readonly kind: 'pay' | 'bond' | 'unbond' | 'invalid';
  readonly nonce: number;
  readonly tip: bigint;
  /** Of `bond` and `unbond`. */
  readonly id?: Uint8Array;
  readonly amount?: bigint;
  /** Not before this height. */
  readonly validFrom?: number;
  readonly witness?: number;
  readonly padding?: Uint8Array;
}

const kinds = { pay: 1, bond: 2, unbond: 3, invalid: 0xff } as const;
/** Bytes that name a transaction; what follows is its witness. */
export const idBytes = 53;

export function encodeCheap(transaction: CheapTransaction): Uint8Array {
  const { padding } = transaction;
  const writer = new Writer(idBytes + 4 + (padding?.length ?? 0));
  writer.u8(kinds[transaction.kind]);
  writer.u53(transaction.nonce);
  writer.u64(transaction.tip);
  writer.bytes(transaction.id ?? new Uint8Array(20));
  writer.u64(transaction.amount ?? 0n);
  writer.u53(transaction.validFrom ?? 0);
  writer.u32(transaction.witness ?? 0);
  if (padding !== undefined) writer.bytes(padding);
  return writer.finish();
}

/** Undefined for bytes that are no transaction. */
export function decodeCheap(bytes: Uint8Array): CheapTransaction | undefined {
  if (bytes.length < idBytes + 4) return undefined;
  const reader = new Reader(bytes);
  const code = reader.u8();
  const kind = code === 1 ? 'pay' : code === 2 ? 'bond' : code === 3 ? 'unbond' : 'invalid';
  const nonce = reader.u53();
  const tip = reader.u64();
  const id = reader.take(20);
  const amount = reader.u64();
  const validFrom = reader.u53();
  return { kind, nonce, tip, id, amount, validFrom, witness: reader.u32() };
}
