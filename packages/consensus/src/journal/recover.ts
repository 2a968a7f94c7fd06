import { equalBytes, Reader } from '@mxd/codec';

import { type ConsensusErrorCode } from '../errors.ts';
import { recordType, type JournalRecord, type RecoveredJournal } from '../types.ts';
import {
  headerBytes,
  isUnbound,
  parseSegmentName,
  scanSegment,
  type SegmentScan,
} from './format.ts';

/** A file of the journal directory with its content. */
export interface SegmentFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What pruning has to know of a segment (J6). */
export interface SegmentSummary {
  readonly name: string;
  readonly epoch: number;
  readonly seq: number;
  /** Highest view of a vote, proposal or certificate of the segment's epoch; 0 for none. */
  maxView: number;
  /** Highest view of a finalization of the segment's epoch; 0 for none. */
  maxFinalView: number;
  /** Highest block in it; 0 for none. */
  maxHeight: number;
  /** Valid bytes. */
  sizeBytes: number;
}

export type Recovery =
  | {
      readonly ok: true;
      readonly journal: RecoveredJournal;
      readonly segments: readonly SegmentSummary[];
      /** The last segment ends in damage: it is cut to its summary's `sizeBytes`. */
      readonly isTorn: boolean;
      /** Remove this file: its creation was interrupted before its header was durable. */
      readonly remove: string | undefined;
      /** Newest finalization and EPOCH record of the newest epoch: carried into new segments. */
      readonly carried: readonly JournalRecord[];
      /** The key was born before its chain and nothing is bound to a chain yet. */
      readonly isUnbound: boolean;
    }
  | { readonly ok: false; readonly code: ConsensusErrorCode; readonly reason: string };

const failed = (code: ConsensusErrorCode, reason: string): Recovery => ({
  ok: false,
  code,
  reason,
});

function at(payload: Uint8Array, offset: number): Reader | undefined {
  if (payload.length < offset + 12) return undefined;
  const reader = new Reader(payload);
  reader.offset = offset;
  return reader;
}

/** Epoch that a record belongs to; undefined where it says nothing about one. */
export function epochOfRecord(record: JournalRecord): number | undefined {
  const { type, payload } = record;
  switch (type) {
    case recordType.vote:
    case recordType.proposalSeen:
    case recordType.certificate:
      return at(payload, 1)?.u32();
    case recordType.block:
      return at(payload, 6)?.u32();
    case recordType.epoch:
    case recordType.floor:
      return payload.length < 4 ? undefined : new Reader(payload).u32();
    case recordType.commit:
    case recordType.sync:
      return undefined;
    default: {
      const never: never = type;
      return never;
    }
  }
}

/** Counts a record into the summary of its segment. */
export function summarize(summary: SegmentSummary, record: JournalRecord): void {
  const { type, payload } = record;
  if (type === recordType.block) {
    summary.maxHeight = Math.max(summary.maxHeight, at(payload, 18)?.u53() ?? 0);
    return;
  }
  const isOfView =
    type === recordType.vote || type === recordType.certificate || type === recordType.proposalSeen;
  if (!isOfView || epochOfRecord(record) !== summary.epoch) return;
  const view = at(payload, 5)?.u32() ?? 0;
  summary.maxView = Math.max(summary.maxView, view);
  if (type === recordType.certificate && payload[0] === 3) {
    summary.maxFinalView = Math.max(summary.maxFinalView, view);
  }
}

interface Named {
  readonly epoch: number;
  readonly seq: number;
  readonly file: SegmentFile;
}

function inOrder(files: readonly SegmentFile[]): readonly Named[] {
  const named: Named[] = [];
  for (const file of files) {
    const parsed = parseSegmentName(file.name);
    if (parsed !== undefined) named.push({ ...parsed, file });
  }
  return named.sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
}

function gapProblem(named: readonly Named[]): string | undefined {
  for (let i = 1; i < named.length; i++) {
    const before = named[i - 1] as Named;
    const here = named[i] as Named;
    const isNext = here.epoch === before.epoch ? here.seq === before.seq + 1 : here.seq === 0;
    if (!isNext) return `${here.file.name} does not follow ${before.file.name}`;
  }
  return undefined;
}

/**
 * Whether a last file is a segment whose creation was cut short: no record can ever have been in
 * it.
 */
function isTornCreation(named: Named, isLast: boolean, count: number): boolean {
  return isLast && count > 1 && named.file.bytes.length <= headerBytes;
}

/**
 * J7, J8: what a journal directory holds for a key on a chain. Pure over bytes. Damage in the last
 * batch is cut off; damage before a point that was synced, or in an earlier segment, is corruption.
 */
