import * as bounds from './bounds.ts';

interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly why: string;
}

/**
 * Hard limits of the wire format. They bound what a decoder accepts at all; the chain's parameters,
 * which are never larger, bound what is valid.
 */
export const limits: Readonly<Record<keyof typeof bounds, Limit>> = {
  inputs: { value: bounds.inputs, unit: 'items', why: 'inputs of one transaction' },
  outputs: { value: bounds.outputs, unit: 'items', why: 'outputs of one transaction' },
  policyKeys: { value: bounds.policyKeys, unit: 'items', why: 'keys of one m-of-n policy' },
  payloadBytes: { value: bounds.payloadBytes, unit: 'bytes', why: 'payload of one transaction' },
  transactionBytes: {
    value: bounds.transactionBytes,
    unit: 'bytes',
    why: 'one encoded transaction',
  },
  blockTransactions: {
    value: bounds.blockTransactions,
    unit: 'items',
    why: 'transactions of one block',
  },
  bodyBytes: { value: bounds.bodyBytes, unit: 'bytes', why: 'transactions of one block, together' },
  systemRecords: { value: bounds.systemRecords, unit: 'items', why: 'system records of one block' },
  systemBytes: {
    value: bounds.systemBytes,
    unit: 'bytes',
    why: 'system records of one block, together',
  },
  systemRecordBytes: { value: bounds.systemRecordBytes, unit: 'bytes', why: 'one system record' },
  changeBytes: {
    value: bounds.changeBytes,
    unit: 'bytes',
    why: 'change document of one SIGNAL record',
  },
  changes: { value: bounds.changes, unit: 'items', why: 'parameters in one change document' },
  validators: { value: bounds.validators, unit: 'items', why: 'entries of a Rapid Table' },
  inlineNullifications: {
    value: bounds.inlineNullifications,
    unit: 'items',
    why: 'certificates inside a proposal',
  },
  certificateSpan: {
    value: bounds.certificateSpan,
    unit: 'views',
    why: 'views of one certificate request',
  },
  certificates: { value: bounds.certificates, unit: 'items', why: 'certificates of one answer' },
  ancestors: { value: bounds.ancestors, unit: 'blocks', why: 'ancestors of one block request' },
  blockResponseBytes: {
    value: bounds.blockResponseBytes,
    unit: 'bytes',
    why: 'one block answer; one block at least',
  },
  epochProofs: { value: bounds.epochProofs, unit: 'items', why: 'epoch proofs of one request' },
  messageBytes: { value: bounds.messageBytes, unit: 'bytes', why: 'one consensus message' },
  genesisMembers: {
    value: bounds.genesisMembers,
    unit: 'items',
    why: 'members of a genesis document',
  },
  genesisAllocations: {
    value: bounds.genesisAllocations,
    unit: 'items',
    why: 'allocations of a genesis document',
  },
  genesisListed: {
    value: bounds.genesisListed,
    unit: 'items',
    why: 'ids that a LISTED network admits at first',
  },
  recentHashes: {
    value: bounds.recentHashes,
    unit: 'blocks',
    why: 'how far back a JOIN may prove its sync',
  },
};
