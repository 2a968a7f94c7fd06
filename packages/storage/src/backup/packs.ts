import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equalBytes } from '@mxd/codec';
import { StorageError } from '../errors.ts';
import { onFiles, syncDirectory } from './files.ts';
import { type ChunkPlace, sealContext, sequenceName } from './points.ts';
import { type Series } from './series.ts';
import { sealOverheadBytes } from './seal.ts';

const openPacks = 32;

export function packPath(directory: string, sequence: number): string {
  return join(directory, 'packs', `${sequenceName(sequence)}.mxk`);
}

/** Writes the new chunks of one point, one behind the other, into one file. */
export class PackWriter implements AsyncDisposable {
  readonly #series: Series;
  readonly #pack: number;
  readonly #path: string;
  #handle: FileHandle | undefined;
  #offset = 0;

  constructor(series: Series, pack: number) {
    this.#series = series;
    this.#pack = pack;
    this.#path = packPath(series.directory, pack);
  }

  /** How much the pack has so far. */
  get sizeBytes(): number {
    return this.#offset;
  }

  async add(id: Uint8Array, plain: Uint8Array, entries: number): Promise<ChunkPlace> {
    const { seal, id: seriesId } = this.#series;
    const stored = seal.close(plain, sealContext(seriesId, 'chunk', id));
    const offset = this.#offset;
    await onFiles('Writing the backup', this.#path, async () => {
      if (this.#handle === undefined) {
        await mkdir(dirname(this.#path), { recursive: true });
        this.#handle = await open(`${this.#path}.partial`, 'w', 0o600);
      }
      await this.#handle.writeFile(stored);
    });
    this.#offset += stored.length;
    const { length: storedBytes } = stored;
    return { id, pack: this.#pack, offset, storedBytes, plainBytes: plain.length, entries };
  }

  /** Makes the pack durable under its final name. */
  async finish(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    await onFiles('Writing the backup', this.#path, async () => {
      await handle.sync();
      await handle.close();
      this.#handle = undefined;
      await rename(`${this.#path}.partial`, this.#path);
      await syncDirectory(dirname(this.#path));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

/** Reads chunks back, checking each against its name. */
export class PackReader implements AsyncDisposable {
  readonly #series: Series;
  readonly #handles = new Map<number, FileHandle>();

  constructor(series: Series) {
    this.#series = series;
  }

  /** @throws StorageError STORAGE_ARCHIVE_TRUNCATED, STORAGE_ARCHIVE_ALTERED, STORAGE_IO */
  async read(place: ChunkPlace): Promise<Uint8Array> {
    const path = packPath(this.#series.directory, place.pack);
    const { seal, id: seriesId } = this.#series;
    const overhead = seal.encrypted ? sealOverheadBytes : 0;
    if (place.storedBytes !== place.plainBytes + overhead) this.#altered(path, place);
    const stored = Buffer.allocUnsafe(place.storedBytes);
    const handle = await this.#open(place.pack, path);
    const { bytesRead } = await onFiles('Reading the backup', path, () =>
      handle.read(stored, 0, place.storedBytes, place.offset),
    );
    if (bytesRead !== place.storedBytes) {
      throw new StorageError('STORAGE_ARCHIVE_TRUNCATED', `${path} is cut off`, { path });
    }
    const plain = seal.open(stored, sealContext(seriesId, 'chunk', place.id));
    if (plain === undefined || !equalBytes(seal.id(plain), place.id)) this.#altered(path, place);
    return plain;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const handle of this.#handles.values()) await handle.close();
    this.#handles.clear();
  }

  #altered(path: string, place: ChunkPlace): never {
    throw new StorageError(
      'STORAGE_ARCHIVE_ALTERED',
      `${path} is not what was written, at byte ${place.offset}`,
      { path, offset: place.offset },
    );
  }

  async #open(pack: number, path: string): Promise<FileHandle> {
    const known = this.#handles.get(pack);
    if (known !== undefined) return known;
    for (const [other, handle] of this.#handles) {
      if (this.#handles.size < openPacks) break;
      this.#handles.delete(other);
      await handle.close();
    }
    try {
      const handle = await open(path, 'r');
      this.#handles.set(pack, handle);
      return handle;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        return await onFiles('Reading the backup', path, () => Promise.reject(error as Error));
      }
      throw new StorageError('STORAGE_ARCHIVE_TRUNCATED', `${path} is missing`, { path });
    }
  }
}
