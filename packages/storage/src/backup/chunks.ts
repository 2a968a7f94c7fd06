import { compareBytes } from '@mxd/codec';
import { type Entry, type PutOperation, type Reader } from '../contract.ts';
import { crc32c } from '../crc32c.ts';
import { StorageError } from '../errors.ts';
import { limits } from '../limits.ts';

/** Consecutive entries as bytes: for each key length u32, key, value length u32, value. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly entries: number;
}

const lengthBytes = 4;

/**
 * Whether a chunk ends behind this entry. It depends on the entry alone, so the same entries give
 * the same chunks wherever they stand: that is what makes a series incremental. The chance grows
 * with the entry's length, which makes chunks `target` bytes long on average.
 */
function endsChunk(key: Uint8Array, entryBytes: number, target: number): boolean {
  return crc32c(key) * target < entryBytes * 2 ** 32;
}

function packEntries(entries: readonly Entry[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [key, value] of entries) {
    for (const part of [key, value]) {
      view.setUint32(at, part.length);
      bytes.set(part, at + lengthBytes);
      at += lengthBytes + part.length;
    }
  }
  return bytes;
}

/** All entries of a reader, cut into chunks. Read from a snapshot to have them of one moment. */
export async function* readChunks(
  reader: Reader,
  target: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Chunk, undefined> {
  await using scan = reader.range(signal === undefined ? {} : { signal });
  let entries: Entry[] = [];
  let size = 0;
  for (;;) {
    const page = await scan.page(limits.scanPageEntries.value);
    if (page.length === 0) break;
    for (const entry of page) {
      const [key, value] = entry;
      const entryBytes = 2 * lengthBytes + key.length + value.length;
      entries.push(entry);
      size += entryBytes;
      if (size < limits.backupChunkMax.value && !endsChunk(key, entryBytes, target)) continue;
      yield { bytes: packEntries(entries, size), entries: entries.length };
      entries = [];
      size = 0;
    }
  }
  if (entries.length > 0) yield { bytes: packEntries(entries, size), entries: entries.length };
  return undefined;
}

function malformed(message: string): never {
  throw new StorageError(
    'STORAGE_ARCHIVE_ALTERED',
    `A chunk of the backup is malformed: ${message}`,
  );
}

/** The entries of a chunk; `after` is the last key before it, which all of its keys follow. */
export function parseChunk(
  chunk: Uint8Array,
  after: Uint8Array | undefined,
): readonly PutOperation[] {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  let at = 0;
  const take = (): Uint8Array => {
    if (at + lengthBytes > chunk.length) malformed('it ends within a length');
    const start = at + lengthBytes;
    const end = start + view.getUint32(at);
    if (end > chunk.length) malformed('it ends within an entry');
    at = end;
    return chunk.subarray(start, end);
  };
  const operations: PutOperation[] = [];
  let previous = after;
  while (at < chunk.length) {
    const key = take();
    if (previous !== undefined && compareBytes(previous, key) >= 0) malformed('keys are unordered');
    previous = key;
    operations.push({ type: 'put', key, value: take() });
  }
  return operations;
}
