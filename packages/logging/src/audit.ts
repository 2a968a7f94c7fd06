/** The tamper-evident audit log: an RFC 6962 tree over canonical JSON with signed checkpoints. */
export { canonicalJson, parseCanonicalJson, type JsonValue } from './audit/canonical-json.ts';
export { verifyOpening, type Opening } from './audit/commitment.ts';
export {
  AuditLog,
  type AuditOptions,
  type AuditReceipt,
  type AuditRecovery,
  type AuditSigner,
} from './audit/log.ts';
export {
  checkpointMessage,
  isFork,
  parseCheckpoint,
  parseRecord,
  verifyCheckpoint,
  type AuditCheckpoint,
  type AuditFact,
  type AuditHeader,
  type AuditKey,
  type AuditRecord,
} from './audit/record.ts';
export type { AuditFault } from './audit/scan.ts';
export { verifyAudit, type AuditVerdict, type VerifyOptions } from './audit/verify.ts';
