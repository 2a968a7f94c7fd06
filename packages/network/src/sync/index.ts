export {
  synchronise,
  type BodyStage,
  type ChainStage,
  type SnapshotHandle,
  type SnapshotStage,
  type SyncEnd,
  type SyncOptions,
  type SyncPort,
  type SyncProgress,
  type SyncStages,
} from './sync.ts';
export { syncPortOf } from './port.ts';
export {
  chunkCodec,
  hashesCodec,
  rangeCodec,
  type ChunkRequest,
  type RangeRequest,
} from '../wire/requests.ts';
