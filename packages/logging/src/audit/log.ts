import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { concatBytes, toHex } from '@mxd/codec';
import { leafHash, MerkleTree } from '@mxd/crypto/merkle';
import type { SuiteId } from '@mxd/crypto/suites';

import { LoggingError } from '../errors.ts';
import {
  checkEventFields,
  securityEvent,
  type SecurityEventFields,
  type SecurityEventName,
} from '../events.ts';
import { limits } from '../limits.ts';
import { Sanitiser } from '../sanitise/sanitiser.ts';
import type { SecretRegistry } from '../secrets/registry.ts';
import { commit, looksPersonal, type Opening } from './commitment.ts';
import { lockAudit } from './lock.ts';
import {
  checkpointMessage,
  lineOf,
  verifyCheckpoint,
  type AuditCheckpoint,
  type AuditFact,
  type AuditHeader,
  type AuditKey,
  type AuditRecord,
} from './record.ts';
import { auditFiles, scanAudit, type AuditFiles, type ScannedAudit } from './scan.ts';
import { AuditStore, readEnd, writeDurably } from './store.ts';
import { damageOf } from './verify.ts';

/** Signs checkpoints: a `Signer` of @mxd/crypto, or a remote one. */
export interface AuditSigner {
  readonly suite: SuiteId;
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Options of an audit log. */
export interface AuditOptions {
  readonly directory: string;
  readonly signer: AuditSigner;
  /** The network (docs/protocol/rsc.md, 2.3), 32 bytes. */
  readonly chainTag: Uint8Array;
  /** Live secrets to keep out of facts. */
  readonly registry?: SecretRegistry;
  /** Where the newest checkpoint is kept; better on another disk. Default beside the log. */
  readonly headFile?: string;
  /** For a new log: the last checkpoint of the one that it goes on from. */
  readonly previous?: AuditCheckpoint;
  /** Told of each checkpoint once it is on disk: to keep it where the log's writer cannot reach. */
  readonly onCheckpoint?: (checkpoint: AuditCheckpoint) => void;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** What became of an append once it is signed and on disk. */
export interface AuditReceipt {
  readonly sequence: number;
  readonly checkpoint: AuditCheckpoint;
  /** What opens the commitments to personal data. The log does not keep it. */
  readonly openings: readonly Opening[];
}

/** What recovery found when the log was opened. */
export interface AuditRecovery {
  /** Records that were complete but unsigned, hence never acknowledged; set aside. */
  readonly unsignedRecords: number;
  /** Bytes that were set aside, with those of a half-written end. */
  readonly setAsideBytes: number;
  /** Name of the file in the log's directory that they are in now. */
  readonly setAsideFile: string | undefined;
}

interface Pending {
  readonly sequence: number;
  readonly line: string;
  readonly openings: readonly Opening[];
  readonly resolve: (receipt: AuditReceipt) => void;
  readonly reject: (error: LoggingError) => void;
}

const batchRecords = 256;

/**
 * A tamper-evident record of security events. An append is done when its record is on disk and a
 * checkpoint over it is signed and on disk; appends that wait together share one signature.
 */
export class AuditLog {
  readonly recovery: AuditRecovery;
  readonly #options: AuditOptions;
  readonly #sanitiser: Sanitiser;
  readonly #store: AuditStore;
  readonly #release: () => Promise<void>;
  readonly #tree: MerkleTree;
  readonly #logId: string;
  readonly #queue: Pending[] = [];
  #checkpoint: AuditCheckpoint | undefined;
  #nextSequence: number;
  #isWriting = false;
  #isClosed = false;
  #failure: LoggingError | undefined;
  #idle: (() => void)[] = [];
  #refused = 0;

  private constructor(
    options: AuditOptions,
    store: AuditStore,
    release: () => Promise<void>,
    state: Pick<ScannedAudit, 'tree' | 'logId' | 'checkpoints'>,
    recovery: AuditRecovery,
  ) {
    this.#options = options;
    this.#sanitiser = new Sanitiser(options.registry);
    this.#store = store;
    this.#release = release;
    this.#tree = state.tree;
    this.#logId = state.logId;
    this.#checkpoint = state.checkpoints.at(-1);
    this.#nextSequence = state.tree.size;
    this.recovery = recovery;
  }

