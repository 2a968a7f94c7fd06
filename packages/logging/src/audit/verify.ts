import { equalBytes, toHex } from '@mxd/codec';

import { LoggingError } from '../errors.ts';
import {
  keyOf,
  verifyCheckpoint,
  type AuditCheckpoint,
  type AuditHeader,
  type AuditKey,
} from './record.ts';
import {
  auditFiles,
  scanAudit,
  type AuditFault,
  type RecordVisitor,
  type ScannedAudit,
} from './scan.ts';

/** What to hold a log to. */
export interface VerifyOptions {
  /** The key that must have signed, known from elsewhere: the log's own word for it is no proof. */
  readonly key: AuditKey;
  /** Checkpoints that were kept elsewhere. Only they reveal that a whole log was rolled back. */
  readonly trusted?: readonly AuditCheckpoint[];
  /** Accept records after the last checkpoint, and half a line, as a crash leaves them. */
  readonly allowUnsignedTail?: boolean;
  /** Where the head file lies, when not beside the log. */
  readonly headFile?: string;
  /** Called with each record while it is read, before the verdict on the whole is known. */
  readonly visit?: RecordVisitor;
}

/** The verdict on a log. */
export type AuditVerdict =
  | {
      readonly ok: true;
      readonly header: AuditHeader;
      /** Records that are signed, with the header. */
      readonly signedRecords: number;
      /** Records after the last checkpoint; 0 unless they were allowed. */
      readonly unsignedRecords: number;
      readonly checkpoint: AuditCheckpoint;
    }
  | ({ readonly ok: false } & AuditFault);

const fault = (
  code: AuditFault['code'],
  message: string,
  place: Omit<AuditFault, 'code' | 'message'> = {},
): AuditFault => ({ code, message, ...place });

/** What is wrong with the key a log was made for. */
function keyFault(header: AuditHeader, key: AuditKey): AuditFault | undefined {
  const own = keyOf(header);
  const isSame =
    own.suite === key.suite &&
    equalBytes(own.publicKey, key.publicKey) &&
    equalBytes(own.chainTag, key.chainTag);
  return isSame
    ? undefined
    : fault('AUDIT_KEY', 'the log was created with another key or for another network');
}

/** What is wrong with one checkpoint that is in order by itself. */
function checkpointFault(
  scan: ScannedAudit,
  checkpoint: AuditCheckpoint,
  before: AuditCheckpoint | undefined,
  key: AuditKey,
): AuditFault | undefined {
  const { number, size } = checkpoint;
  const place = { checkpoint: number };
  if (checkpoint.logId !== scan.logId) {
    return fault('AUDIT_CHECKPOINT', `checkpoint ${number} is of another log`, place);
  }
  if (size === 0 || (before !== undefined && size < before.size)) {
    return fault('AUDIT_CHECKPOINT', `checkpoint ${number} has a size out of order`, place);
  }
  if (!verifyCheckpoint(checkpoint, key)) {
    return fault('AUDIT_SIGNATURE', `checkpoint ${number} is not signed by the key`, place);
  }
  return rootFault(scan, checkpoint);
}

function rootFault(scan: ScannedAudit, checkpoint: AuditCheckpoint): AuditFault | undefined {
  const { number, size, root } = checkpoint;
  if (size > scan.tree.size) {
    const rest = scan.records.totalBytes - scan.records.goodBytes;
    const place = { sequence: scan.tree.size, checkpoint: number };
    return rest > 0
      ? fault('AUDIT_RECORD', `record ${scan.tree.size} is not in order`, place)
      : fault('AUDIT_TRUNCATED', `${size} records were signed, ${scan.tree.size} are left`, place);
  }
  if (toHex(scan.tree.root(size)) === root) return undefined;
  return fault('AUDIT_ROOT', `the first ${size} records differ from those signed`, {
    checkpoint: number,
  });
}

/** The first fault among the checkpoints, in their order. */
function checkpointsFault(scan: ScannedAudit, key: AuditKey): AuditFault | undefined {
  let before: AuditCheckpoint | undefined;
  for (const checkpoint of scan.checkpoints) {
    const found = checkpointFault(scan, checkpoint, before, key);
    if (found !== undefined) return found;
    before = checkpoint;
  }
  return undefined;
}

/** Whether the head names a checkpoint that is there, or one that is gone. */
function headFault(scan: ScannedAudit, key: AuditKey): AuditFault | undefined {
  const { head, checkpoints } = scan;
  if (!scan.headExists) return undefined;
  if (head === undefined || !verifyCheckpoint(head, key)) {
    return fault('AUDIT_CHECKPOINT', 'the head file was altered');
  }
  const own = checkpoints[head.number];
  const place = { checkpoint: head.number };
  if (own === undefined) {
    const isCut = scan.checkpointPart.goodBytes === scan.checkpointPart.totalBytes;
    return isCut
      ? fault('AUDIT_TRUNCATED', `checkpoint ${head.number} is missing from the end`, place)
      : fault('AUDIT_CHECKPOINT', `checkpoint ${checkpoints.length} is not in order`, place);
  }
  const isSame = own.root === head.root && own.size === head.size && own.logId === head.logId;
  return isSame ? undefined : fault('AUDIT_FORK', 'head and checkpoints contradict', place);
}

