import * as bounds from './bounds.ts';

interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly why: string;
}

/** The bounds of this package (docs/limits.md is generated from it). */
export const limits: Readonly<Record<keyof typeof bounds, Limit>> = {
  endpoints: {
    value: bounds.endpoints,
    unit: 'endpoints',
    why: 'More gain nothing and slow a failure down.',
  },
  attempts: {
    value: bounds.attempts,
    unit: 'attempts',
    why: 'Tries of one request over all endpoints; 4 unless told.',
  },
  timeoutMs: {
    value: bounds.timeoutMs,
    unit: 'ms',
    why: 'One try of a request; 10,000 unless told.',
  },
  backoffMs: { value: bounds.backoffMs, unit: 'ms', why: 'Longest pause between two tries.' },
  responseBytes: {
    value: bounds.responseBytes,
    unit: 'bytes',
    why: 'One answer; a genesis document with 100,000 allocations fits.',
  },
  streamEventBytes: {
    value: bounds.streamEventBytes,
    unit: 'bytes',
    why: 'One event of a stream.',
  },
  streamIdleMs: {
    value: bounds.streamIdleMs,
    unit: 'ms',
    why: 'Silence after which a stream counts as cut; nodes send a sign of life every 15 s.',
  },
  epochProofs: {
    value: bounds.epochProofs,
    unit: 'epochs',
    why: 'Epochs from a checkpoint to the newest; about 1 KB each with four validators.',
  },
  validatorSets: {
    value: bounds.validatorSets,
    unit: 'sets',
    why: 'Validator sets kept ready; others are rebuilt.',
  },
  descendants: {
    value: bounds.descendants,
    unit: 'headers',
    why: 'Headers between a block and the finalization that proves it.',
  },
  parallelProofs: {
    value: bounds.parallelProofs,
    unit: 'requests',
    why: 'Epoch proofs asked for ahead while syncing.',
  },
  receiptChars: {
    value: bounds.receiptChars,
    unit: 'characters',
    why: 'A receipt over 65,536 epochs with four validators.',
  },
};
