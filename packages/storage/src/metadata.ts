import {
  asciiBytes,
  bytes,
  bytesU16,
  bytesU8,
  equalBytes,
  struct,
  toHex,
  u32,
  u8,
  type Codec,
} from '@mxd/codec';
import { reservedPrefixByte } from './bucket.ts';
import { appendChecksum, withoutChecksum } from './checksum.ts';
import { type Operation, type PutOperation, type Reader } from './contract.ts';
import { StorageError } from './errors.ts';

/** The network that data belongs to: same id and same genesis. */
export interface NetworkIdentity {
  readonly id: number;
  /** Up to 64 bytes, compared as they are. */
  readonly genesisHash: Uint8Array;
}

/** What a store says about itself. */
export interface StoreMetadata {
  readonly network: NetworkIdentity;
  readonly application: string;
  readonly schemaVersion: number;
}

/** A migration that has begun. */
export interface MigrationState {
  /** The version whose step runs. */
  readonly from: number;
  /** Where the step goes on; empty before its first batch. */
  readonly cursor: Uint8Array;
}

const metadataKey = Uint8Array.of(reservedPrefixByte, 1);
const migrationKey = Uint8Array.of(reservedPrefixByte, 2);
const magic = asciiBytes('MXDS');
const formatVersion = 1;

const metadataCodec = struct({
  magic: bytes(magic.length),
  format: u8,
  networkId: u32,
  genesisHash: bytesU8(64),
  schemaVersion: u32,
  application: bytesU8(32, 1),
});

const migrationCodec: Codec<MigrationState> = struct({ from: u32, cursor: bytesU16(512) });

const decoder = new TextDecoder();

export function sameNetwork(left: NetworkIdentity, right: NetworkIdentity): boolean {
  return left.id === right.id && equalBytes(left.genesisHash, right.genesisHash);
}

/** The network for messages: its id and how its genesis hash begins. */
export function describeNetwork(network: NetworkIdentity): string {
  return `network ${network.id}/${toHex(network.genesisHash.subarray(0, 8))}`;
}

export function putMetadata(metadata: StoreMetadata): PutOperation {
  const value = metadataCodec.encode({
    magic,
    format: formatVersion,
    networkId: metadata.network.id,
    genesisHash: metadata.network.genesisHash,
    schemaVersion: metadata.schemaVersion,
    application: asciiBytes(metadata.application),
  });
  return { type: 'put', key: metadataKey, value: appendChecksum(metadataKey, value) };
}

export function putMigration(state: MigrationState): PutOperation {
  const value = appendChecksum(migrationKey, migrationCodec.encode(state));
  return { type: 'put', key: migrationKey, value };
}

export function deleteMigration(): Operation {
  return { type: 'del', key: migrationKey };
}

function readChecked(reader: Reader, key: Uint8Array): Uint8Array | undefined {
  const stored = reader.getSync(key);
  if (stored === undefined) return undefined;
  const value = withoutChecksum(key, stored);
  if (value !== undefined) return value;
  throw new StorageError('STORAGE_CHECKSUM', "The store's metadata does not match its checksum");
}

/**
 * What the store says about itself; nothing if it has never been prepared.
 *
 * @throws StorageError STORAGE_CHECKSUM, STORAGE_FOREIGN
 */
export function readMetadata(reader: Reader): StoreMetadata | undefined {
  const value = readChecked(reader, metadataKey);
  if (value === undefined) return undefined;
  const decoded = metadataCodec.tryDecode(value);
  if (
    !decoded.ok ||
    !equalBytes(decoded.value.magic, magic) ||
    decoded.value.format !== formatVersion
  ) {
    throw new StorageError('STORAGE_FOREIGN', "The store's metadata is of an unknown format");
  }
  const { networkId, genesisHash, schemaVersion, application } = decoded.value;
  return {
    network: { id: networkId, genesisHash: new Uint8Array(genesisHash) },
    schemaVersion,
    application: decoder.decode(application),
  };
}

export function readMigration(reader: Reader): MigrationState | undefined {
  const value = readChecked(reader, migrationKey);
  return value === undefined ? undefined : migrationCodec.decode(value);
}

/** True for the keys that this package keeps for itself. */
export function isMetadataKey(key: Uint8Array): boolean {
  return equalBytes(key, metadataKey) || equalBytes(key, migrationKey);
}
