/** The bounds of this package: each queue, cache and input (docs/limits.md is generated from it). */
export const limits = {
  policyKeys: {
    value: 16,
    unit: 'keys',
    why: 'A policy witness marks its signers in a u16 bitmap (docs/protocol/ledger.md).',
  },
  publicKeyCache: {
    value: 512,
    unit: 'keys',
    why: 'Imported ML-DSA-87 keys per thread; a hit saves 18 % of a verification.',
  },
  mnemonicText: {
    value: 1024,
    unit: 'characters',
    why: '24 words of at most 8 letters need 215; decomposed accents and spaces need more.',
  },
  poolQueue: {
    value: 65_536,
    unit: 'signatures',
    why: 'Signatures queued or running in a verification pool; a caller then waits for room.',
  },
  poolWaiting: {
    value: 1024,
    unit: 'batches',
    why: 'Batches that wait for room in a verification pool; one more is refused.',
  },
  poolWorkers: {
    value: 64,
    unit: 'threads',
    why: 'More threads than cores gain nothing.',
  },
  poolBatchBytes: {
    value: 67_108_864,
    unit: 'bytes',
    why: 'Encoded bytes of one batch: 4 MiB blocks of hybrid signatures stay far below.',
  },
  keystoreFile: {
    value: 65_536,
    unit: 'bytes',
    why: 'A keystore holds a few seeds and labels; larger files are refused unread.',
  },
  keystoreMemory: {
    value: 1_048_576,
    unit: 'KiB',
    why: 'Argon2id memory that a file may ask for: 1 GiB, so a planted file cannot exhaust memory.',
  },
  keystorePasses: {
    value: 16,
    unit: 'passes',
    why: 'Argon2id passes that a file may ask for.',
  },
} as const;