export function recoverJournal(
  files: readonly SegmentFile[],
  consensusKey: Uint8Array,
  chainTag: Uint8Array,
): Recovery {
  const named = inOrder(files);
  if (named.length === 0) return failed('JOURNAL_MISSING', 'there is no segment');
  const gap = gapProblem(named);
  if (gap !== undefined) return failed('JOURNAL_CORRUPT', gap);
  const builder = new RecoveryBuilder();
  for (const [i, one] of named.entries()) {
    const isLast = i === named.length - 1;
    const { name, bytes } = one.file;
    const scan = scanSegment(bytes);
    if (scan === undefined) {
      if (isTornCreation(one, isLast, named.length)) {
        builder.remove = name;
        break;
      }
      return failed('JOURNAL_CORRUPT', `${name} has no valid header`);
    }
    if (!equalBytes(scan.header.consensusKey, consensusKey)) {
      return failed('JOURNAL_FOREIGN', `${name} belongs to another key`);
    }
    const isBirth = isUnbound(scan.header) && scan.records.length === 0;
    if (!isBirth && !equalBytes(scan.header.chainTag, chainTag)) {
      return failed('JOURNAL_FOREIGN', `${name} belongs to another chain`);
    }
    if (scan.header.epoch !== one.epoch) {
      return failed('JOURNAL_CORRUPT', `${name} holds the segment of epoch ${scan.header.epoch}`);
    }
    if (scan.validBytes < bytes.length && !isLast) {
      return failed('JOURNAL_CORRUPT', `${name} is damaged at offset ${scan.validBytes}`);
    }
    if (scan.validBytes < scan.syncedBytes) {
      return failed(
        'JOURNAL_CORRUPT',
        `${name} is damaged at ${scan.validBytes}, before its last sync`,
      );
    }
    builder.isTorn = scan.validBytes < bytes.length;
    builder.add(one, scan);
  }
  return builder.finish();
}

class RecoveryBuilder {
  readonly #epochs = new Map<number, JournalRecord[]>();
  readonly #floors = new Map<number, number>();
  readonly #segments: SegmentSummary[] = [];
  #newest = 0;
  #isUnbound = true;
  isTorn = false;
  remove: string | undefined;

  add(named: Named, scan: SegmentScan): void {
    const { header } = scan;
    if (!isUnbound(header)) this.#isUnbound = false;
    const summary: SegmentSummary = {
      name: named.file.name,
      epoch: named.epoch,
      seq: named.seq,
      maxView: 0,
      maxFinalView: 0,
      maxHeight: 0,
      sizeBytes: scan.validBytes,
    };
    this.#segments.push(summary);
    this.#newest = Math.max(this.#newest, header.epoch);
    this.#raise(header.epoch, header.floor);
    for (const record of scan.records) {
      summarize(summary, record);
      const epoch = epochOfRecord(record) ?? header.epoch;
      this.#newest = Math.max(this.#newest, epoch);
      const list = this.#epochs.get(epoch) ?? [];
      list.push(record);
      this.#epochs.set(epoch, list);
      if (record.type === recordType.floor && record.payload.length === 8) {
        const reader = new Reader(record.payload);
        this.#raise(reader.u32(), reader.u32());
      }
    }
    // J6: a finalization may have let the votes below it go, whatever the header says.
    this.#raise(summary.epoch, summary.maxFinalView);
  }

  #raise(epoch: number, floor: number): void {
    this.#floors.set(epoch, Math.max(floor, this.#floors.get(epoch) ?? 0));
  }

  finish(): Recovery {
    const records = this.#epochs.get(this.#newest) ?? [];
    return {
      ok: true,
      journal: { epochs: this.#epochs, newestEpoch: this.#newest, floors: this.#floors },
      segments: this.#segments,
      isTorn: this.isTorn,
      remove: this.remove,
      carried: carriedOf(records),
      isUnbound: this.#isUnbound,
    };
  }
}

/**
 * The EPOCH record and the newest finalization: what makes older segments of the epoch droppable.
 */
export function carriedOf(records: readonly JournalRecord[]): readonly JournalRecord[] {
  let opening: JournalRecord | undefined;
  let final: JournalRecord | undefined;
  let finalView = 0;
  for (const record of records) {
    if (record.type === recordType.epoch) opening ??= record;
    if (record.type !== recordType.certificate || record.payload[0] !== 3) continue;
    const view = at(record.payload, 5)?.u32() ?? 0;
    if (view <= finalView) continue;
    finalView = view;
    final = record;
  }
  return [opening, final].filter((record) => record !== undefined);
}

/**
 * J6: segments that may go, oldest first: all in them is at or below a finalization that a later
 * segment holds (or of an older epoch), and the chain store has durably committed the height of
 * every block in them.
 */
export function droppable(
  segments: readonly SegmentSummary[],
  committedHeight: number,
): readonly SegmentSummary[] {
  const gone: SegmentSummary[] = [];
  for (const [i, segment] of segments.entries()) {
    const later = segments.slice(i + 1);
    if (later.length === 0 || segment.maxHeight > committedHeight) break;
    const isCovered = later.some(
      (other) =>
        other.epoch > segment.epoch ||
        (other.epoch === segment.epoch && other.maxFinalView >= segment.maxView),
    );
    if (!isCovered) break;
    gone.push(segment);
  }
  return gone;
}
