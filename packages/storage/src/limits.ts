/** The bounds of this package; docs/limits.md is generated from this table. */
export const limits = {
  keySize: {
    value: 1024,
    unit: 'bytes',
    why: 'Longest stored key, prefix included; the longest ledger key takes under 200.',
  },
  valueSize: {
    value: 67_108_864,
    unit: 'bytes',
    why: 'Longest stored value; a block body is at most a few MiB, and LevelDB copies values.',
  },
  batchOperations: {
    value: 1_000_000,
    unit: 'operations',
    why: 'Most operations in one atomic batch; a full block of transfers makes about 100,000.',
  },
  batchSlice: {
    value: 2000,
    unit: 'operations',
    why: 'Operations handed to LevelDB in one go: about 2 ms of the main thread.',
  },
  batchSize: {
    value: 268_435_456,
    unit: 'bytes',
    why: 'Largest atomic batch: it is held in memory twice while it is written.',
  },
  openScans: {
    value: 256,
    unit: 'scans',
    why: 'Scans open at once per store; each pins the files it reads.',
  },
  openSnapshots: {
    value: 64,
    unit: 'snapshots',
    why: 'Snapshots open at once per store; each keeps removed data on disk.',
  },
  queuedBatches: {
    value: 1024,
    unit: 'batches',
    why: 'Batches that may wait for the one being written; callers should await instead.',
  },
  scanPageEntries: {
    value: 4096,
    unit: 'entries',
    why: 'Most entries that one page of a scan returns.',
  },
  scanPageSize: {
    value: 262_144,
    unit: 'bytes',
    why: 'A page ends after so many bytes, to stay a short slice of the main thread.',
  },
  verifyProblems: {
    value: 1000,
    unit: 'problems',
    why: 'Problems that a verification lists; it counts all of them.',
  },
  backupPoints: {
    value: 1000,
    unit: 'points',
    why: 'Points that a backup series keeps; prune before taking more.',
  },
  backupChunks: {
    value: 16_777_216,
    unit: 'chunks',
    why: 'Chunks of one backup point: 1 TiB at the usual 64 KiB.',
  },
  backupChunkTarget: {
    value: 65_536,
    unit: 'bytes',
    why: 'Mean chunk length: small enough that few changed keys cost little new data.',
  },
  backupChunkMax: {
    value: 1_048_576,
    unit: 'bytes',
    why: 'A chunk ends after so many bytes, so that sealing one stays under 10 ms.',
  },
  argon2Memory: {
    value: 1_048_576,
    unit: 'KiB',
    why: 'Most memory that a backup header may ask of the key derivation.',
  },
  argon2Passes: {
    value: 16,
    unit: 'passes',
    why: 'Most passes that a backup header may ask of the key derivation.',
  },
} as const;