  /**
   * Opens the log of a directory, creating it when there is none, and repairs what a crash left.
   * What follows the last checkpoint was never acknowledged, and anyone could have put it there, so
   * it is set aside in a file of its own and not signed; the log records that. Whatever a crash
   * cannot have done is refused.
   * @throws LoggingError AUDIT_IN_USE, AUDIT_READ, AUDIT_WRITE, and the faults of `verifyAudit`.
   */
  static async open(options: AuditOptions): Promise<AuditLog> {
    checkOptions(options);
    const files = auditFiles(options.directory, options.headFile);
    let release: () => Promise<void>;
    try {
      await mkdir(options.directory, { recursive: true, mode: 0o700 });
      release = await lockAudit(files.lock);
    } catch (cause) {
      throw asLoggingError(cause);
    }
    let store: AuditStore | undefined;
    try {
      const found = await scanAudit(files);
      const isNew = isUntouched(found);
      const state = isNew ? newState(options) : checkState(found, options);
      const recovery = isNew ? nothingRecovered : await setAside(found, files, options);
      store = await AuditStore.open(
        files,
        isNew ? 0 : found.signedBytes,
        isNew ? 0 : found.checkpointPart.goodBytes,
      );
      const log = new AuditLog(options, store, release, state, recovery);
      if (isNew) await store.appendRecords([state.headerLine ?? '']);
      await log.#settle(found);
      return log;
    } catch (cause) {
      await store?.close().catch(() => undefined);
      await release();
      throw asLoggingError(cause);
    }
  }

  /** The newest checkpoint. */
  get checkpoint(): AuditCheckpoint {
    if (this.#checkpoint === undefined) throw this.#closedError();
    return this.#checkpoint;
  }

  /** Hash of the first record, in hexadecimal: which log this is. */
  get logId(): string {
    return this.#logId;
  }

  /** Plain numbers for metrics. */
  get counts(): { readonly records: number; readonly waiting: number; readonly refused: number } {
    return { records: this.#tree.size, waiting: this.#queue.length, refused: this.#refused };
  }

  /** The first checkpoint of a new log, a head that a crash left behind, a record of repairs. */
  async #settle(found: ScannedAudit): Promise<void> {
    const { unsignedRecords, setAsideBytes, setAsideFile } = this.recovery;
    const last = found.checkpoints.at(-1);
    if (last === undefined) await this.#sign();
    else if (found.head?.number !== last.number) await this.#store.replaceHead(lineOf(last));
    if (setAsideBytes === 0) return;
    await this.append('audit.recovered', {
      unsigned_records: unsignedRecords,
      set_aside_bytes: setAsideBytes,
      set_aside_file: setAsideFile,
    });
  }

  /**
   * Records an event of the catalogue. Its personal fields enter the log as salted commitments and
   * come back as openings.
   * @throws LoggingError AUDIT_EVENT, AUDIT_PERSONAL_DATA, AUDIT_BUSY, AUDIT_FULL, AUDIT_CLOSED,
   *   AUDIT_WRITE, AUDIT_CONCURRENT.
   */
  append<Name extends SecurityEventName>(
    event: Name,
    fields: SecurityEventFields<Name>,
  ): Promise<AuditReceipt> {
    try {
      this.#checkRoom();
      const { record, openings } = this.#record(event, fields);
      const line = lineOf(record);
      if (Buffer.byteLength(line) > limits.auditRecordBytes.value) {
        throw new LoggingError('AUDIT_EVENT', `the record of ${event} is too large`, { event });
      }
      this.#nextSequence++;
      return new Promise((resolve, reject) => {
        this.#queue.push({ sequence: record.sequence, line, openings, resolve, reject });
        void this.#drain();
      });
    } catch (cause) {
      this.#refused++;
      return Promise.reject(asLoggingError(cause));
    }
  }

  #checkRoom(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) throw this.#closedError();
    if (this.#queue.length >= limits.auditQueue.value) {
      throw new LoggingError('AUDIT_BUSY', `${this.#queue.length} records wait for the disk`, {
        waiting: this.#queue.length,
      });
    }
    if (this.#nextSequence >= limits.auditRecords.value) {
      throw new LoggingError('AUDIT_FULL', `the log holds ${this.#nextSequence} records`, {
        limit: limits.auditRecords.value,
      });
    }
  }

