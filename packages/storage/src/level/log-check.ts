import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../crc32c.ts';
import { StorageError } from '../errors.ts';
import { toStorageError } from './level-errors.ts';

/**
 * LevelDB's log format (its doc/log_format.md): blocks of 32 KiB, in each records of a header
 * `masked CRC-32C u32 | length u16 | type u8`, all little-endian, and data; types are 1 full,
 * 2 first, 3 middle, 4 last.
 */
const blockBytes = 32_768;
const headerBytes = 7;
const sectorBytes = 512;
const full = 1;
const first = 2;
const last = 4;

/** Undoes the masking of stored checksums (LevelDB util/crc32c.h). */
export function unmaskChecksum(stored: number): number {
  const rotated = (stored - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

type LogRecord =
  | { readonly kind: 'good'; readonly type: number; readonly next: number }
  | { readonly kind: 'padding' | 'end' }
  /** `torn`: as a crash leaves it, cut off or with sectors that never reached the disk. */
  | { readonly kind: 'bad'; readonly torn: boolean };

/** True if [start, end) has a whole sector of zeros; the file's last sector may be shorter. */
function hasEmptySector(log: Uint8Array, start: number, end: number): boolean {
  for (let at = Math.ceil(start / sectorBytes) * sectorBytes; at < end; at += sectorBytes) {
    const sectorEnd = Math.min(at + sectorBytes, log.length);
    if (sectorEnd > end) break;
    if (log.subarray(at, sectorEnd).every((byte) => byte === 0)) return true;
  }
  return log.subarray(start, end).every((byte) => byte === 0);
}

function readRecord(log: Uint8Array, at: number): LogRecord {
  const blockEnd = Math.min(at - (at % blockBytes) + blockBytes, log.length);
  if (at >= log.length) return { kind: 'end' };
  if (at + headerBytes > blockEnd) {
    return blockEnd === log.length && log.length % blockBytes !== 0
      ? { kind: 'bad', torn: true }
      : { kind: 'padding' };
  }
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const length = view.getUint16(at + 4, true);
  const type = log[at + 6] ?? 0;
  const end = at + headerBytes + length;
  if (type < full || type > last) {
    return {
      kind: 'bad',
      torn: hasEmptySector(log, at, Math.min(at + headerBytes + sectorBytes, blockEnd)),
    };
  }
  if (end > blockEnd) return { kind: 'bad', torn: blockEnd === log.length };
  if (crc32c(log, 0, at + 6, end) === unmaskChecksum(view.getUint32(at, true))) {
    return { kind: 'good', type, next: end };
  }
  return { kind: 'bad', torn: hasEmptySector(log, at, end) };
}

function nextBlock(at: number): number {
  return at - (at % blockBytes) + blockBytes;
}

function beginsBatch(record: LogRecord): boolean {
  return record.kind === 'good' && (record.type === full || record.type === first);
}

/** True if a batch begins intact after `at`: at any byte of the block, or in a later block. */
function batchFollows(log: Uint8Array, at: number): boolean {
  const rest = Math.min(nextBlock(at), log.length);
  for (let position = at + 1; position + headerBytes <= rest; position += 1) {
    if (beginsBatch(readRecord(log, position))) return true;
  }
  for (let block = nextBlock(at); block < log.length; block = nextBlock(block)) {
    let position = block;
    for (;;) {
      const record = readRecord(log, position);
      if (record.kind !== 'good') break;
      if (beginsBatch(record)) return true;
      position = record.next;
    }
  }
  return false;
}

/**
 * The offset of a record that was damaged after it was complete, if there is one.
 *
 * A crash cuts the log off or leaves a hole in the batch that was being written; that batch was
 * never acknowledged and nothing follows it, because batches are written one after the other. A
 * bad record that is whole, or that a later batch follows, was good once.
 */
export function findLogDamage(log: Uint8Array): number | undefined {
  let at = 0;
  for (;;) {
    const record = readRecord(log, at);
    switch (record.kind) {
      case 'good':
        at = record.next;
        break;
      case 'padding':
        at = nextBlock(at);
        break;
      case 'end':
        return undefined;
      case 'bad':
        return record.torn && !batchFollows(log, at) ? undefined : at;
    }
  }
}

async function listLogs(directory: string): Promise<readonly string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => /^\d+\.log$/.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw toStorageError(error, 'Reading the directory', directory);
  }
}

/**
 * Checks the logs of a store that is not open. A log that disappears meanwhile is another
 * process's at work; opening then fails with STORAGE_LOCKED.
 *
 * @throws StorageError STORAGE_CORRUPT
 */
export async function checkLevelLogs(directory: string): Promise<void> {
  for (const name of await listLogs(directory)) {
    let log: Uint8Array;
    try {
      log = await readFile(join(directory, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw toStorageError(error, 'Reading the log', directory);
    }
    const offset = findLogDamage(log);
    if (offset === undefined) continue;
    throw new StorageError(
      'STORAGE_CORRUPT',
      `The log ${name} is damaged at byte ${offset}: acknowledged writes would be lost. ` +
        'Restore a backup or sync anew',
      { directory, file: name, offset },
    );
  }
}
