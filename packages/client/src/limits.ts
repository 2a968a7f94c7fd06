/** The bounds of this package (docs/limits.md is generated from it). */
export const limits = {
  endpoints: { value: 32, unit: 'endpoints', why: 'More gain nothing and slow a failure down.' },
  attempts: {
    value: 10,
    unit: 'attempts',
    why: 'Tries of one request over all endpoints; 4 unless told.',
  },
  timeoutMs: { value: 600_000, unit: 'ms', why: 'One try of a request; 10,000 unless told.' },
  backoffMs: { value: 5_000, unit: 'ms', why: 'Longest pause between two tries.' },
  responseBytes: {
    value: 33_554_432,
    unit: 'bytes',
    why: 'One answer; a genesis document with 100,000 allocations fits.',
  },
  streamEventBytes: { value: 1_048_576, unit: 'bytes', why: 'One event of a stream.' },
  streamIdleMs: {
    value: 45_000,
    unit: 'ms',
    why: 'Silence after which a stream counts as cut; nodes send a sign of life every 15 s.',
  },
  epochProofs: {
    value: 65_536,
    unit: 'epochs',
    why: 'Epochs from a checkpoint to the newest; about 1 KB each with four validators.',
  },
  validatorSets: { value: 16, unit: 'sets', why: 'Validator sets kept ready; others are rebuilt.' },
  descendants: {
    value: 4_096,
    unit: 'headers',
    why: 'Headers between a block and the finalization that proves it.',
  },
  parallelProofs: {
    value: 8,
    unit: 'requests',
    why: 'Epoch proofs asked for ahead while syncing.',
  },
  receiptChars: {
    value: 134_217_728,
    unit: 'characters',
    why: 'A receipt over 65,536 epochs with four validators.',
  },
} as const;
