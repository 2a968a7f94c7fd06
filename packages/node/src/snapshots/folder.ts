import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { SnapshotView } from '@mxd/api';
import { toHex } from '@mxd/codec';
import {
  manifestCodec,
  snapshotId,
  snapshotVersion,
  type SnapshotManifest,
} from '@mxd/ledger/snapshot';
import { blockHashOf } from '@mxd/protocol/block';

import { syncDirectory } from '../durable-file.ts';

const manifestName = 'manifest';
const makingName = 'making';
const chunkName = (index: number): string => `chunk-${index}`;

/** A whole snapshot on disk. */
export interface StoredSnapshot {
  /** `snapshotId`, hexadecimal. */
  readonly id: string;
  readonly directory: string;
  readonly view: SnapshotView;
}

/** Writes and syncs a file that nobody reads before its folder gets its final name. */
async function writeSynced(path: string, content: Uint8Array): Promise<void> {
  await using file = await open(path, 'w', 0o600);
  await file.writeFile(content);
  await file.sync();
}

/**
 * The snapshots of a node: `<height>/manifest` and `<height>/chunk-<n>`. A folder gets that name
 * when all of it is on disk, so what is there is whole; only the newest are kept.
 */
export class SnapshotFolder {
  readonly #directory: string;
  readonly #keep: number;
  #stored: readonly StoredSnapshot[] = [];

  private constructor(directory: string, keep: number) {
    this.#directory = directory;
    this.#keep = keep;
  }

  /** Reads what is there; half-made snapshots are removed. */
  static async open(directory: string, keep: number): Promise<SnapshotFolder> {
    const folder = new SnapshotFolder(directory, keep);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await rm(join(directory, makingName), { recursive: true, force: true });
    const stored: StoredSnapshot[] = [];
    for (const name of await readdir(directory)) {
      const found = /^[0-9]+$/.test(name) ? await readStored(join(directory, name)) : undefined;
      if (found !== undefined) stored.push(found);
    }
    folder.#stored = stored.toSorted((a, b) => b.view.height - a.view.height);
    return folder;
  }

  /** Newest first. */
  get stored(): readonly StoredSnapshot[] {
    return this.#stored;
  }

  /** Begins an empty one. One at a time. */
  async begin(): Promise<void> {
    await this.abandon();
    await mkdir(join(this.#directory, makingName), { mode: 0o700 });
  }

  addChunk(index: number, chunk: Uint8Array): Promise<void> {
    return writeSynced(join(this.#directory, makingName, chunkName(index)), chunk);
  }

  /** Ends the one that was begun, puts it in place and removes what is too old. */
  async finish(manifest: SnapshotManifest): Promise<StoredSnapshot> {
    const making = join(this.#directory, makingName);
    const encoded = manifestCodec.encode({ version: snapshotVersion, ...manifest });
    await writeSynced(join(making, manifestName), encoded);
    await syncDirectory(making);
    const directory = join(this.#directory, String(manifest.content.height));
    await rm(directory, { recursive: true, force: true });
    await rename(making, directory);
    await syncDirectory(this.#directory);
    const stored = await describe(directory, manifest, encoded.length);
    const others = this.#stored.filter(({ view }) => view.height !== stored.view.height);
    const all = [stored, ...others].toSorted((a, b) => b.view.height - a.view.height);
    this.#stored = all.slice(0, this.#keep);
    for (const old of all.slice(this.#keep)) {
      await rm(old.directory, { recursive: true, force: true });
    }
    return stored;
  }

  async abandon(): Promise<void> {
    await rm(join(this.#directory, makingName), { recursive: true, force: true });
  }
}

export const readManifest = ({ directory }: StoredSnapshot): Promise<Uint8Array> =>
  readFile(join(directory, manifestName));

/** A chunk; undefined if there is none of this number, or it has just been removed. */
export async function readChunk(
  { directory, view }: StoredSnapshot,
  index: number,
): Promise<Uint8Array | undefined> {
  if (index >= view.chunks) return undefined;
  try {
    return await readFile(join(directory, chunkName(index)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readStored(directory: string): Promise<StoredSnapshot | undefined> {
  const encoded = await readFile(join(directory, manifestName)).catch(() => undefined);
  const decoded = encoded === undefined ? undefined : manifestCodec.tryDecode(encoded);
  if (encoded === undefined || decoded?.ok !== true) return undefined;
  return describe(directory, decoded.value, encoded.length).catch(() => undefined);
}

async function describe(
  directory: string,
  { content, headers }: SnapshotManifest,
  manifestBytes: number,
): Promise<StoredSnapshot> {
  const { height, chunks } = content;
  const at = headers.findIndex((header) => header.height === height);
  const [own, next] = [headers[at], headers[at + 1]];
  if (own === undefined || next === undefined) throw new RangeError('a manifest without its block');
  let bytes = manifestBytes;
  for (const index of chunks.keys()) bytes += (await stat(join(directory, chunkName(index)))).size;
  return {
    id: toHex(snapshotId(content)),
    directory,
    view: {
      height,
      hash: toHex(blockHashOf(own)),
      chunks: chunks.length,
      bytes,
      root: toHex(next.appRoot),
    },
  };
}
