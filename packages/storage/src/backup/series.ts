import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asciiBytes, bytes, bytesU8, concatBytes, struct, u16, u32, u8 } from '@mxd/codec';
import { StorageError } from '../errors.ts';
import { openLevelStore } from '../level/level-store.ts';
import { describeNetwork, type NetworkIdentity, sameNetwork } from '../metadata.ts';
import { onFiles, readWhole, writeDurably } from './files.ts';
import {
  frame,
  listSequences,
  type Manifest,
  readManifest,
  sealContext,
  unframe,
} from './points.ts';
import {
  type BackupKey,
  defaultCost,
  plainSeal,
  type Seal,
  type StretchCost,
  unlockSeal,
} from './seal.ts';

/** A directory with backups of one store: a header, points, and packs of chunks. */
export interface Series extends Disposable {
  readonly directory: string;
  readonly id: Uint8Array;
  readonly network: NetworkIdentity;
  readonly application: string;
  readonly chunkTarget: number;
  readonly seal: Seal;
}

const magic = asciiBytes('MXDBACK1');
const formatVersion = 1;
const keyKinds = { none: 0, key: 1, passphrase: 2 } as const;

const headerCodec = struct({
  format: u16,
  id: bytes(16),
  networkId: u32,
  genesisHash: bytesU8(64),
  application: bytesU8(32, 1),
  chunkTarget: u32,
  keyKind: u8,
  salt: bytes(16),
  memoryKib: u32,
  passes: u32,
  lanes: u32,
});

/** The header, and for an encrypted series a seal over it, which tells a wrong key from damage. */
const fileCodec = struct({ header: bytesU8(), check: bytesU8() });
const decoder = new TextDecoder();
const nothing = new Uint8Array(0);

export function seriesPath(directory: string): string {
  return join(directory, 'series.mxb');
}

function checkContext(id: Uint8Array, header: Uint8Array): Uint8Array {
  return concatBytes(sealContext(id, 'series', nothing), header);
}

/** Starts a series in an empty or new directory. */
export async function createSeries(
  directory: string,
  description: Pick<Series, 'network' | 'application' | 'chunkTarget'>,
  key: BackupKey | undefined,
  cost: StretchCost = defaultCost,
): Promise<Series> {
  const id = randomBytes(16);
  const salt = randomBytes(16);
  const header = headerCodec.encode({
    format: formatVersion,
    id,
    networkId: description.network.id,
    genesisHash: description.network.genesisHash,
    application: asciiBytes(description.application),
    chunkTarget: description.chunkTarget,
    keyKind: keyKinds[key?.kind ?? 'none'],
    salt,
    ...cost,
  });
  const seal = key === undefined ? plainSeal : await unlockSeal(key, salt, cost, id);
  const check = seal.encrypted ? seal.close(nothing, checkContext(id, header)) : nothing;
  const file = frame(magic, fileCodec.encode({ header, check }));
  await onFiles('Creating the series', directory, () =>
    writeDurably(seriesPath(directory), [file]),
  );
  return { directory, id, seal, ...description, [Symbol.dispose]: () => seal[Symbol.dispose]() };
}

function wrongKey(message: string): never {
  throw new StorageError('STORAGE_ARCHIVE_KEY', message);
}

/** @throws StorageError STORAGE_ARCHIVE_MISSING, _FORMAT, _TRUNCATED, _ALTERED, _KEY */
export async function openSeries(directory: string, key: BackupKey | undefined): Promise<Series> {
  const path = seriesPath(directory);
  const file = await readWhole(
    path,
    () =>
      new StorageError('STORAGE_ARCHIVE_MISSING', `There is no backup series in ${directory}`, {
        directory,
      }),
  );
  const parts = fileCodec.tryDecode(unframe(magic, file, path));
  const decoded = parts.ok ? headerCodec.tryDecode(parts.value.header) : parts;
  if (!parts.ok || !decoded.ok || decoded.value.format !== formatVersion) {
    throw new StorageError('STORAGE_ARCHIVE_FORMAT', `${path} is of an unknown format`, { path });
  }
  const { value: header } = decoded;
  const id = new Uint8Array(header.id);
  let seal = plainSeal;
  if (header.keyKind === keyKinds.none) {
    if (key !== undefined)
      wrongKey(`The backup in ${directory} is not encrypted, but a key is given`);
  } else {
    if (key === undefined) wrongKey(`The backup in ${directory} is encrypted: a key is needed`);
    if (keyKinds[key.kind] !== header.keyKind) {
      wrongKey(`The backup in ${directory} wants a ${header.keyKind === 1 ? 'key' : 'passphrase'}`);
    }
    const salt = new Uint8Array(header.salt);
    seal = await unlockSeal(key, salt, header, id);
    if (seal.open(parts.value.check, checkContext(id, parts.value.header)) === undefined) {
      seal[Symbol.dispose]();
      wrongKey(
        `The backup in ${directory} is encrypted with another key, or its header is altered`,
      );
    }
  }
  return {
    directory,
    id,
    seal,
    network: { id: header.networkId, genesisHash: new Uint8Array(header.genesisHash) },
    application: decoder.decode(header.application),
    chunkTarget: header.chunkTarget,
    [Symbol.dispose]: () => seal[Symbol.dispose](),
  };
}

/** @throws StorageError STORAGE_NETWORK */
export function checkNetwork(series: Series, network: NetworkIdentity): void {
  if (sameNetwork(series.network, network)) return;
  throw new StorageError(
    'STORAGE_NETWORK',
    `The backup is of ${describeNetwork(series.network)}, not ${describeNetwork(network)}`,
    { directory: series.directory },
  );
}

/** Reads all points, ascending. */
export async function readManifests(series: Series): Promise<readonly Manifest[]> {
  const manifests: Manifest[] = [];
  for (const sequence of await listSequences(series.directory, 'points')) {
    manifests.push(await readManifest(series.directory, sequence, series.seal, series.id));
  }
  return manifests;
}

/**
 * Keeps other writers out until disposed. The lock is that of a LevelDB store, which the operating
 * system releases when its process ends, however it ends.
 */
export async function lockSeries(directory: string): Promise<AsyncDisposable> {
  await onFiles('Creating the series', directory, () =>
    mkdir(directory, { recursive: true, mode: 0o700 }),
  );
  try {
    return await openLevelStore(join(directory, 'lock'), {
      cacheBytes: 0,
      writeBufferBytes: 65_536,
    });
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'STORAGE_LOCKED') throw error;
    throw new StorageError(
      'STORAGE_ARCHIVE_BUSY',
      `Another backup into ${directory} is running`,
      { directory },
      { cause: error },
    );
  }
}
