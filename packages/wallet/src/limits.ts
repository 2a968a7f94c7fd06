/** The bounds of this package (docs/limits.md is generated from it). */
export const limits = {
  exactSearchSteps: {
    value: 50_000,
    unit: 'steps',
    why: 'Branch and bound for a sum without change; then the fall-backs decide.',
  },
  signingFileChars: {
    value: 4_194_304,
    unit: 'characters',
    why: 'A signing file with 16 post-quantum keys and signatures for each of its inputs.',
  },
  uriChars: { value: 2_048, unit: 'characters', why: 'A payment request; QR codes hold 2,953.' },
  labelChars: { value: 255, unit: 'characters', why: 'One label (BIP-329 advises 255).' },
  labels: { value: 100_000, unit: 'labels', why: 'One label store; about 20 MB.' },
  labelFileChars: {
    value: 67_108_864,
    unit: 'characters',
    why: 'An imported file of labels: 100,000 lines of the longest form.',
  },
  discoveryGap: {
    value: 1_000,
    unit: 'addresses',
    why: 'Unused addresses in a row after which discovery stops; 20 unless told.',
  },
  discoveryAddresses: {
    value: 100_000,
    unit: 'addresses',
    why: 'Addresses that one discovery derives at most.',
  },
  moveTransactions: {
    value: 1_000,
    unit: 'transactions',
    why: 'Transactions of one plan that moves or joins coins; more coins are left for another.',
  },
} as const;
