export { defineBucket, emptyValue, rawValue, type BucketOptions } from './bucket.ts';
export {
  type BatchOptions,
  type Bucket,
  type BucketRange,
  type BucketReader,
  type DeleteOperation,
  type Entry,
  type KeyCodec,
  type KeyPrefix,
  type KeyValueStore,
  type Operation,
  type PutOperation,
  type RangeOptions,
  type RangeScan,
  type Reader,
  type Snapshot,
  type StoreCounters,
  type ValueCodec,
} from './contract.ts';
export {
  openDatabase,
  prepareStore,
  type DatabaseOptions,
  type PrepareOptions,
} from './database.ts';
export { StorageError, type StorageErrorCode } from './errors.ts';
export {
  bytesKey,
  descendingKey,
  textKey,
  tupleKey,
  u16Key,
  u32Key,
  u53Key,
  u64Key,
  u8Key,
  varBytesKey,
  type TupleKeyCodec,
} from './keys.ts';
export { openLevelStore, type LevelOptions } from './level/level-store.ts';
export { openMemoryStore } from './memory/memory-store.ts';
export { readMetadata, type NetworkIdentity, type StoreMetadata } from './metadata.ts';
export { type MigrationOptions, type MigrationProgress } from './migrate.ts';
export { prefixEnd } from './ranges.ts';
export {
  defineSchema,
  type AnyBucket,
  type MigrationBatch,
  type MigrationStep,
  type Schema,
} from './schema.ts';
export {
  verifyStore,
  type BucketReport,
  type VerifyOptions,
  type VerifyProblem,
  type VerifyReport,
} from './verify.ts';
