import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  asciiBytes,
  bytes,
  bytesU16,
  type Codec,
  concatBytes,
  equalBytes,
  list,
  struct,
  u32,
  u53,
} from '@mxd/codec';
import { StorageError } from '../errors.ts';
import { limits } from '../limits.ts';
import { listNames, readWhole } from './files.ts';
import { idBytes, type Seal } from './seal.ts';

/** What the caller knows about the moment that is backed up, read from its snapshot. */
export interface PointDescription {
  /** The height of the last final block; what a restore is asked for. */
  readonly height: number;
  /** For people, up to 256 bytes. */
  readonly label?: string;
}

/** One restorable state of a series. */
export interface BackupPoint {
  /** Counts up from 1 within the series. */
  readonly sequence: number;
  readonly createdAtMs: number;
  readonly height: number;
  readonly label: string;
  readonly schemaVersion: number;
  readonly entries: number;
  /** Of keys, values and their lengths, before encryption. */
  readonly sizeBytes: number;
  readonly chunks: number;
  /** Bytes that this point added to the series; the others it shares with earlier points. */
  readonly addedBytes: number;
}

export interface BackupProgress {
  readonly phase: 'scan' | 'read-back' | 'restore' | 'verify';
  readonly entries: number;
  readonly bytes: number;
  /** What `bytes` will be at the end; an estimate in the phase `scan`. */
  readonly totalBytes: number;
}

/** Where a chunk lies. */
export interface ChunkPlace {
  readonly id: Uint8Array;
  readonly pack: number;
  readonly offset: number;
  readonly storedBytes: number;
  readonly plainBytes: number;
  readonly entries: number;
}

export interface Manifest {
  readonly sequence: number;
  readonly createdAtMs: number;
  readonly height: number;
  readonly schemaVersion: number;
  readonly label: Uint8Array;
  readonly chunks: readonly ChunkPlace[];
}

const placeCodec: Codec<ChunkPlace> = struct({
  id: bytes(idBytes),
  pack: u32,
  offset: u53,
  storedBytes: u32,
  plainBytes: u32,
  entries: u32,
});

const manifestCodec: Codec<Manifest> = struct({
  sequence: u32,
  createdAtMs: u53,
  height: u53,
  schemaVersion: u32,
  label: bytesU16(256),
  chunks: list(placeCodec, { count: 'u32', max: limits.backupChunks.value }),
});

const magic = asciiBytes('MXDPOINT');
const digestBytes = 32;

export function sequenceName(sequence: number): string {
  return String(sequence).padStart(8, '0');
}

export function pointPath(directory: string, sequence: number): string {
  return join(directory, 'points', `${sequenceName(sequence)}.mxp`);
}

/** Ties what is sealed to its series and its place there. */
export function sealContext(seriesId: Uint8Array, kind: string, name: Uint8Array): Uint8Array {
  return concatBytes(asciiBytes(`mxd ${kind} `), seriesId, name);
}

function pointContext(seriesId: Uint8Array, sequence: number): Uint8Array {
  return sealContext(seriesId, 'point', u32.encode(sequence));
}

/** A file that shows whether it is whole: magic, length u53, body, SHA-256 of all that. */
export function frame(fileMagic: Uint8Array, body: Uint8Array): Uint8Array {
  const framed = concatBytes(fileMagic, u53.encode(body.length), body);
  return concatBytes(framed, createHash('sha256').update(framed).digest());
}

/** @throws StorageError STORAGE_ARCHIVE_FORMAT, _TRUNCATED, _ALTERED */
export function unframe(fileMagic: Uint8Array, file: Uint8Array, path: string): Uint8Array {
  const start = fileMagic.length + u53.minBytes;
  if (file.length < start) {
    throw new StorageError('STORAGE_ARCHIVE_TRUNCATED', `${path} is cut off`, { path });
  }
  if (!equalBytes(file.subarray(0, fileMagic.length), fileMagic)) {
    throw new StorageError('STORAGE_ARCHIVE_FORMAT', `${path} is of an unknown format`, { path });
  }
  const length = u53.tryDecode(file.subarray(fileMagic.length, start));
  const end = start + (length.ok ? length.value : 0);
  if (length.ok && file.length < end + digestBytes) {
    throw new StorageError('STORAGE_ARCHIVE_TRUNCATED', `${path} is cut off`, { path });
  }
  const digest = createHash('sha256').update(file.subarray(0, end)).digest();
  if (!length.ok || file.length !== end + digestBytes || !equalBytes(digest, file.subarray(end))) {
    throw new StorageError('STORAGE_ARCHIVE_ALTERED', `${path} is not what was written`, { path });
  }
  return file.subarray(start, end);
}

export function encodeManifest(manifest: Manifest, seal: Seal, seriesId: Uint8Array): Uint8Array {
  const context = pointContext(seriesId, manifest.sequence);
  return frame(magic, seal.close(manifestCodec.encode(manifest), context));
}

export async function readManifest(
  directory: string,
  sequence: number,
  seal: Seal,
  seriesId: Uint8Array,
): Promise<Manifest> {
  const path = pointPath(directory, sequence);
  const file = await readWhole(
    path,
    () => new StorageError('STORAGE_ARCHIVE_TRUNCATED', `${path} is missing`, { path }),
  );
  const plain = seal.open(unframe(magic, file, path), pointContext(seriesId, sequence));
  const manifest = plain === undefined ? undefined : manifestCodec.tryDecode(plain);
  if (manifest?.ok !== true || manifest.value.sequence !== sequence) {
    throw new StorageError('STORAGE_ARCHIVE_ALTERED', `${path} is not what was written`, { path });
  }
  return manifest.value;
}

/** Sequence numbers of the points on disk, ascending. */
export async function listSequences(
  directory: string,
  kind: 'points' | 'packs',
): Promise<readonly number[]> {
  const sequences: number[] = [];
  for (const name of await listNames(join(directory, kind))) {
    const match = /^(\d{8})\.mx[pk]$/.exec(name);
    if (match?.[1] !== undefined) sequences.push(Number(match[1]));
  }
  return sequences;
}

const decoder = new TextDecoder();

export function describePoint(manifest: Manifest): BackupPoint {
  let entries = 0;
  let sizeBytes = 0;
  let addedBytes = 0;
  for (const chunk of manifest.chunks) {
    entries += chunk.entries;
    sizeBytes += chunk.plainBytes;
    if (chunk.pack === manifest.sequence) addedBytes += chunk.storedBytes;
  }
  const { sequence, createdAtMs, height, schemaVersion } = manifest;
  const label = decoder.decode(manifest.label);
  const chunks = manifest.chunks.length;
  return {
    sequence,
    createdAtMs,
    height,
    label,
    schemaVersion,
    entries,
    sizeBytes,
    chunks,
    addedBytes,
  };
}