function trustedFault(
  scan: ScannedAudit,
  trusted: readonly AuditCheckpoint[],
  key: AuditKey,
): AuditFault | undefined {
  const last = scan.checkpoints.at(-1);
  for (const checkpoint of trusted) {
    const place = { checkpoint: checkpoint.number };
    if (!verifyCheckpoint(checkpoint, key)) {
      return fault('AUDIT_SIGNATURE', 'the trusted checkpoint is not signed by the key', place);
    }
    if (checkpoint.logId !== scan.logId) {
      return fault('AUDIT_FORK', 'the trusted checkpoint is of another log', place);
    }
    if (checkpoint.size > scan.tree.size || (last?.number ?? -1) < checkpoint.number) {
      return fault(
        'AUDIT_TRUNCATED',
        `the log ended at ${checkpoint.size} records or later`,
        place,
      );
    }
    if (rootFault(scan, checkpoint) !== undefined) {
      return fault('AUDIT_FORK', 'the trusted checkpoint has another history', place);
    }
    if (scan.checkpoints[checkpoint.number]?.root !== checkpoint.root) {
      return fault('AUDIT_FORK', 'the trusted checkpoint was replaced', place);
    }
  }
  return undefined;
}

/** What makes a log untrustworthy, a crash's traces at its end aside. Used by recovery as well. */
export function damageOf(scan: ScannedAudit, key: AuditKey): AuditFault | undefined {
  if (scan.header === undefined) {
    return scan.records.totalBytes === 0
      ? fault('AUDIT_MISSING', 'there are no records')
      : fault('AUDIT_RECORD', 'the header is not in order', { sequence: 0 });
  }
  const early = keyFault(scan.header, key);
  if (early !== undefined) return early;
  if (scan.checkpointHole) {
    const number = scan.checkpoints.length;
    return fault('AUDIT_CHECKPOINT', `checkpoint ${number} is not in order`, {
      checkpoint: number,
    });
  }
  const found = checkpointsFault(scan, key) ?? headFault(scan, key);
  if (found !== undefined) return found;
  // The first checkpoint precedes the second record, and its head the second checkpoint.
  if (scan.checkpoints.length === 0) return fault('AUDIT_MISSING', 'there is no checkpoint');
  return scan.headExists || scan.checkpoints.length === 1
    ? undefined
    : fault('AUDIT_MISSING', 'the head file is gone');
}

function tailFault(scan: ScannedAudit): AuditFault | undefined {
  const { checkpointPart, checkpoints, records, tree, unsignedRecords } = scan;
  if (checkpointPart.goodBytes < checkpointPart.totalBytes) {
    return fault('AUDIT_CHECKPOINT', `checkpoint ${checkpoints.length} is not in order`, {
      checkpoint: checkpoints.length,
    });
  }
  if (records.goodBytes < records.totalBytes) {
    const sequence = tree.size + unsignedRecords;
    return fault('AUDIT_RECORD', `record ${sequence} is not in order`, { sequence });
  }
  return unsignedRecords === 0
    ? undefined
    : fault('AUDIT_UNSIGNED_TAIL', `${unsignedRecords} records follow the last checkpoint`, {
        sequence: tree.size,
      });
}

function judge(scan: ScannedAudit, options: VerifyOptions): AuditVerdict {
  const { key } = options;
  const damage = damageOf(scan, key) ?? trustedFault(scan, options.trusted ?? [], key);
  if (damage !== undefined) return { ok: false, ...damage };
  const checkpoint = scan.checkpoints.at(-1);
  if (options.allowUnsignedTail !== true) {
    if (!scan.headExists) return { ok: false, ...fault('AUDIT_MISSING', 'the head file is gone') };
    const tail = tailFault(scan);
    if (tail !== undefined) return { ok: false, ...tail };
  }
  if (checkpoint === undefined || scan.header === undefined) {
    return { ok: false, ...fault('AUDIT_MISSING', 'there is no checkpoint') };
  }
  return {
    ok: true,
    header: scan.header,
    signedRecords: scan.tree.size,
    unsignedRecords: scan.unsignedRecords,
    checkpoint,
  };
}

/**
 * Checks every byte of the log in a directory: that records and checkpoints are canonical and in
 * order, that every checkpoint is signed by the key and has the root of the records before it, that
 * nothing signed is missing, and that the history is that of the trusted checkpoints. A log that is
 * being written may be verified at any time with `allowUnsignedTail`. Never throws for its content.
 */
export async function verifyAudit(
  directory: string,
  options: VerifyOptions,
): Promise<AuditVerdict> {
  try {
    const scan = await scanAudit(auditFiles(directory, options.headFile), options.visit);
    return judge(scan, options);
  } catch (error) {
    if (!(error instanceof LoggingError)) throw error;
    return { ok: false, code: error.code, message: error.message };
  }
}
