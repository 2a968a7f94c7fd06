export type { FrozenChain } from '../ledger.ts';
export { followEpochs, type FollowResult } from './checkpoint.ts';
export { StateExport, type SnapshotChunk } from './export.ts';
export { StateImport, type ImportOptions, type ImportVerdict } from './import.ts';
export {
  chunkHash,
  chunkTree,
  manifestCodec,
  snapshotId,
  snapshotVersion,
  type SnapshotContent,
  type SnapshotManifest,
} from './manifest.ts';
