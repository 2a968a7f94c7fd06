import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../crc32c.ts';
import { toStorageError } from './level-errors.ts';
import { unmaskChecksum } from './log-check.ts';

/**
 * LevelDB's table format (its doc/table_format.md): blocks, each followed by `type u8 | masked
 * CRC-32C u32`; at the end a footer of 48 bytes with the places of the metaindex and the index
 * block and a magic number. The index block's values are the places of the data blocks.
 */
const footerBytes = 48;
const trailerBytes = 5;
const magicLow = 0x8b80fb57;
const magicHigh = 0xdb477524;
const maxBlockBytes = 134_217_728;

/** Where a block lies in its table. */
interface Place {
  readonly offset: number;
  readonly size: number;
}

export interface TableReport {
  readonly tables: number;
  readonly bytes: number;
  readonly damaged: readonly { readonly file: string; readonly reason: string }[];
}

class Damage extends Error {}

/** Reads the variable-length numbers of an index: seven bits a byte, the lowest first. */
class Varints {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) throw new Damage('a number is cut off');
      this.at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Damage('a number is too long');
  }

  place(): Place {
    return { offset: this.next(), size: this.next() };
  }
}

/** The values of an index block. Its keys are skipped: what they cover is checked with the data. */
function readIndex(block: Uint8Array): readonly Place[] {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const restarts = block.length < 4 ? -1 : view.getUint32(block.length - 4, true);
  const end = block.length - 4 - restarts * 4;
  if (restarts < 0 || end < 0) throw new Damage('the index is malformed');
  const numbers = new Varints(block, 0);
  const places: Place[] = [];
  while (numbers.at < end) {
    numbers.next();
    const keyBytes = numbers.next();
    numbers.next();
    numbers.at += keyBytes;
    places.push(numbers.place());
  }
  return places;
}

interface OpenTable {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

async function readBlock(table: OpenTable, place: Place): Promise<Uint8Array> {
  const total = place.size + trailerBytes;
  if (place.size > maxBlockBytes || place.offset + total > table.size) {
    throw new Damage('a block lies outside the file');
  }
  const bytes = await table.read(place.offset, total);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    unmaskChecksum(view.getUint32(place.size + 1, true)) !== crc32c(bytes, 0, 0, place.size + 1)
  ) {
    throw new Damage(`the block at byte ${place.offset} does not match its checksum`);
  }
  return bytes;
}

async function checkTable(table: OpenTable): Promise<void> {
  if (table.size < footerBytes) throw new Damage('the file is too short');
  const footer = await table.read(table.size - footerBytes, footerBytes);
  const view = new DataView(footer.buffer, footer.byteOffset, footer.byteLength);
  if (view.getUint32(40, true) !== magicLow || view.getUint32(44, true) !== magicHigh) {
    throw new Damage('the footer is missing');
  }
  const handles = new Varints(footer, 0);
  // The metaindex leads to the Bloom filter: a damaged one makes keys seem absent.
  for (const indexPlace of [handles.place(), handles.place()]) {
    const index = await readBlock(table, indexPlace);
    // Stores of this package are not compressed; of another's, the index cannot be read here.
    if (index[indexPlace.size] !== 0) continue;
    for (const place of readIndex(index.subarray(0, indexPlace.size)))
      await readBlock(table, place);
  }
}

/**
 * Checks every block of every table against its checksum, which LevelDB itself does not do when
 * it reads. Tables never change, so this works beside an open store; those that are removed
 * meanwhile are left out.
 */
export async function checkLevelTables(
  directory: string,
  signal?: AbortSignal,
): Promise<TableReport> {
  let tables = 0;
  let bytes = 0;
  const damaged: { file: string; reason: string }[] = [];
  const names = await readdir(directory);
  for (const file of names.filter((name) => /^\d+\.(ldb|sst)$/.test(name)).sort()) {
    signal?.throwIfAborted();
    try {
      const handle = await open(join(directory, file), 'r');
      try {
        const { size } = await handle.stat();
        const read = async (offset: number, length: number): Promise<Uint8Array> => {
          const buffer = new Uint8Array(length);
          const { bytesRead } = await handle.read(buffer, 0, length, offset);
          if (bytesRead !== length) throw new Damage('the file is cut off');
          return buffer;
        };
        tables += 1;
        bytes += size;
        await checkTable({ size, read });
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (error instanceof Damage) damaged.push({ file, reason: error.message });
      else if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw toStorageError(error, 'Checking tables', directory);
      }
    }
  }
  return { tables, bytes, damaged };
}
