/** Where the ledger keeps what in a store. The prefixes are the layout's; see docs/storage.md. */
import {
  bytes,
  bytesU32,
  bytesU8,
  list,
  makeCodec,
  struct,
  u32,
  u53,
  u64,
  type Codec,
} from '@mxd/codec';
import type { BlockHash, Header, Table, TxId } from '@mxd/protocol';
import { headerCodec, transactionListCodec } from '@mxd/protocol/block';
import { tableCodec } from '@mxd/protocol/table';
import { outputCodec, ownerHashBytes, type TransactionOutput } from '@mxd/protocol/transaction';
import {
  bytesKey,
  defineBucket,
  defineSchema,
  emptyValue,
  rawValue,
  u53Key,
  u8Key,
  type Bucket,
  type KeyCodec,
  type Schema,
} from '@mxd/storage';

import { LedgerError } from './errors.ts';
import {
  binaryText,
  outpointBytes,
  unspentOutputCodec,
  type OutpointKey,
  writeBinaryText,
} from './outputs.ts';
import type { TransactionLocation, UnspentOutput } from './types.ts';

/** Version of the layout below; a change comes with a migration step. */
export const layoutVersion = 1;

function badKey(message: string): never {
  throw new LedgerError('LEDGER_CORRUPT', message);
}

const outpointKeyCodec: KeyCodec<OutpointKey> = {
  size: () => outpointBytes,
  write: writeBinaryText,
  read(source, offset) {
    const end = offset + outpointBytes;
    if (source.length < end) badKey('a stored outpoint is cut short');
    return [binaryText(source.subarray(offset, end)), end];
  },
};

/** Reads an owner as `ownerText` gives it; its length follows from the version. */
function readOwner(source: Uint8Array, offset: number): readonly [string, number] {
  const length = ownerHashBytes(source[offset] ?? 0);
  const end = offset + 1 + length;
  if (length === 0 || source.length < end) badKey('a stored owner is malformed');
  return [binaryText(source.subarray(offset, end)), end];
}

/** An owner (as `ownerText`) and an outpoint that it owns. */
export type OwnedKey = readonly [owner: string, outpoint: OutpointKey];

const ownedKeyCodec: KeyCodec<OwnedKey> & { encodePrefix(parts: readonly unknown[]): Uint8Array } =
  {
    size: (key) => key[0].length + outpointBytes,
    write: (target, offset, key) =>
      writeBinaryText(target, writeBinaryText(target, offset, key[0]), key[1]),
    read(source, offset) {
      const [owner, at] = readOwner(source, offset);
      const [outpoint, end] = outpointKeyCodec.read(source, at);
      return [[owner, outpoint], end];
    },
    encodePrefix: ownerPrefix,
  };

/** An owner, then height and position, both descending: a scan starts with the newest. */
export type HistoryKey = readonly [owner: string, height: number, position: number];

function writeDescending(target: Uint8Array, offset: number, key: HistoryKey): number {
  const view = new DataView(target.buffer, target.byteOffset + offset, 12);
  view.setUint32(0, ~Math.floor(key[1] / 0x1_0000_0000) >>> 0);
  view.setUint32(4, ~key[1] >>> 0);
  view.setUint32(8, ~key[2] >>> 0);
  return offset + 12;
}

const historyKeyCodec: KeyCodec<HistoryKey> & {
  encodePrefix(parts: readonly unknown[]): Uint8Array;
} = {
  size: (key) => key[0].length + 12,
  write: (target, offset, key) =>
    writeDescending(target, writeBinaryText(target, offset, key[0]), key),
  read(source, offset) {
    const [owner, at] = readOwner(source, offset);
    if (source.length < at + 12) badKey('a stored history key is cut short');
    const view = new DataView(source.buffer, source.byteOffset + at, 12);
    const high = ~view.getUint32(0) >>> 0;
    const height = high * 0x1_0000_0000 + (~view.getUint32(4) >>> 0);
    return [[owner, height, ~view.getUint32(8) >>> 0], at + 12];
  },
  encodePrefix: ownerPrefix,
};

function ownerPrefix(parts: readonly unknown[]): Uint8Array {
  const owner = (parts[0] ?? '') as string;
  const out = new Uint8Array(owner.length);
  writeBinaryText(out, 0, owner);
  return out;
}

/** What a block consists of beside its header. */
export interface StoredBody {
  readonly parentCertificate: Uint8Array;
  readonly systemRecords: Uint8Array;
  readonly transactions: readonly Uint8Array[];
}

const bodyCodec: Codec<StoredBody> = struct({
  parentCertificate: bytesU32(0xffff_ffff),
  systemRecords: bytesU32(0xffff_ffff),
  transactions: transactionListCodec,
});

/** What a block spent and paid out: what its body alone does not tell. */
export interface StoredEffects {
  /** One per input of the block's transactions, in order. */
  readonly spent: readonly TransactionOutput[];
  readonly payouts: readonly TransactionOutput[];
  /** Of the payouts; empty if there are none. */
  readonly payoutTxid: Uint8Array;
}

const outputList: Codec<readonly TransactionOutput[]> = list(outputCodec, {
  count: 'u32',
  max: 0xffff_ffff,
});

const effectsCodec: Codec<StoredEffects> = struct({
  spent: outputList,
  payouts: outputList,
  payoutTxid: bytesU8(64),
});

/** A header with its hash, which is looked up far more often than computed. */
export interface StoredHeader {
  readonly hash: BlockHash;
  readonly header: Header;
}

export const storedHeaderCodec: Codec<StoredHeader> = struct({
  hash: bytes(64),
  header: headerCodec,
});

