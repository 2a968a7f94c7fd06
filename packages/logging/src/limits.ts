/** Every bound of this package. `docs/limits.md` is generated from it. */
export const limits = {
  depth: {
    value: 6,
    unit: 'levels',
    why: 'Deeper structure of a logged value is cut: people do not read it, and it costs time.',
  },
  nodesPerLine: {
    value: 512,
    unit: 'values',
    why: 'Bounds the work of one line whatever shape it has.',
  },
  keysPerObject: {
    value: 64,
    unit: 'keys',
    why: 'Further keys of one object, Map or Error are counted and left out.',
  },
  itemsPerArray: {
    value: 64,
    unit: 'items',
    why: 'Further items of one array or Set are counted and left out.',
  },
  stringChars: {
    value: 8192,
    unit: 'UTF-16 code units',
    why: 'Longer text is cut after it was searched for secrets.',
  },
  lineChars: {
    value: 65_536,
    unit: 'UTF-16 code units',
    why: 'All text of one line together; text beyond it is cut.',
  },
  keyChars: {
    value: 128,
    unit: 'UTF-16 code units',
    why: 'Longer names of fields are cut.',
  },
  liveSecrets: {
    value: 1024,
    unit: 'secrets',
    why: 'Registering more is refused, because dropping one silently would let it leak.',
  },
  secretMinBytes: {
    value: 8,
    unit: 'bytes',
    why: 'A shorter secret would match ordinary text everywhere.',
  },
  secretMaxBytes: {
    value: 16_384,
    unit: 'bytes',
    why: 'Larger than any key that MXD uses (ML-DSA-87 expanded: 4,896).',
  },
  destinationBufferBytes: {
    value: 4_194_304,
    unit: 'bytes',
    why: 'Lines waiting for a slow disk or terminal; further lines are dropped and counted.',
  },
  auditQueue: {
    value: 1024,
    unit: 'records',
    why: 'Appends waiting for the disk; further ones are refused with AUDIT_BUSY.',
  },
  auditRecordBytes: {
    value: 16_384,
    unit: 'bytes',
    why: 'One record in canonical JSON.',
  },
  auditCheckpointBytes: {
    value: 16_384,
    unit: 'bytes',
    why: 'One checkpoint in canonical JSON; the hybrid suite needs about 9,900.',
  },
  auditTailBytes: {
    value: 8_388_608,
    unit: 'bytes',
    why: 'More than one batch and one checkpoint; what a crash leaves unsigned is never larger.',
  },
  auditRecords: {
    value: 1_000_000,
    unit: 'records',
    why: 'Hashes of a log are held in memory for proofs, about 200 bytes a record.',
  },
} as const;
