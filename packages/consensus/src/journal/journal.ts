import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';

import { ConsensusError, type ConsensusErrorCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { type JournalRecord, type RecoveredJournal } from '../types.ts';
import { directoryFiles, type JournalFiles, type SegmentHandle } from './files.ts';
import {
  encodeBatch,
  encodeHeader,
  headerBytes,
  segmentName,
  unboundTag,
  type SegmentHeader,
} from './format.ts';
import { DirectoryLock } from './lock.ts';
import {
  carriedOf,
  droppable,
  epochOfRecord,
  recoverJournal,
  summarize,
  type SegmentSummary,
} from './recover.ts';

export interface JournalOptions {
  readonly directory: string;
  readonly consensusKey: Uint8Array;
  readonly chainTag: Uint8Array;
  /** All records up to this number are durable: effects behind them may leave (R0b). */
  readonly onDurable: (upTo: number) => void;
  /** J3: writing failed; the node must halt. Called once. */
  readonly onFailure: (error: ConsensusError) => void;
  /** Size after which a segment is closed; `limits.segmentBytes` unless told. */
  readonly segmentBytes?: number;
  /** In place of the directory's own files. */
  readonly files?: JournalFiles;
  /** In place of random salts. */
  readonly salt?: () => Uint8Array;
}

const freshSalt = (): Uint8Array => Uint8Array.from(randomBytes(16));

interface Active {
  readonly handle: SegmentHandle;
  readonly header: SegmentHeader;
  readonly summary: SegmentSummary;
  offset: number;
  /** Bytes known to be durable. */
  synced: number;
}

interface RaisedFloor {
  readonly epoch: number;
  readonly view: number;
  readonly after: number;
}

async function createSegment(
  files: JournalFiles,
  header: SegmentHeader,
  seq: number,
): Promise<Active> {
  const name = segmentName(header.epoch, seq);
  const handle = await files.create(name);
  await handle.write(encodeHeader(header), 0);
  await handle.sync();
  await files.syncDirectory();
  const summary: SegmentSummary = {
    name,
    epoch: header.epoch,
    seq,
    maxView: 0,
    maxFinalView: 0,
    maxHeight: 0,
    sizeBytes: headerBytes,
  };
  return { handle, header, summary, offset: headerBytes, synced: headerBytes };
}

/**
 * J10: the birth of a journal, in one step with its key and before the first possession proof of
 * that key. Without a chainTag for a key that is made for a genesis that does not exist yet.
 * @throws ConsensusError JOURNAL_EXISTS.
 */
export async function createJournal(options: {
  readonly directory: string;
  readonly consensusKey: Uint8Array;
  readonly chainTag?: Uint8Array;
  readonly files?: JournalFiles;
}): Promise<void> {
  const { directory, consensusKey, chainTag = unboundTag } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const lock = await DirectoryLock.acquire(directory);
  try {
    const files = options.files ?? directoryFiles(directory);
    if ((await files.list()).length > 0) {
      throw new ConsensusError('JOURNAL_EXISTS', 'the directory already holds a journal', {
        directory,
      });
    }
    const header = { consensusKey, chainTag, epoch: 0, floor: 0, salt: freshSalt() };
    const { handle } = await createSegment(files, header, 0);
    await handle.close();
  } finally {
    await lock.release();
  }
}

/** The write-ahead log of one consensus key (docs/protocol/rsc.md, "Journal"): J1 to J8, J10. */
export class Journal {
  readonly recovered: RecoveredJournal;
  readonly #options: JournalOptions;
  readonly #files: JournalFiles;
  readonly #lock: DirectoryLock | undefined;
  readonly #segments: SegmentSummary[];
  readonly #floors: Map<number, number>;
  /** Raised floors whose reason, record number `after`, is not durable yet. */
  #raised: RaisedFloor[] = [];
  #active: Active;
  #carried: readonly JournalRecord[];
  #queue: JournalRecord[] = [];
  #appended = 0;
  #durable = 0;
  #running: Promise<void> | undefined;
  #failure: ConsensusError | undefined;
  #closed = false;
  #committedHeight = -1;
  /** Batches, records, bytes written and segments dropped since the start. */
  readonly counters: { batches: number; records: number; bytes: number; dropped: number } = {
    batches: 0,
    records: 0,
    bytes: 0,
    dropped: 0,
  };

  private constructor(
    options: JournalOptions,
    files: JournalFiles,
    lock: DirectoryLock | undefined,
    recovered: RecoveredJournal,
    segments: SegmentSummary[],
    active: Active,
    carried: readonly JournalRecord[],
  ) {
    this.#options = options;
    this.#files = files;
    this.#lock = lock;
    this.recovered = recovered;
    this.#segments = segments;
    this.#active = active;
    this.#carried = carried;
    this.#floors = new Map(recovered.floors);
  }

  /**
   * Locks, scans and repairs the journal (J7) and opens a new segment to write to.
   * @throws ConsensusError JOURNAL_MISSING, JOURNAL_FOREIGN, JOURNAL_CORRUPT (all J8),
   * JOURNAL_LOCKED.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const files = options.files ?? directoryFiles(options.directory);
    if (options.files !== undefined) return await Journal.#recover(options, files, undefined);
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const lock = await DirectoryLock.acquire(options.directory);
    try {
      return await Journal.#recover(options, files, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Scan, repair, sync, and a fresh segment: nothing is ever appended to a file of an earlier run.
   */
  static async #recover(
    options: JournalOptions,
    files: JournalFiles,
    lock: DirectoryLock | undefined,
  ): Promise<Journal> {
    const { consensusKey, chainTag, directory } = options;
    const names = await files.list();
    const contents = await Promise.all(
      names.map(async (name) => ({ name, bytes: await files.read(name) })),
    );
    const recovery = recoverJournal(contents, consensusKey, chainTag);
    if (!recovery.ok) throw failure(recovery.code, recovery.reason, directory);
    if (recovery.remove !== undefined) {
      await files.remove(recovery.remove);
      await files.syncDirectory();
    }
    const { journal, carried } = recovery;
    const segments = [...recovery.segments];
    const last = segments.at(-1);
    if (last === undefined) throw failure('JOURNAL_MISSING', 'there is no segment', directory);
    await settleLast(files, last);
    const epoch = journal.newestEpoch;
    const floor = journal.floors.get(epoch) ?? 0;
    const salt = (options.salt ?? freshSalt)();
    const header: SegmentHeader = { consensusKey, chainTag, epoch, floor, salt };
    const active = await createSegment(files, header, last.epoch === epoch ? last.seq + 1 : 0);
    segments.push(active.summary);
    return new Journal(options, files, lock, journal, segments, active, carried);
  }

  /** Number of the newest record that was handed in, counted from 1. */
  get appended(): number {
    return this.#appended;
  }
  /** Records that wait for their sync. */
  get pending(): number {
    return this.#appended - this.#durable;
  }
  get segments(): readonly Readonly<SegmentSummary>[] {
    return this.#segments;
  }

  /**
   * Takes a record; its number comes back by `onDurable` once it is synced. Group commit per turn.
   */
  append(record: JournalRecord): number {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new ConsensusError('JOURNAL_CLOSED', 'the journal is closed');
    this.#queue.push(record);
    const seq = ++this.#appended;
    this.#running ??= this.#run();
    return seq;
  }

  /** Resolves when everything appended so far is durable. @throws ConsensusError JOURNAL_FAILED. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.flush().catch(() => undefined);
    this.#closed = true;
    await this.#active.handle.close().catch(() => undefined);
    await this.#lock?.release();
  }

  /**
   * The views up to `view` of an epoch will never be signed again: new segments say so as soon as
   * everything appended before this call is durable. A floor that outlived its finalization would
   * keep a lone validator from ever signing the view that it still has to finalize.
   */
  raiseFloor(epoch: number, view: number): void {
    this.#raised.push({ epoch, view, after: this.#appended });
    this.#settleFloors();
  }

  #settleFloors(): void {
    while (this.#raised[0] !== undefined && this.#raised[0].after <= this.#durable) {
      const { epoch, view } = this.#raised.shift() as RaisedFloor;
      this.#floors.set(epoch, Math.max(view, this.#floors.get(epoch) ?? 0));
    }
  }

  /** J6: the chain store has durably committed this height: segments that nothing needs may go. */
  committed(height: number): void {
    this.#committedHeight = Math.max(this.#committedHeight, height);
  }

  async #run(): Promise<void> {
    // All records of the current turn go into one batch.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) await this.#writeBatch();
      await this.#prune();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#running = undefined;
      if (this.#queue.length > 0 && this.#failure === undefined) this.#running = this.#run();
    }
  }

  /** J3: a failed write or sync is final; the page cache can no longer be trusted. */
  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#failure = new ConsensusError('JOURNAL_FAILED', reason, {}, { cause: error });
    this.#queue = [];
    this.#options.onFailure(this.#failure);
  }

  /** Records up to the first that belongs into a new segment. */
  #takeBatch(): JournalRecord[] {
    const cut = this.#queue.findIndex((record, i) => i > 0 && this.#needsNewSegment(record));
    return this.#queue.splice(0, cut < 0 ? this.#queue.length : cut);
  }

  #needsNewSegment(record: JournalRecord): boolean {
    const epoch = epochOfRecord(record);
    return epoch !== undefined && epoch > this.#active.header.epoch;
  }

  async #writeBatch(): Promise<void> {
    const first = this.#queue[0];
    if (first === undefined) return;
    if (this.#needsNewSegment(first)) {
      this.#carried = [];
      await this.#roll(epochOfRecord(first) ?? 0);
    } else if (this.#active.offset >= (this.#options.segmentBytes ?? limits.segmentBytes.value)) {
      await this.#roll(this.#active.header.epoch);
    }
    const batch = this.#takeBatch();
    await this.#write(batch);
    this.#durable += batch.length;
    this.#settleFloors();
    this.#options.onDurable(this.#durable);
  }

  /** J2: write, fdatasync, and only then anybody is told. */
  async #write(batch: readonly JournalRecord[]): Promise<void> {
    const active = this.#active;
    const bytes = encodeBatch(active.header.salt, active.offset, active.synced, batch);
    await active.handle.write(bytes, active.offset);
    await active.handle.sync();
    active.offset += bytes.length;
    active.synced = active.offset;
    active.summary.sizeBytes = active.offset;
    for (const record of batch) summarize(active.summary, record);
    this.#carried = carriedOf([...this.#carried, ...batch]);
    this.counters.batches++;
    this.counters.records += batch.length;
    this.counters.bytes += bytes.length;
  }

  /** A new segment; the one before is synced. What is carried makes older ones droppable (J6). */
  async #roll(epoch: number): Promise<void> {
    const { handle, header, summary } = this.#active;
    await handle.close();
    const seq = epoch === summary.epoch ? summary.seq + 1 : 0;
    this.#active = await createSegment(
      this.#files,
      {
        consensusKey: header.consensusKey,
        chainTag: this.#options.chainTag,
        epoch,
        floor: this.#floors.get(epoch) ?? 0,
        salt: (this.#options.salt ?? freshSalt)(),
      },
      seq,
    );
    this.#segments.push(this.#active.summary);
    if (this.#carried.length > 0) await this.#write(this.#carried);
  }

  async #prune(): Promise<void> {
    const gone = droppable(this.#segments, this.#committedHeight);
    if (gone.length === 0) return;
    for (const segment of gone) {
      await this.#files.remove(segment.name);
      this.#segments.shift();
      this.counters.dropped++;
    }
    await this.#files.syncDirectory();
  }
}

/**
 * What was read of the last segment may be in the page cache only: it is made durable before
 * anything acts on it, and what did not check out is cut off.
 */
async function settleLast(files: JournalFiles, last: SegmentSummary): Promise<void> {
  const handle = await files.openForAppend(last.name);
  try {
    await handle.truncate(last.sizeBytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function failure(code: ConsensusErrorCode, reason: string, directory: string): ConsensusError {
  return new ConsensusError(code, reason, { directory });
}