const locationCodec: Codec<TransactionLocation> = struct({ height: u53, position: u32 });

/** What a transaction did to an owner. */
export interface HistoryValue {
  readonly txid: TxId;
  readonly received: bigint;
  readonly spent: bigint;
}

const historyCodec: Codec<HistoryValue> = struct({ txid: bytes(64), received: u64, spent: u64 });

/** A height as a value. */
export const heightCodec: Codec<number> = makeCodec<number>({
  minBytes: 8,
  maxBytes: 8,
  size: () => 8,
  encodeInto: (writer, value) => u53.encodeInto(writer, value),
  decodeFrom: (reader) => u53.decodeFrom(reader),
});

/** A locked output under the validator that it is locked for. */
export type LockedKey = readonly [validatorId: string, outpoint: OutpointKey];

const lockedKeyCodec: KeyCodec<LockedKey> & {
  encodePrefix(parts: readonly unknown[]): Uint8Array;
} = {
  size: () => 20 + outpointBytes,
  write: (target, offset, key) =>
    writeBinaryText(target, writeBinaryText(target, offset, key[0]), key[1]),
  read(source, offset) {
    const [outpoint, end] = outpointKeyCodec.read(source, offset + 20);
    return [[binaryText(source.subarray(offset, offset + 20)), outpoint], end];
  },
  encodePrefix: ownerPrefix,
};

/** What the store says of its chain. */
export interface StoredIdentity {
  readonly layout: number;
  readonly chainTag: Uint8Array;
}

export const identityCodec: Codec<StoredIdentity> = struct({ layout: u32, chainTag: bytes(32) });

/** The final head, and the application root after it. */
export interface StoredHead {
  readonly height: number;
  readonly hash: Uint8Array;
  readonly root: Uint8Array;
}

export const headCodec: Codec<StoredHead> = struct({
  height: u53,
  hash: bytes(64),
  root: bytes(64),
});

/** Keys of the bucket `meta`. */
export const metaKey = {
  identity: 1,
  head: 2,
  /** The lanes of the lattice hash. */
  lattice: 3,
  /** Which indexes are complete: a byte of flags. */
  indexes: 4,
  /** Lowest height whose body is kept. */
  firstBody: 5,
  /** The manifest of a snapshot whose import has begun. */
  importing: 6,
  /** First height that the indexes of transactions and history cover. */
  historyFrom: 7,
  /** Genesis block: hash and header. Costs 10 us per allocation to compute anew. */
  genesis: 8,
} as const;

export const buckets: {
  readonly meta: Bucket<number, Uint8Array>;
  readonly headers: Bucket<number, StoredHeader>;
  readonly heights: Bucket<Uint8Array, number>;
  readonly certificates: Bucket<number, Uint8Array>;
  readonly bodies: Bucket<number, StoredBody>;
  readonly outputs: Bucket<OutpointKey, UnspentOutput>;
  readonly transactions: Bucket<Uint8Array, TransactionLocation>;
  readonly history: Bucket<HistoryKey, HistoryValue>;
  readonly owned: Bucket<OwnedKey, true>;
  readonly sections: Bucket<number, Uint8Array>;
  readonly locked: Bucket<LockedKey, true>;
  readonly effects: Bucket<number, StoredEffects>;
  readonly imports: Bucket<number, Uint8Array>;
  readonly tables: Bucket<number, Table>;
} = {
  meta: defineBucket({ name: 'ledger-meta', prefix: 0x10, key: u8Key, value: rawValue }),
  headers: defineBucket({ name: 'headers', prefix: 0x11, key: u53Key, value: storedHeaderCodec }),
  heights: defineBucket({ name: 'heights', prefix: 0x12, key: bytesKey(64), value: heightCodec }),
  certificates: defineBucket({ name: 'finalizations', prefix: 0x13, key: u53Key, value: rawValue }),
  bodies: defineBucket({ name: 'bodies', prefix: 0x14, key: u53Key, value: bodyCodec }),
  outputs: defineBucket({
    name: 'outputs',
    prefix: 0x15,
    key: outpointKeyCodec,
    value: unspentOutputCodec,
  }),
  transactions: defineBucket({
    name: 'transactions',
    prefix: 0x16,
    key: bytesKey(64),
    value: locationCodec,
    checksum: false,
  }),
  history: defineBucket({
    name: 'history',
    prefix: 0x17,
    key: historyKeyCodec,
    value: historyCodec,
    checksum: false,
  }),
  owned: defineBucket({
    name: 'outputs-by-owner',
    prefix: 0x18,
    key: ownedKeyCodec,
    value: emptyValue,
    checksum: false,
  }),
  sections: defineBucket({ name: 'state-sections', prefix: 0x19, key: u8Key, value: rawValue }),
  locked: defineBucket({
    name: 'locked-outputs',
    prefix: 0x1a,
    key: lockedKeyCodec,
    value: emptyValue,
  }),
  effects: defineBucket({ name: 'effects', prefix: 0x1b, key: u53Key, value: effectsCodec }),
  imports: defineBucket({ name: 'imported-chunks', prefix: 0x1c, key: u53Key, value: rawValue }),
  /** Table of every epoch, for epoch proofs: the state itself keeps the last few alone. */
  tables: defineBucket({ name: 'tables', prefix: 0x1d, key: u53Key, value: tableCodec }),
};

/** All buckets of the ledger, for schemas of stores that hold more than the ledger. */
export const ledgerBuckets: Schema['buckets'] = Object.values(buckets);

/** The schema of a store that holds a ledger and nothing else. */
export const ledgerSchema: Schema = defineSchema({
  application: 'mxd-ledger',
  version: layoutVersion,
  buckets: ledgerBuckets,
});
