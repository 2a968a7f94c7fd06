import * as bounds from './bounds.ts';

interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly why: string;
}

/** The bounds of this package (docs/limits.md is generated from it). */
export const limits: Readonly<Record<keyof typeof bounds, Limit>> = {
  exactSearchSteps: {
    value: bounds.exactSearchSteps,
    unit: 'steps',
    why: 'Branch and bound for a sum without change; then the fall-backs decide.',
  },
  signingFileChars: {
    value: bounds.signingFileChars,
    unit: 'characters',
    why: 'A signing file with 16 post-quantum keys and signatures for each of its inputs.',
  },
  policyFileChars: {
    value: bounds.policyFileChars,
    unit: 'characters',
    why: 'A policy file with 16 hybrid keys and their names.',
  },
  uriChars: {
    value: bounds.uriChars,
    unit: 'characters',
    why: 'A payment request; QR codes hold 2,953.',
  },
  labelChars: {
    value: bounds.labelChars,
    unit: 'characters',
    why: 'One label (BIP-329 advises 255).',
  },
  labels: { value: bounds.labels, unit: 'labels', why: 'One label store; about 20 MB.' },
  labelFileChars: {
    value: bounds.labelFileChars,
    unit: 'characters',
    why: 'An imported file of labels: 100,000 lines of the longest form.',
  },
  discoveryGap: {
    value: bounds.discoveryGap,
    unit: 'addresses',
    why: 'Unused addresses in a row after which discovery stops; 20 unless told.',
  },
  discoveryAddresses: {
    value: bounds.discoveryAddresses,
    unit: 'addresses',
    why: 'Addresses that one discovery derives at most.',
  },
  moveTransactions: {
    value: bounds.moveTransactions,
    unit: 'transactions',
    why: 'Transactions of one plan that moves or joins coins; more coins are left for another.',
  },
};