  #record(
    event: string,
    fields: Readonly<Record<string, unknown>>,
  ): { readonly record: AuditRecord; readonly openings: readonly Opening[] } {
    const definition = securityEvent(event);
    if (definition === undefined) {
      throw new LoggingError('AUDIT_EVENT', `there is no event ${event}`, { event });
    }
    const problems = checkEventFields(definition, fields);
    if (problems.length > 0) {
      throw new LoggingError('AUDIT_EVENT', `${event}: ${problems.join(', ')}`, { event });
    }
    const facts: Record<string, AuditFact> = {};
    const commitments: Record<string, string> = {};
    const openings: Opening[] = [];
    for (const [name, type] of Object.entries(definition.fields)) {
      const value = fields[name] as AuditFact | undefined;
      if (value === undefined) continue;
      if (type.startsWith('personal')) {
        const { commitment, opening } = commit(name, String(value).toWellFormed());
        commitments[name] = commitment;
        openings.push(opening);
      } else {
        facts[name] = typeof value === 'string' ? this.#fact(event, name, value) : value;
      }
    }
    const timeMs = (this.#options.now ?? Date.now)();
    return {
      record: { sequence: this.#nextSequence, timeMs, event, facts, commitments },
      openings,
    };
  }

  #fact(event: string, name: string, value: string): string {
    const clean = this.#sanitiser.text(value);
    if (!looksPersonal(clean)) return clean;
    throw new LoggingError('AUDIT_PERSONAL_DATA', `${event}: ${name} holds personal data`, {
      event,
      field: name,
    });
  }

  /** One loop at a time writes what waits, in batches; each batch gets one signature. */
  async #drain(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      // Appends of this turn of the event loop go together.
      await Promise.resolve();
      while (this.#queue.length > 0) await this.#writeBatch(this.#queue.splice(0, batchRecords));
    } finally {
      this.#isWriting = false;
      for (const done of this.#idle.splice(0)) done();
    }
  }

  async #writeBatch(batch: readonly Pending[]): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#store.appendRecords(batch.map(({ line }) => line));
      for (const { line } of batch) this.#tree.appendHash(leafHash(Buffer.from(line, 'utf8')));
      const checkpoint = await this.#sign();
      for (const { sequence, openings, resolve } of batch)
        resolve({ sequence, checkpoint, openings });
    } catch (cause) {
      // After a failed sync nobody knows what is on disk; only reading it again tells.
      this.#failure ??= asLoggingError(cause);
      for (const { reject } of batch) reject(this.#failure);
    }
  }

