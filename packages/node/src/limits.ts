/** Bounds of the node's own queues; those of its parts are in their packages. */
export const limits = {
  addressTexts: { value: 16_384, unit: 'addresses', why: 'texts made lately, for events' },
  systemRecords: { value: 4_096, unit: 'items', why: 'system records waiting for a block' },
  streamQueue: { value: 1_024, unit: 'events', why: 'events waiting for one slow reader' },
  streamBlocks: { value: 256, unit: 'blocks', why: 'blocks whose events are kept for readers' },
  streamEvents: { value: 20_000, unit: 'events', why: 'events of those blocks, about 1 kB each' },
  streamReplay: { value: 10_000, unit: 'blocks', why: 'how far back a stream resumes' },
  headerDescendants: { value: 64, unit: 'headers', why: 'headers from a block to its certificate' },
  admissionQueue: { value: 20_000, unit: 'items', why: 'submissions waiting for admission' },
  candidatesAhead: { value: 64, unit: 'blocks', why: 'not committed yet, when a leader waits' },
  consensusQueue: { value: 65_536, unit: 'items', why: 'inputs waiting for the consensus core' },
  addressOutputs: { value: 100_000, unit: 'items', why: 'outputs summed for one balance' },
  mempoolSave: { value: 30_000, unit: 'ms', why: 'between writes of a changed mempool' },
  snapshots: { value: 2, unit: 'snapshots', why: 'newest snapshots kept on disk for peers' },
  snapshotWait: { value: 512, unit: 'blocks', why: 'above a snapshot, for a finalization over it' },
  snapshotChunkTries: { value: 3, unit: 'failures', why: 'of one peer before others are asked' },
  snapshotPatience: { value: 300_000, unit: 'ms', why: 'without a new chunk before a start fails' },
} as const;
