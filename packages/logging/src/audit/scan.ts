/** Reads an audit log from disk and judges every byte of it; shared by `verify` and recovery. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toHex } from '@mxd/codec';
import { leafHash, MerkleTree } from '@mxd/crypto/merkle';

import { LoggingError, type LoggingErrorCode } from '../errors.ts';
import { limits } from '../limits.ts';
import {
  parseCheckpoint,
  parseHeader,
  parseRecord,
  type AuditCheckpoint,
  type AuditHeader,
  type AuditRecord,
} from './record.ts';

/** Where the parts of a log are. */
export interface AuditFiles {
  readonly records: string;
  readonly checkpoints: string;
  readonly head: string;
  readonly lock: string;
}

/** The files of a log; `headFile` may lie on another disk or under another owner. */
export function auditFiles(directory: string, headFile?: string): AuditFiles {
  return {
    records: join(directory, 'records.jsonl'),
    checkpoints: join(directory, 'checkpoints.jsonl'),
    head: headFile ?? join(directory, 'head.json'),
    lock: join(directory, 'lock'),
  };
}

/** What is wrong with a log, and where. */
export interface AuditFault {
  readonly code: LoggingErrorCode;
  readonly message: string;
  /** Sequence of the record, where one is meant. */
  readonly sequence?: number;
  /** Number of the checkpoint, where one is meant. */
  readonly checkpoint?: number;
}

/** The part of a file that was understood. */
interface ReadPart {
  /** Bytes up to the end of the last line that is in order. */
  readonly goodBytes: number;
  /** Bytes of the file. */
  readonly totalBytes: number;
}

/** Everything a log says that is in order by itself; what its parts say together is judged later. */
export interface ScannedAudit {
  readonly header: AuditHeader | undefined;
  readonly logId: string;
  /** The records that the last checkpoint covers, or those of them that are in order. */
  readonly tree: MerkleTree;
  /** Bytes of the records in the tree. */
  readonly signedBytes: number;
  /** Records in order that no checkpoint covers. */
  readonly unsignedRecords: number;
  readonly records: ReadPart;
  readonly checkpoints: readonly AuditCheckpoint[];
  readonly checkpointPart: ReadPart;
  /** Whether text that is in order follows the first that is not: never so after a crash. */
  readonly checkpointHole: boolean;
  readonly head: AuditCheckpoint | undefined;
  readonly headExists: boolean;
}

interface Line {
  readonly text: string;
  readonly endOffset: number;
  /** False for a last line without line break, one that is too long, or not UTF-8. */
  readonly complete: boolean;
}

const chunkBytes = 65_536;
const newline = 0x0a;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeLine(bytes: Uint8Array, endOffset: number, maxBytes: number): Line {
  if (bytes.length > maxBytes) return { text: '', endOffset, complete: false };
  try {
    return { text: decoder.decode(bytes), endOffset, complete: true };
  } catch {
    return { text: '', endOffset, complete: false };
  }
}

/** Lines of a file in bounded memory. */
async function* readLines(path: string, maxBytes: number): AsyncGenerator<Line> {
  const file = await open(path, 'r');
  try {
    let rest: Uint8Array = new Uint8Array(0);
    let offset = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes);
      if (bytesRead === 0) break;
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
        offset += end + 1;
        yield decodeLine(rest.subarray(0, end), offset, maxBytes);
        rest = rest.subarray(end + 1);
      }
      // A line beyond the limit is wrong however it goes on.
      if (rest.length > maxBytes) break;
    }
    if (rest.length > 0) yield { text: '', endOffset: offset + rest.length, complete: false };
  } finally {
    await file.close();
  }
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw readError(path, cause);
  }
}

function readError(path: string, cause: unknown): LoggingError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LoggingError('AUDIT_READ', `cannot read ${path}: ${reason}`, { path }, { cause });
}

/** Called with each record, its header apart, while a log is read. */
export type RecordVisitor = (record: AuditRecord, line: string) => void;

async function scanRecords(
  path: string,
  signedSize: number,
  visit: RecordVisitor | undefined,
): Promise<
  Pick<ScannedAudit, 'header' | 'logId' | 'tree' | 'signedBytes' | 'unsignedRecords' | 'records'>
> {
  const tree = new MerkleTree();
  const totalBytes = await fileSize(path);
  let header: AuditHeader | undefined;
  let logId = '';
  let count = 0;
  let goodBytes = 0;
  let signedBytes = 0;
  if (totalBytes !== undefined) {
    for await (const line of readLines(path, limits.auditRecordBytes.value)) {
      if (!line.complete || count >= limits.auditRecords.value) break;
      const hash = leafHash(Buffer.from(line.text, 'utf8'));
      if (header === undefined) {
        header = parseHeader(line.text);
        if (header === undefined) break;
        logId = toHex(hash);
      } else {
        const record = parseRecord(line.text);
        if (record?.sequence !== count) break;
        visit?.(record, line.text);
      }
      goodBytes = line.endOffset;
      if (count++ >= signedSize) continue;
      tree.appendHash(hash);
      signedBytes = goodBytes;
    }
  }
  const unsignedRecords = count - tree.size;
  const records = { goodBytes, totalBytes: totalBytes ?? 0 };
  return { header, logId, tree, signedBytes, unsignedRecords, records };
}

async function scanCheckpoints(
  path: string,
): Promise<Pick<ScannedAudit, 'checkpoints' | 'checkpointPart' | 'checkpointHole'>> {
  const totalBytes = await fileSize(path);
  const checkpoints: AuditCheckpoint[] = [];
  let goodBytes = 0;
  let isBroken = false;
  let checkpointHole = false;
  if (totalBytes !== undefined) {
    for await (const line of readLines(path, limits.auditCheckpointBytes.value)) {
      const checkpoint = line.complete ? parseCheckpoint(line.text) : undefined;
      if (checkpoint === undefined || checkpoint.number !== checkpoints.length) {
        if (isBroken && checkpoint === undefined) continue;
        if (checkpoint !== undefined) checkpointHole = true;
        isBroken = true;
      } else if (isBroken) {
        checkpointHole = true;
      } else {
        checkpoints.push(checkpoint);
        goodBytes = line.endOffset;
      }
      if (checkpointHole) break;
    }
  }
  const part = { goodBytes, totalBytes: totalBytes ?? 0 };
  return { checkpoints, checkpointPart: part, checkpointHole };
}

async function scanHead(path: string): Promise<Pick<ScannedAudit, 'head' | 'headExists'>> {
  try {
    const text = await readFile(path, 'utf8');
    const isBounded = text.length <= limits.auditCheckpointBytes.value && text.endsWith('\n');
    return { head: isBounded ? parseCheckpoint(text.slice(0, -1)) : undefined, headExists: true };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      return { head: undefined, headExists: false };
    }
    throw readError(path, cause);
  }
}

/** Reads a log. @throws LoggingError AUDIT_READ when a file cannot be read. */
export async function scanAudit(files: AuditFiles, visit?: RecordVisitor): Promise<ScannedAudit> {
  try {
    // Against the order in which they are written, so that a log in use can be read.
    const head = await scanHead(files.head);
    const checkpoints = await scanCheckpoints(files.checkpoints);
    const signedSize = checkpoints.checkpoints.at(-1)?.size ?? 0;
    return { ...head, ...checkpoints, ...(await scanRecords(files.records, signedSize, visit)) };
  } catch (cause) {
    if (cause instanceof LoggingError) throw cause;
    throw readError(files.records, cause);
  }
}
