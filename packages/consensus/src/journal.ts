export { crc32c } from './journal/crc32c.ts';
export { directoryFiles, type JournalFiles, type SegmentHandle } from './journal/files.ts';
export {
  decodeHeader,
  encodeBatch,
  encodeHeader,
  headerBytes,
  parseSegmentName,
  scanSegment,
  segmentName,
  type SegmentHeader,
  type SegmentScan,
} from './journal/format.ts';
export { createJournal, Journal, type JournalOptions } from './journal/journal.ts';
export { DirectoryLock } from './journal/lock.ts';
export {
  droppable,
  epochOfRecord,
  recoverJournal,
  summarize,
  type Recovery,
  type SegmentFile,
  type SegmentSummary,
} from './journal/recover.ts';
