import { asciiBytes, equalBytes, isZeroBytes, Reader, Writer } from '@mxd/codec';

import { ConsensusError } from '../errors.ts';
import { limits } from '../limits.ts';
import { recordType, type JournalRecord, type JournalRecordType } from '../types.ts';
import { crc32c } from './crc32c.ts';

/** J1: first bytes of every segment. */
// tidy-allow domain-tag: begins a file, and is neither hashed nor signed
const magic = asciiBytes('RSC1WAL1');
/** Marker of every record: "RSCR". */
export const recordMarker = 0x52534352;

/**
 * Length of a segment header: magic, key, chainTag, epoch, floor, salt, crc32c of all before it.
 */
export const headerBytes: number = 8 + 32 + 32 + 4 + 4 + 16 + 4;
/** marker u32, length u32, crc32c u32, type u8. */
export const recordHeadBytes = 13;
/** Length of a whole SYNC record. */
export const syncRecordBytes: number = recordHeadBytes + 8;

export interface SegmentHeader {
  readonly consensusKey: Uint8Array;
  /** Zeros in the segment of a key that was born before its chain (genesis). */
  readonly chainTag: Uint8Array;
  readonly epoch: number;
  readonly floor: number;
  /** 16 random bytes per segment: no record fits into another segment. */
  readonly salt: Uint8Array;
}

export const unboundTag: Uint8Array = new Uint8Array(32);

export function isUnbound(header: SegmentHeader): boolean {
  return isZeroBytes(header.chainTag);
}

export function encodeHeader(header: SegmentHeader): Uint8Array {
  const writer = new Writer(headerBytes);
  writer.bytes(magic);
  writer.bytes(header.consensusKey);
  writer.bytes(header.chainTag);
  writer.u32(header.epoch);
  writer.u32(header.floor);
  writer.bytes(header.salt);
  writer.u32(crc32c(writer.finish()));
  return writer.finish();
}

/** The header of a segment; undefined for bytes that are none. */
export function decodeHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < headerBytes) return undefined;
  const reader = new Reader(bytes);
  if (!equalBytes(reader.take(8), magic)) return undefined;
  const header = {
    consensusKey: reader.take(32).slice(),
    chainTag: reader.take(32).slice(),
    epoch: reader.u32(),
    floor: reader.u32(),
    salt: reader.take(16).slice(),
  };
  return reader.u32() === crc32c(bytes.subarray(0, headerBytes - 4)) ? header : undefined;
}

/** crc32c over salt, offset of the record, type, payload. */
function checksum(salt: Uint8Array, offset: number, type: number, payload: Uint8Array): number {
  const writer = new Writer(25);
  writer.bytes(salt);
  writer.u53(offset);
  writer.u8(type);
  return crc32c(payload, crc32c(writer.finish()));
}

function writeRecord(writer: Writer, base: number, salt: Uint8Array, record: JournalRecord): void {
  const { type, payload } = record;
  if (payload.length > limits.recordBytes.value) {
    throw new ConsensusError('JOURNAL_RECORD', `a record of ${payload.length} bytes`, { type });
  }
  const offset = base + writer.offset;
  writer.u32(recordMarker);
  writer.u32(payload.length);
  writer.u32(checksum(salt, offset, type, payload));
  writer.u8(type);
  writer.bytes(payload);
}

/**
 * One batch: a SYNC record that names how far an earlier sync has returned, then the records.
 * `offset` is the length of the segment so far, `synced` the part of it that is known to be
 * durable.
 */
export function encodeBatch(
  salt: Uint8Array,
  offset: number,
  synced: number,
  records: readonly JournalRecord[],
): Uint8Array {
  let size = syncRecordBytes;
  for (const { payload } of records) size += recordHeadBytes + payload.length;
  const writer = new Writer(size);
  const sync = new Writer(8);
  sync.u53(synced);
  writeRecord(writer, offset, salt, { type: recordType.sync, payload: sync.finish() });
  for (const record of records) writeRecord(writer, offset, salt, record);
  return writer.finish();
}

interface ReadRecord {
  readonly record: JournalRecord;
  readonly end: number;
}

function isRecordType(type: number): type is JournalRecordType {
  return type >= recordType.vote && type <= recordType.sync;
}

/** The record at an offset of a segment; undefined if there is none that checks out. */
function readRecord(bytes: Uint8Array, salt: Uint8Array, offset: number): ReadRecord | undefined {
  if (offset + recordHeadBytes > bytes.length) return undefined;
  const reader = new Reader(bytes);
  reader.offset = offset;
  if (reader.u32() !== recordMarker) return undefined;
  const length = reader.u32();
  const crc = reader.u32();
  const type = reader.u8();
  const end = offset + recordHeadBytes + length;
  if (!isRecordType(type) || length > limits.recordBytes.value || end > bytes.length) {
    return undefined;
  }
  const payload = bytes.subarray(offset + recordHeadBytes, end);
  if (checksum(salt, offset, type, payload) !== crc) return undefined;
  return { record: { type, payload }, end };
}

/** The offset that a SYNC record names. */
function syncedOffset(record: JournalRecord): number {
  return record.payload.length === 8 ? new Reader(record.payload).u53() : 0;
}

export interface SegmentScan {
  readonly header: SegmentHeader;
  /** Without SYNC records. */
  readonly records: readonly JournalRecord[];
  /** d: offset of the first invalid record; the length of the segment if there is none. */
  readonly validBytes: number;
  /** S: greatest offset in any valid SYNC record, those after the damage included. */
  readonly syncedBytes: number;
}

/**
 * Reads a segment. After damage only SYNC records are looked for: they are short, so that bytes
 * which somebody chose cannot make the search slow.
 */
export function scanSegment(bytes: Uint8Array): SegmentScan | undefined {
  const header = decodeHeader(bytes);
  if (header === undefined) return undefined;
  const { salt } = header;
  const records: JournalRecord[] = [];
  let offset = headerBytes;
  let syncedBytes = 0;
  for (;;) {
    const read = readRecord(bytes, salt, offset);
    if (read === undefined) break;
    if (read.record.type === recordType.sync) {
      syncedBytes = Math.max(syncedBytes, syncedOffset(read.record));
    } else records.push(read.record);
    offset = read.end;
  }
  const validBytes = offset;
  for (let at = validBytes; at + syncRecordBytes <= bytes.length; at++) {
    if (bytes[at] !== 0x52 || bytes[at + 12] !== recordType.sync) continue;
    const window = bytes.subarray(0, at + syncRecordBytes);
    const read = readRecord(window, salt, at);
    if (read === undefined || read.end !== at + syncRecordBytes) continue;
    syncedBytes = Math.max(syncedBytes, syncedOffset(read.record));
  }
  return { header, records, validBytes, syncedBytes };
}

/** J1: `<epoch>-<seq>.log`. */
export function segmentName(epoch: number, seq: number): string {
  return `${epoch}-${seq}.log`;
}

export function parseSegmentName(
  name: string,
): { readonly epoch: number; readonly seq: number } | undefined {
  const match = /^(0|[1-9]\d{0,9})-(0|[1-9]\d{0,9})\.log$/.exec(name);
  return match === null ? undefined : { epoch: Number(match[1]), seq: Number(match[2]) };
}
