export {
  auditLedger,
  type AuditCode,
  type AuditOptions,
  type AuditProblem,
  type AuditReport,
} from './audit.ts';
export { type RebuildProgress } from './rebuild.ts';
export { replay, type FinalBlock, type ReplayOptions, type ReplayResult } from './replay.ts';
