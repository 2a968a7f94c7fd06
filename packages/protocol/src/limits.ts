/**
 * Hard limits of the wire format. They bound what a decoder accepts at all; the chain's parameters,
 * which are never larger, bound what is valid.
 */
export const limits = {
  inputs: { value: 256, unit: 'items', why: 'inputs of one transaction' },
  outputs: { value: 256, unit: 'items', why: 'outputs of one transaction' },
  policyKeys: { value: 16, unit: 'items', why: 'keys of one m-of-n policy' },
  payloadBytes: { value: 65_536, unit: 'bytes', why: 'payload of one transaction' },
  transactionBytes: { value: 102_400, unit: 'bytes', why: 'one encoded transaction' },
  blockTransactions: { value: 65_535, unit: 'items', why: 'transactions of one block' },
  bodyBytes: { value: 16_777_216, unit: 'bytes', why: 'transactions of one block, together' },
  systemRecords: { value: 1_024, unit: 'items', why: 'system records of one block' },
  systemBytes: { value: 1_048_576, unit: 'bytes', why: 'system records of one block, together' },
  systemRecordBytes: { value: 16_384, unit: 'bytes', why: 'one system record' },
  changeBytes: { value: 4_096, unit: 'bytes', why: 'change document of one SIGNAL record' },
  changes: { value: 64, unit: 'items', why: 'parameters in one change document' },
  validators: { value: 256, unit: 'items', why: 'entries of a Rapid Table' },
  inlineNullifications: { value: 16, unit: 'items', why: 'certificates inside a proposal' },
  certificateSpan: { value: 64, unit: 'views', why: 'views of one certificate request' },
  certificates: { value: 192, unit: 'items', why: 'certificates of one answer' },
  ancestors: { value: 64, unit: 'blocks', why: 'ancestors of one block request' },
  blockResponseBytes: {
    value: 8_388_608,
    unit: 'bytes',
    why: 'one block answer; one block at least',
  },
  epochProofs: { value: 32, unit: 'items', why: 'epoch proofs of one request' },
  messageBytes: { value: 25_165_824, unit: 'bytes', why: 'one consensus message' },
  genesisMembers: { value: 256, unit: 'items', why: 'members of a genesis document' },
  genesisAllocations: { value: 1_000_000, unit: 'items', why: 'allocations of a genesis document' },
  genesisListed: { value: 4_096, unit: 'items', why: 'ids that a LISTED network admits at first' },
  recentHashes: { value: 128, unit: 'blocks', why: 'how far back a JOIN may prove its sync' },
} as const;
