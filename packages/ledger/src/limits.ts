/** The bounds of this package; docs/limits.md is generated from this table. */
export const limits = {
  candidates: {
    value: 512,
    unit: 'blocks',
    why: 'Blocks above the final one that are held executed; the oldest without children goes first.',
  },
  candidateBytes: {
    value: 67_108_864,
    unit: 'bytes',
    why: 'Bodies of those blocks; for small payments memory is about seven times as much.',
  },
  outputCacheBytes: {
    value: 33_554_432,
    unit: 'bytes',
    why: 'Cache of recently made outputs (about 80,000); the one least recently used goes first.',
  },
  verifiedTransactions: {
    value: 262_144,
    unit: 'transactions',
    why: 'Transactions whose signatures are known to be good; the older half is forgotten at once.',
  },
  historyPage: { value: 1_000, unit: 'entries', why: 'Lines of history that one call returns.' },
  ownedPage: { value: 10_000, unit: 'outputs', why: 'Outputs of an owner that one call returns.' },
  poolBytes: {
    value: 67_108_864,
    unit: 'bytes',
    why: 'Encoded transactions that wait; memory is about three times as much for small ones.',
  },
  poolTransactions: {
    value: 100_000,
    unit: 'transactions',
    why: 'Transactions that wait; the worst of its lane is evicted for a better one.',
  },
  poolAncestors: {
    value: 25,
    unit: 'transactions',
    why: 'Waiting transactions that one may build on, itself included.',
  },
  poolDescendants: {
    value: 25,
    unit: 'transactions',
    why: 'Waiting transactions that may build on one, itself included.',
  },
  poolOrphans: {
    value: 1_000,
    unit: 'transactions',
    why: 'Transactions that miss an input; the oldest goes first.',
  },
  poolOrphanBytes: { value: 4_194_304, unit: 'bytes', why: 'Encoded transactions of the orphans.' },
  poolOrphansPerPeer: {
    value: 100,
    unit: 'transactions',
    why: 'Orphans that one peer may leave; further ones are refused.',
  },
  poolExpiryMs: {
    value: 10_800_000,
    unit: 'ms',
    why: 'How long a transaction waits before it is dropped: three hours.',
  },
  poolBuckets: {
    value: 65_536,
    unit: 'buckets',
    why: 'Token buckets of addresses and of peers, each; the fullest idle ones are forgotten.',
  },
  poolRefused: {
    value: 65_536,
    unit: 'transactions',
    why: 'Refused transactions remembered, so that repeating them costs a look-up.',
  },
  poolReplacements: {
    value: 100,
    unit: 'transactions',
    why: 'Waiting transactions that one replacement may displace.',
  },
  snapshotChunkOutputs: {
    value: 16_384,
    unit: 'outputs',
    why: 'Outputs of one chunk of a snapshot: about 1.5 MB.',
  },
  snapshotChunks: {
    value: 1_048_576,
    unit: 'chunks',
    why: 'Chunks of one snapshot.',
  },
  auditProblems: {
    value: 1_000,
    unit: 'problems',
    why: 'Differences that an audit lists; it counts all of them.',
  },
} as const;
