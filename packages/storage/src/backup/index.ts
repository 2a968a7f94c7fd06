export { createBackup, type BackupOptions } from './create.ts';
export {
  listBackups,
  pruneBackups,
  verifyBackups,
  type PointChoice,
  type SeriesOptions,
  type VerifyBackupOptions,
} from './manage.ts';
export { type BackupPoint, type BackupProgress, type PointDescription } from './points.ts';
export { restoreBackup, type RestoreOptions } from './restore.ts';
export { type BackupKey, type StretchCost } from './seal.ts';