  async #sign(): Promise<AuditCheckpoint> {
    const { signer, chainTag, onCheckpoint } = this.#options;
    const before = this.#checkpoint;
    const open = {
      logId: this.#logId,
      number: before === undefined ? 0 : before.number + 1,
      size: this.#tree.size,
      root: toHex(this.#tree.root()),
      timeMs: (this.#options.now ?? Date.now)(),
    };
    const signature = await signer.sign(checkpointMessage(open, chainTag));
    const checkpoint = { ...open, signature: toHex(signature) };
    // A signer that answers nonsense would make a log that nobody could open again.
    if (!verifyCheckpoint(checkpoint, keyOfSigner(signer, chainTag))) {
      throw new LoggingError('AUDIT_SIGNATURE', 'the signer gave a signature that does not verify');
    }
    await this.#store.appendCheckpoint(lineOf(checkpoint));
    this.#checkpoint = checkpoint;
    try {
      onCheckpoint?.(checkpoint);
    } catch {
      // The listener's failure is not the log's.
    }
    return checkpoint;
  }

  /** Proof that a record is in the log of a checkpoint; for `verifyInclusion` of @mxd/crypto. */
  inclusionProof(sequence: number, size: number = this.checkpoint.size): Uint8Array[] {
    return this.#tree.inclusionProof(sequence, size);
  }

  /** Proof that the log only grew between two sizes; for `verifyConsistency` of @mxd/crypto. */
  consistencyProof(olderSize: number, size: number = this.checkpoint.size): Uint8Array[] {
    return this.#tree.consistencyProof(olderSize, size);
  }

  /** Waits for what was appended and lets go of the files. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isWriting) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#store.close();
    await this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #closedError(): LoggingError {
    return new LoggingError('AUDIT_CLOSED', 'the audit log is closed');
  }
}

const nothingRecovered: AuditRecovery = {
  unsignedRecords: 0,
  setAsideBytes: 0,
  setAsideFile: undefined,
};

const keyOfSigner = (signer: AuditSigner, chainTag: Uint8Array): AuditKey => ({
  suite: signer.suite,
  publicKey: signer.publicKey,
  chainTag,
});

function checkOptions(options: AuditOptions): void {
  if (options.chainTag.length === 32) return;
  throw new LoggingError(
    'LOGGING_OPTION',
    `a chain tag has 32 bytes, not ${options.chainTag.length}`,
  );
}

/** No log yet, or one whose creation was cut short before anything of it was signed. */
function isUntouched(found: ScannedAudit): boolean {
  const { checkpoints, checkpointHole, headExists, unsignedRecords } = found;
  return checkpoints.length === 0 && !checkpointHole && !headExists && unsignedRecords <= 1;
}

type State = Pick<ScannedAudit, 'tree' | 'logId' | 'checkpoints'> & {
  readonly headerLine?: string;
};

function newState(options: AuditOptions): State {
  const { signer, chainTag, previous } = options;
  const header: AuditHeader = {
    version: 1,
    sequence: 0,
    timeMs: (options.now ?? Date.now)(),
    nonce: randomBytes(32).toString('hex'),
    suite: signer.suite,
    publicKey: toHex(signer.publicKey),
    chainTag: toHex(chainTag),
    ...(previous === undefined ? {} : { previous }),
  };
  const headerLine = lineOf(header);
  const tree = MerkleTree.of([Buffer.from(headerLine, 'utf8')]);
  return { tree, logId: toHex(tree.leaf(0)), checkpoints: [], headerLine };
}

function checkState(found: ScannedAudit, options: AuditOptions): State {
  const key = keyOfSigner(options.signer, options.chainTag);
  const damage = damageOf(found, key);
  if (damage !== undefined) {
    const { code, message, ...place } = damage;
    throw new LoggingError(code, message, place);
  }
  return found;
}

/** Copies what follows the last checkpoint to a file of its own, before it is cut off. */
async function setAside(
  found: ScannedAudit,
  files: AuditFiles,
  options: AuditOptions,
): Promise<AuditRecovery> {
  const { records, signedBytes, checkpointPart, unsignedRecords } = found;
  const tailBytes = records.totalBytes - signedBytes + checkpointPart.totalBytes;
  if (tailBytes - checkpointPart.goodBytes > limits.auditTailBytes.value) {
    throw new LoggingError('AUDIT_RECORD', 'more follows the last checkpoint than a crash leaves', {
      sequence: found.tree.size,
    });
  }
  const parts = [
    await readEnd(files.records, signedBytes, records.totalBytes),
    await readEnd(files.checkpoints, checkpointPart.goodBytes, checkpointPart.totalBytes),
  ];
  const bytes = concatBytes(...parts);
  if (bytes.length === 0) return nothingRecovered;
  const timeMs = (options.now ?? Date.now)();
  const setAsideFile = `unsigned-${found.tree.size}-${timeMs}-${randomBytes(4).toString('hex')}`;
  await writeDurably(join(options.directory, setAsideFile), bytes);
  return { unsignedRecords, setAsideBytes: bytes.length, setAsideFile };
}

function asLoggingError(cause: unknown): LoggingError {
  if (cause instanceof LoggingError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LoggingError(
    'AUDIT_WRITE',
    `the audit log could not be written: ${reason}`,
    {},
    { cause },
  );
}
