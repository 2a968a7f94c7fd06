import * as bounds from './bounds.ts';

interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly why: string;
}

/** The bounds of this package: each queue, cache and input (docs/limits.md is generated from it). */
export const limits: Readonly<Record<keyof typeof bounds, Limit>> = {
  policyKeys: {
    value: bounds.policyKeys,
    unit: 'keys',
    why: 'A policy witness marks its signers in a u16 bitmap (docs/protocol/ledger.md).',
  },
  publicKeyCache: {
    value: bounds.publicKeyCache,
    unit: 'keys',
    why: 'Imported ML-DSA-87 keys per thread; a hit saves 18 % of a verification.',
  },
  mnemonicText: {
    value: bounds.mnemonicText,
    unit: 'characters',
    why: '24 words of at most 8 letters need 215; decomposed accents and spaces need more.',
  },
  keyPointCache: {
    value: bounds.keyPointCache,
    unit: 'keys',
    why: 'Decoded Ed25519 keys of the portable backend; a table of some 200 KB for those used often.',
  },
  poolQueue: {
    value: bounds.poolQueue,
    unit: 'signatures',
    why: 'Signatures queued or running in a verification pool; a caller then waits for room.',
  },
  poolWaiting: {
    value: bounds.poolWaiting,
    unit: 'batches',
    why: 'Batches that wait for room in a verification pool; one more is refused.',
  },
  poolWorkers: {
    value: bounds.poolWorkers,
    unit: 'threads',
    why: 'More threads than cores gain nothing.',
  },
  poolBatchBytes: {
    value: bounds.poolBatchBytes,
    unit: 'bytes',
    why: 'Encoded bytes of one batch: 4 MiB blocks of hybrid signatures stay far below.',
  },
  keystoreFile: {
    value: bounds.keystoreFile,
    unit: 'bytes',
    why: 'A keystore holds a few seeds and labels; larger files are refused unread.',
  },
  keystoreMemory: {
    value: bounds.keystoreMemory,
    unit: 'KiB',
    why: 'Argon2id memory that a file may ask for: 1 GiB, so a planted file cannot exhaust memory.',
  },
  keystorePasses: {
    value: bounds.keystorePasses,
    unit: 'passes',
    why: 'Argon2id passes that a file may ask for.',
  },
};
